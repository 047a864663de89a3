"""A table as its columns, between pandas and Arrow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Arrow's format strings of the types that are read and written as NumPy's, by NumPy's names:
# https://arrow.apache.org/docs/format/CDataInterface.html#data-type-description-format-strings
NUMBERS: Mapping[str, str] = {
    "int8": "c",
    "uint8": "C",
    "int16": "s",
    "uint16": "S",
    "int32": "i",
    "uint32": "I",
    "int64": "l",
    "uint64": "L",
    "float32": "f",
    "float64": "g",
}
UNITS: Mapping[str, str] = {"s": "s", "ms": "m", "us": "u", "ns": "n"}
NAMES: Mapping[str, str] = {code: name for name, code in NUMBERS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    `format` is Arrow's. `values` is an array of numbers, of bool (format `b`), of int64 (times,
    `ts…` and `tD…`), or a list of str (`U`) or bytes (`Z`) with None where there is nothing. A
    column of any other type, that is only ever read, has its values as objects of Python and the
    format `objects`. `valid` says, of arrays, where there is a value; None is everywhere.
    """

    format: str
    values: Any
    valid: Any = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of one length by name; names may repeat. `metadata` is that of Arrow's schema."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    length: int
    metadata: Mapping[bytes, bytes] = field(default_factory=dict)
