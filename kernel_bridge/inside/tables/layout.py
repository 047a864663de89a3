"""Columns as Arrow lays them out in memory, and back.

https://arrow.apache.org/docs/format/Columnar.html#physical-memory-layout
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from kernel_bridge.inside.tables.model import NAMES, Column

WIDE = frozenset("UZ")  # offsets of 64 bits
NARROW = frozenset("uz")


def lay_out(column: Column) -> list[Any]:
    """The buffers of a column: where there is a value, offsets of texts, values."""
    import numpy as np

    valid = column.valid
    if column.format in WIDE:
        texts = column.values
        encoded = texts if column.format == "Z" else [t and t.encode() for t in texts]
        sizes = np.fromiter((len(text or b"") for text in encoded), "int64", len(encoded))
        offsets = np.zeros(len(encoded) + 1, "int64")
        np.cumsum(sizes, out=offsets[1:])
        present = np.fromiter((text is not None for text in texts), "bool", len(texts))
        return [_bits(None if present.all() else present), offsets, b"".join(filter(None, encoded))]
    if column.format == "b":
        return [_bits(valid), np.packbits(column.values, bitorder="little")]
    return [_bits(valid), np.ascontiguousarray(column.values)]


def read_layout(code: str, length: int, offset: int, buffers: Sequence[Any]) -> Column | None:
    """A column of the buffers; None where the type is none of those that are read as arrays.

    `offset` is where the column begins in them, in values.
    """
    import numpy as np

    valid = _mask(buffers[0], length, offset) if buffers else None
    if code in WIDE | NARROW:
        return _texts(code, length, offset, buffers, valid)
    if code == "b":
        bits = np.unpackbits(_bytes(buffers[1]), bitorder="little")
        return Column(format="b", values=bits[offset : offset + length].astype("bool"), valid=valid)
    name = NAMES.get(code) or ("int64" if code.startswith(("ts", "tD")) else None)
    if name is None:
        return None
    values = _bytes(buffers[1]).view(name)[offset : offset + length]
    return Column(format=code, values=values, valid=valid)


def whole_numbers(values: Sequence[Any]) -> Column:
    """Decimals without a fraction, such as a sum is in DuckDB: as int64 where all of them fit."""
    import numpy as np

    numbers = [None if one is None else int(one) for one in values]
    if not all(one is None or -(1 << 63) <= one < 1 << 63 for one in numbers):
        return Column(format="objects", values=list(values))
    valid = np.array([one is not None for one in numbers], "bool")
    held = np.array([one or 0 for one in numbers], "int64")
    return Column(format="l", values=held, valid=None if valid.all() else valid)


def join(columns: Sequence[Column]) -> Column:
    """One column of several pieces of it."""
    import numpy as np

    if len(columns) == 1:
        return columns[0]
    first = columns[0]
    if any(c.format != first.format for c in columns):  # of whole numbers some were too large
        return Column(format="objects", values=[one for c in columns for one in _listed(c)])
    if isinstance(first.values, list):
        return Column(format=first.format, values=[one for c in columns for one in c.values])
    masks = [c.valid if c.valid is not None else np.ones(len(c), "bool") for c in columns]
    return Column(
        format=first.format,
        values=np.concatenate([c.values for c in columns]),
        valid=np.concatenate(masks) if any(c.valid is not None for c in columns) else None,
    )


def _listed(column: Column) -> list[Any]:
    values = list(column.values) if isinstance(column.values, list) else column.values.tolist()
    if column.valid is None:
        return values
    return [one if there else None for one, there in zip(values, column.valid, strict=True)]


def empty(code: str) -> Column:
    """A column of a format without values."""
    import numpy as np

    if code in WIDE | NARROW:
        return Column(format=code.upper(), values=[])
    name = "bool" if code == "b" else NAMES.get(code, "int64")
    if code not in NAMES and code != "b" and not code.startswith(("ts", "tD")):
        return Column(format="objects", values=[])
    return Column(format=code, values=np.empty(0, name))


def _texts(
    code: str,
    length: int,
    offset: int,
    buffers: Sequence[Any],
    valid: Any,
) -> Column:
    kind = "int64" if code in WIDE else "int32"
    offsets = _bytes(buffers[1]).view(kind)[offset : offset + length + 1].tolist() or [0]
    held = bytes(_bytes(buffers[2])) if buffers[2] is not None else b""
    pairs = pairwise(offsets)
    if code in "uU" and held.isascii():
        text = held.decode("ascii")
        values: list[Any] = [text[start:end] for start, end in pairs]
    elif code in "uU":
        values = [held[start:end].decode() for start, end in pairs]
    else:
        values = [held[start:end] for start, end in pairs]
    if valid is not None:
        values = [one if there else None for one, there in zip(values, valid.tolist(), strict=True)]
    return Column(format=code.upper(), values=values)


def _bits(valid: Any) -> Any:
    import numpy as np

    return None if valid is None else np.packbits(valid, bitorder="little")


def _mask(buffer: Any, length: int, offset: int) -> Any:
    import numpy as np

    if buffer is None or memoryview(buffer).nbytes == 0:
        return None
    bits = np.unpackbits(_bytes(buffer), bitorder="little", count=offset + length)
    mask = bits[offset:].astype("bool")
    return None if mask.all() else mask


def _bytes(buffer: Any) -> Any:
    import numpy as np

    return np.frombuffer(buffer, "uint8") if buffer is not None else np.empty(0, "uint8")
