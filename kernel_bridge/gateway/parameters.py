"""What a request binds, parsed: JSON of `kernel_bridge.inside.query.values` into values."""

import datetime as dt
import decimal
from collections.abc import Callable, Mapping
from typing import Any

from kernel_bridge.errors import BadRequest

TYPES: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "float": float,
    "decimal": decimal.Decimal,
    "timestamp": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "bytes": bytes.fromhex,
}
LONGEST = 10_000


def parse_parameters(given: object) -> dict[str, Any]:
    """Values by name; raises BadRequest with the name."""
    if not isinstance(given, Mapping):
        raise BadRequest("the parameters are no object", advice="send names with their values")
    return {str(name): _value(str(name), value) for name, value in given.items()}


def _value(name: str, value: object) -> Any:
    if isinstance(value, list):
        if len(value) > LONGEST or any(isinstance(one, list) for one in value):
            raise _bad(name)
        return [_value(name, one) for one in value]
    if value is None or isinstance(value, bool | float | str):
        if isinstance(value, str) and "\0" in value:
            raise _bad(name)
        return value
    if isinstance(value, int):
        return _whole(name, value)
    if isinstance(value, Mapping) and set(value) == {"type", "value"}:
        kind, text = value["type"], value["value"]
        if kind in TYPES and isinstance(text, str) and len(text) < 1 << 20:
            try:
                found = TYPES[str(kind)](text)
            except (ValueError, ArithmeticError) as error:
                raise _bad(name) from error
            return _whole(name, found) if kind == "integer" else found
    raise _bad(name)


def _whole(name: str, value: int) -> int:
    if not -(1 << 63) <= value < 1 << 63:
        raise BadRequest(
            f"the value of :{name[:60]} is larger than 64 bits", advice="bind a decimal instead"
        )
    return value


def _bad(name: str) -> BadRequest:
    known = ", ".join(TYPES)
    return BadRequest(
        f"the value of :{name[:60]} cannot be read",
        advice=f"send JSON's own values, lists of them, or objects of type {known}",
    )
