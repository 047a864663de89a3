"""Rows of a service's JSON as an Arrow table. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

DEEPEST = 20


def flatten(row: object, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """An object's fields, those of objects in it by `outer.inner`. A row that is none is `value`."""
    if not isinstance(row, Mapping):
        return {prefix.rstrip(".") or "value": row}
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and value and depth < DEEPEST:
            flat |= flatten(value, f"{prefix}{name}.", depth + 1)
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def make_table(columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    """A table; each column is of one type: numbers, booleans, lists of one of these, else text."""
    arrays = [_column(values) for values in columns.values()]
    return pa.table(arrays, names=list(columns))


def rows_to_table(rows: Sequence[object]) -> pa.Table:
    """Objects as rows, in the order in which their fields first come; what lacks is null."""
    flat = [flatten(row) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    # A field that is null here and an object there is that object's fields alone.
    inner = {name.rpartition(".")[0] for name in names}
    names = [n for n in names if n not in inner or any(row.get(n) is not None for row in flat)]
    # A column stands where its outermost field first came, though that was null there.
    order = {name: place for place, name in reversed([*enumerate(_outer(rows))])}
    names.sort(key=lambda name: order.get(name.partition(".")[0], 0))
    return make_table({name: [row.get(name) for row in flat] for name in names})


def _outer(rows: Sequence[object]) -> list[str]:
    return [name.partition(".")[0] for row in rows if isinstance(row, Mapping) for name in row]


def unique(names: Iterable[str]) -> list[str]:
    """Names of columns, each once: a second `a` is `a.1`, one without a name `column N`."""
    found: dict[str, None] = {}
    for number, given in enumerate(names, 1):
        plain = name = given.strip() or f"column {number}"
        count = 0
        while name in found:
            count += 1
            name = f"{plain}.{count}"
        found[name] = None
    return list(found)


def _column(values: Sequence[Any]) -> pa.Array:
    if all(isinstance(one, str | None) for one in values):
        return pa.array(values, pa.string())
    kinds = {type(one) for one in values if one is not None}
    if kinds <= {int, float} or kinds in ({bool}, {list}):
        try:
            made = pa.array(values, pa.float64() if kinds == {int, float} else None)
            if not _has_null(made.type):
                return made
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array([_text(one) for one in values], pa.string())


def _has_null(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind):
        return _has_null(kind.value_type)
    return bool(pa.types.is_null(kind) or pa.types.is_nested(kind))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
