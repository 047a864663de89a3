"""Values of a notebook as JSON that the gateway binds. Pure.

JSON's own values are themselves; others are `{"type", "value"}`. An integer of more than 53 bits is
one of those: a page reads JSON's numbers as floating point.
"""

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Callable
from typing import Any

from kernel_bridge.inside.query.errors import BadValue

EXACT = 1 << 53
LONGEST = 10_000
# The first that fits. 1.0 is to stay a floating-point number, which JSON does not tell.
TAGGED: tuple[tuple[str, Any, Callable[[Any], str]], ...] = (
    ("integer", int, lambda value: str(int(value))),
    ("float", float, lambda value: repr(float(value))),
    ("decimal", decimal.Decimal, str),
    ("timestamp", dt.datetime, dt.datetime.isoformat),
    ("date", dt.date, dt.date.isoformat),
    ("time", dt.time, dt.time.isoformat),
    ("bytes", bytes | bytearray | memoryview, lambda value: bytes(value).hex()),
)


def wire_value(name: str, value: Any) -> Any:
    """One value, or a list of them; raises BadValue."""
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        value = value.tolist()  # NumPy's and pandas' arrays, and NumPy's scalars
    if isinstance(value, list | tuple | set | frozenset):
        if len(value) > LONGEST:
            raise BadValue(
                f"the value of :{name} has {len(value):,} elements, more than {LONGEST:,}",
                advice="join with a table in the database instead",
            )
        return [_scalar(name, one) for one in value]
    return _scalar(name, value)


def native_value(name: str, value: Any) -> Any:
    """One value as Python's own, or a list of them, where `wire_value` has it; raises BadValue."""
    wire_value(name, value)
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [_native(one) for one in value]
    return _native(value)


def _native(value: Any) -> Any:
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()  # pandas' Timestamp
    return value.tolist() if hasattr(value, "tolist") else value


def wire_json(name: str, value: Any) -> Any:
    """A value as plain JSON, for GraphQL's variables; raises BadValue."""
    if isinstance(value, dict):
        return {str(key): wire_json(name, one) for key, one in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [wire_json(name, one) for one in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise _unknown(name, value)


def _scalar(name: str, value: Any) -> Any:
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bool | str | uuid.UUID):
        return value if isinstance(value, bool) else str(value)
    if isinstance(value, int) and abs(value) < EXACT:
        return int(value)
    for kind, types, text in TAGGED:
        if isinstance(value, types):
            return {"type": kind, "value": text(value)}
    raise _unknown(name, value)


def _unknown(name: str, value: Any) -> BadValue:
    return BadValue(
        f"the value of :{name} is a {type(value).__name__}, which cannot be bound",
        advice="bind a number, a text, a date or time, bytes, None, or a list of one kind of these",
    )
