"""Values beside a query as DuckDB's own build for browsers takes them. Pure.

It binds by number, and texts, true, false and null alone: every other value goes as its text, and
the query has the cast to its type in the value's place. No value becomes text of the query.
"""

import datetime as dt
import decimal
from collections.abc import Callable, Mapping
from typing import Any

from kernel_bridge.inside.query.parameters import rewrite, without_comments

# DuckDB's widest decimal.
WIDEST = 38


def with_placeholders(sql: str, values: Mapping[str, Any]) -> tuple[str, list[str | None]]:
    """The SQL with `$1`, `$2` … in place of each `:name`, and what is bound to them.

    It comes without comments and what ends it, so that it can stand in brackets. `values` are those of `kernel_bridge.inside.query.values`.
    """
    bound: list[str | None] = []
    written = {name: _written(value, bound) for name, value in values.items()}
    query = rewrite(without_comments(sql), lambda name: written[name])
    return query.rstrip("; \t\r\n"), bound


def _written(value: Any, bound: list[str | None]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_written(one, bound) for one in value)}]"
    text, kind = _text_and_type(value)
    bound.append(text)
    place = f"${len(bound)}"
    if kind == "BLOB":
        return f"unhex({place})"
    return f"CAST({place} AS {kind})" if kind else place


def _text_and_type(value: Any) -> tuple[str | None, str]:
    if value is None or isinstance(value, str):
        return value, ""
    if isinstance(value, bool | int):
        return str(value).lower(), "BOOLEAN" if isinstance(value, bool) else "BIGINT"
    kind, text = value["type"], value["value"]
    return text, TYPES[kind](text)


def _decimal(text: str) -> str:
    _, digits, exponent = decimal.Decimal(text).as_tuple()
    if not isinstance(exponent, int) or exponent > 0 or max(len(digits), -exponent) > WIDEST:
        return "DOUBLE"
    return f"DECIMAL({max(len(digits), -exponent)}, {-exponent})"


def _integer(text: str) -> str:
    return "BIGINT" if -(1 << 63) <= int(text) < 1 << 63 else "HUGEINT"


def _timestamp(text: str) -> str:
    return "TIMESTAMP" if dt.datetime.fromisoformat(text).tzinfo is None else "TIMESTAMPTZ"


# DuckDB's type of a tagged value, by its text.
TYPES: Mapping[str, Callable[[str], str]] = {
    "integer": _integer,
    "float": lambda _: "DOUBLE",
    "decimal": _decimal,
    "timestamp": _timestamp,
    "date": lambda _: "DATE",
    "time": lambda _: "TIME",
    "bytes": lambda _: "BLOB",
}
