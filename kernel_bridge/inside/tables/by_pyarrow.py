"""Arrow's streams (IPC) through pyarrow, where it is."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kernel_bridge.inside.tables.layout import empty, join, lay_out, read_layout, whole_numbers
from kernel_bridge.inside.tables.model import NAMES, Column, Table


def write_batches(tables: Iterable[Table], sink: Any) -> Iterator[None]:
    """Write each table as a batch of one stream; after each the caller may take what is there."""
    import pyarrow as pa  # type: ignore[import-untyped]

    writer = None
    for table in tables:
        batch = as_batch(table)
        if writer is None:
            writer = pa.ipc.new_stream(sink, batch.schema)
        writer.write_batch(batch)
        # The next table is made before these names have others.
        del table, batch
        yield
    if writer is not None:
        writer.close()
        yield


def as_batch(table: Table) -> Any:
    """A table as a batch of pyarrow's."""
    import pyarrow as pa

    arrays = [
        pa.Array.from_buffers(
            _type(column.format), len(column), [_buffer(one) for one in lay_out(column)]
        )
        for column in table.columns
    ]
    fields = [pa.field(name, one.type) for name, one in zip(table.names, arrays, strict=True)]
    schema = pa.schema(fields, metadata=dict(table.metadata) or None)
    if not arrays:
        rows = pa.StructArray.from_buffers(pa.struct([]), table.length, [None])
        return pa.RecordBatch.from_struct_array(rows)
    return pa.record_batch(arrays, schema=schema)


def read_stream(data: memoryview) -> Table:
    """A stream as one table; raises ValueError for what is none."""
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            schema, batches = reader.schema, list(reader)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"these bytes are no stream of Arrow: {error}") from error
    return make_table(schema, batches)


def make_table(schema: Any, batches: Sequence[Any]) -> Table:
    """Batches of pyarrow's as one table."""
    import pyarrow as pa

    columns = []
    for number, field in enumerate(schema):
        pieces = [_column(batch.column(number), pa) for batch in batches]
        columns.append(join(pieces) if pieces else empty(_format(field.type, pa)))
    return Table(
        names=tuple(schema.names),
        columns=tuple(columns),
        length=sum(batch.num_rows for batch in batches),
        metadata=schema.metadata or {},
    )


def _column(array: Any, pa: Any) -> Column:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    if pa.types.is_decimal(array.type) and array.type.scale == 0:
        return whole_numbers(array.to_pylist())
    found = read_layout(_format(array.type, pa), len(array), array.offset, array.buffers())
    if found is None:
        return Column(format="objects", values=array.to_pylist())
    return found


def _format(kind: Any, pa: Any) -> str:
    if pa.types.is_timestamp(kind):
        return f"ts{kind.unit[0]}:{kind.tz or ''}"
    if pa.types.is_duration(kind):
        return f"tD{kind.unit[0]}"
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return "l"
    known = {"bool": "b", "string": "u", "large_string": "U", "binary": "z", "large_binary": "Z"}
    known |= {"float": "f", "double": "g"}
    by_name = {name: code for code, name in NAMES.items() if not name.startswith("float")}
    return (known | by_name).get(str(kind), "objects")


def _type(code: str) -> Any:
    import pyarrow as pa

    units = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
    if code.startswith("ts"):
        return pa.timestamp(units[code[2]], code[4:] or None)
    if code.startswith("tD"):
        return pa.duration(units[code[2]])
    others = {"b": pa.bool_(), "U": pa.large_string(), "Z": pa.large_binary()}
    return others.get(code) or pa.from_numpy_dtype(NAMES[code])


def _buffer(held: Any) -> Any:
    import pyarrow as pa

    return None if held is None else pa.py_buffer(held)
