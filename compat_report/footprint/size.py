"""Sizes of values in the runtime, as measured in it, and sizes as people write them.

In 32-bit WebAssembly a pointer is 4 bytes, and so is NumPy's default integer.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

MIB = 1 << 20
GIB = 1 << 30
# The heap's last page that Emscripten gives, as a MemoryError shows.
TAB_LIMIT = 4032 * MIB
# One object is smaller than this: Py_ssize_t is signed and has 32 bits.
OBJECT_LIMIT = (1 << 31) - 1
# What a file holds that nobody can say anything of.
UNTOLD = 256 * MIB

POINTER = 4
# A str of ASCII, and what its size is rounded up to; measured with sys.getsizeof in the runtime.
STRING = 24
UNITS = {"": 1, "b": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
BINARY = {"ki": 1 << 10, "mi": MIB, "gi": GIB, "ti": 1 << 40}
SIZE = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,30})?)\s*((?:[kmgt]i?)?)b?", re.IGNORECASE)

_NAMED = {
    "bool": 1,
    "bool_": 1,
    "byte": 1,
    "ubyte": 1,
    "half": 2,
    "short": 2,
    "single": 4,
    "int": 4,
    "int_": 4,
    "intp": 4,
    "uint": 4,
    "long": 4,
    "float": 8,
    "double": 8,
    "complex": 16,
    "object": POINTER,
    "category": 1,
}
_CODES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 4, "L": 4, "q": 8, "Q": 8}
_CODES |= {"e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "O": POINTER}
_WIDE = re.compile(r"[<>=|]?([biufcmMSaVU?O])(\d*)(\[.*\])?")
_BITS = re.compile(r"(?:u?int|float|complex|datetime|timedelta)(\d+)(?:\[.*\])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """What was found out of one thing: `low` to `high` bytes of memory, `disk` bytes of a file.

    `trust` is from 0 to 1.
    """

    what: str
    low: int
    high: int
    disk: int = 0
    trust: float = 1.0
    whole: bool = False


def item_size(dtype: Any) -> int | None:
    """Bytes of one item of a NumPy dtype given as text; None where that does not say."""
    if not isinstance(dtype, str):
        return None
    name = dtype.strip().removeprefix("numpy.").removeprefix("np.")
    known = _NAMED.get(name) or _CODES.get(name)
    if known is not None:
        return known
    if (bits := _BITS.fullmatch(name)) is not None:
        return max(1, int(bits[1]) // 8)
    wide = _WIDE.fullmatch(name)
    return None if wide is None else _wide_size(wide[1], int(wide[2] or 1))


def _wide_size(kind: str, count: int) -> int:
    """Of `f8`, `U10`, `M8[ns]`: NumPy's kind and a number of bytes, or of characters for text."""
    return {"m": 8, "M": 8, "O": POINTER, "U": 4 * count}.get(kind, count)


def string_size(length: float, *, width: int = 1) -> int:
    """Bytes of a str of `length` characters of `width` bytes each, rounded as its allocator does."""
    return 8 * math.ceil((STRING + 1 + length * width) / 8)


def format_size(size: float) -> str:
    """`1.5 GiB`, `312 MiB`, `0 B`."""
    for unit, scale in (("TiB", 1 << 40), ("GiB", GIB), ("MiB", MIB), ("KiB", 1 << 10)):
        if size >= scale:
            number = size / scale
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size:.0f} B"


def parse_size(value: Any) -> int:
    """Bytes of a whole number or of text such as `500 MB`, `3 GiB`; raises ValueError for others."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('a number of bytes, or text such as "500 MB" or "3 GiB"')
    unit = match[2].lower()
    return int(float(match[1]) * (UNITS | BINARY)[unit])
