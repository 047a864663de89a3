"""Whether two values say the same, to those who read on from them."""

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

PLAIN = (str, bytes, int, bool, frozenset, set, Enum)


def alike(one: Any, other: Any) -> bool:
    """Whether two values of facts are the same all through; what cannot be told is not.

    Stricter than `==`: 1 is not 1.0, -0.0 is not 0.0, a dict's order counts.
    """
    try:
        return _alike(one, other)
    except RecursionError:
        return False


def _alike(one: Any, other: Any) -> bool:
    if one is other or type(one) is not type(other):
        return one is other
    match one:
        case list() | tuple():
            return len(one) == len(other) and all(map(_alike, one, other))
        case dict():
            # Mostly the same objects, in the same order.
            return len(one) == len(other) and all(
                (mine == its) and (known is told or _alike(known, told))
                for (mine, known), (its, told) in zip(one.items(), other.items(), strict=True)
            )
        case float() | complex():
            return repr(one) == repr(other)
        case _ if is_dataclass(one):
            return all(
                _alike(getattr(one, field.name), getattr(other, field.name))
                for field in fields(one)
            )
    return isinstance(one, PLAIN) and bool(one == other)
