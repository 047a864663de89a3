"""Arrow's streams (IPC) through nanoarrow, which a browser's kernel has in pyarrow's place."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from kernel_bridge.inside.tables.layout import empty, join, lay_out, read_layout
from kernel_bridge.inside.tables.model import NAMES, Column, Table


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
        columns.append(join(pieces) if pieces else empty(schema.child(number).format))
    return Table(
        names=tuple(schema.child(number).name for number in range(schema.n_children)),
        columns=tuple(columns),
        length=sum(batch.length for batch in batches),
        metadata=dict(schema.metadata or {}),
    )


def _column(array: Any, na: Any) -> Column:
    if array.dictionary is not None:
        return _decoded(array, na)
    view = array.view()
    found = read_layout(array.schema.format, array.length, array.offset, list(view.buffers))
    if found is None:
        return Column(format="objects", values=na.Array(array).to_pylist())
    return found


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
