"""Arrow's streams (IPC) through nanoarrow, which a browser's kernel has in pyarrow's place."""

import io
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from kernel_bridge.inside.tables.layout import empty, join, lay_out, read_layout, whole_numbers
from kernel_bridge.inside.tables.model import NAMES, Column, Table

# Decimals without a fraction: precision, scale and, where it is not 128, the width in bits.
WHOLE = re.compile(r"d:\d+,0(?:,\d+)?$")


def write_batches(tables: Iterable[Table], sink: Any) -> Iterator[None]:
    """Write each table as a batch of one stream; after each the caller may take what is there."""
    import nanoarrow as na  # type: ignore[import-untyped]
    from nanoarrow.ipc import StreamWriter  # type: ignore[import-untyped]

    writer = None
    for table in tables:
        schemas = [_schema(column.format, na) for column in table.columns]
        fields = [
            na.Schema(schema, name=name) for name, schema in zip(table.names, schemas, strict=True)
        ]
        whole = na.Schema(na.struct(fields), nullable=False, metadata=dict(table.metadata) or None)
        children = [
            na.c_array_from_buffers(schema, len(column), lay_out(column), validation_level="none")
            for schema, column in zip(schemas, table.columns, strict=True)
        ]
        batch = na.c_array_from_buffers(whole, table.length, [None], children=children)
        if writer is None:
            writer = StreamWriter.from_writable(sink)
            writer.write_stream(na.c_array_stream(batch))
        else:
            writer.write_array(batch, write_schema=False)
        # The next table is made before these names have others.
        del table, children, batch
        yield
    if writer is not None:
        writer.close()
        yield


def read_stream(data: memoryview) -> Table:
    """A stream as one table; raises ValueError for what is none."""
    import nanoarrow as na
    from nanoarrow._utils import NanoarrowException  # type: ignore[import-untyped]
    from nanoarrow.ipc import InputStream

    try:
        stream = na.c_array_stream(InputStream.from_readable(io.BytesIO(data)))
        schema = stream.get_schema()
        batches = list(stream)
    except NanoarrowException as error:
        raise ValueError(f"these bytes are no stream of Arrow: {error}") from error
    columns = []
    for number in range(schema.n_children):
        pieces = [_column(batch.child(number), na) for batch in batches]
        code = schema.child(number).format
        columns.append(join(pieces) if pieces else empty("l" if WHOLE.match(code) else code))
    return Table(
        names=tuple(schema.child(number).name for number in range(schema.n_children)),
        columns=tuple(columns),
        length=sum(batch.length for batch in batches),
        metadata=dict(schema.metadata or {}),
    )


def _column(array: Any, na: Any) -> Column:
    if array.dictionary is not None:
        return _decoded(array, na)
    view, code = array.view(), array.schema.format
    found = read_layout(code, array.length, array.offset, list(view.buffers))
    if found is not None:
        return found
    if code == "+m":
        return _maps(array, list(view.buffers), na)
    values = _listed(array, na)
    return whole_numbers(values) if WHOLE.match(code) else Column(format="objects", values=values)


def _listed(array: Any, na: Any) -> list[Any]:
    try:
        return list(na.Array(array).to_pylist())
    except KeyError as error:
        raise ValueError(f"nanoarrow reads no {array.schema.format}: {error.args[0]}") from error


def _maps(array: Any, buffers: list[Any], na: Any) -> Column:
    """Maps as lists of pairs, as pyarrow has them; Arrow lays them out as lists of structs."""
    import numpy as np

    end = array.offset + array.length
    offsets = np.frombuffer(buffers[1], "int32")[array.offset : end + 1].tolist()
    pairs = [tuple(pair.values()) for pair in _listed(array.child(0), na)]
    values: list[Any] = [pairs[start:stop] for start, stop in pairwise(offsets)]
    if buffers[0] is not None and memoryview(buffers[0]).nbytes:
        bits = np.unpackbits(np.frombuffer(buffers[0], "uint8"), bitorder="little", count=end)
        there = bits[array.offset :].tolist()
        values = [one if known else None for one, known in zip(values, there, strict=True)]
    return Column(format="objects", values=values)


def _decoded(array: Any, na: Any) -> Column:
    words = na.Array(array.dictionary).to_pylist()
    view = array.view()
    codes = read_layout(array.schema.format, array.length, array.offset, list(view.buffers))
    if codes is None:  # indexes are whole numbers, by the format
        raise ValueError("a dictionary's indexes are no numbers")
    there = [True] * len(codes) if codes.valid is None else codes.valid.tolist()
    pairs = zip(codes.values.tolist(), there, strict=True)
    values = [words[code] if known else None for code, known in pairs]
    texts = array.dictionary.schema.format in ("u", "U")
    return Column(format="U" if texts else "objects", values=values)


def _schema(code: str, na: Any) -> Any:
    units = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
    if code.startswith("ts"):
        return na.timestamp(units[code[2]], timezone=code[4:] or None)
    if code.startswith("tD"):
        return na.duration(units[code[2]])
    others = {"b": na.bool_, "U": na.large_string, "Z": na.large_binary}
    return others[code]() if code in others else getattr(na, NAMES[code])()
