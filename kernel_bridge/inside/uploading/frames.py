"""Frames of a server's kernel → chunks of Arrow IPC, each a stream of its own.

One chunk is in memory beside the frame, however large that is. The same frame gives the same bytes,
so that an upload that was broken off finds its chunks again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kernel_bridge.inside.errors import BadArguments, NotHere

CHUNK_BYTES = 4 << 20
# Rows from which the bytes of a row are guessed, and the bytes that these may take.
SAMPLE = 2000
SAMPLE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame that can be sliced: `piece(start, stop)` is a pyarrow.Table of these rows."""

    schema: Any
    rows: int
    piece: Callable[[int, int], Any]


def open_frame(value: Any, columns: Sequence[str] = ()) -> Frame:
    """A frame of pandas, of Arrow, or of whatever gives Arrow's stream (polars, DuckDB).

    Raises BadArguments where it is none or lacks a column, NotHere without pyarrow.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
    except ImportError as error:
        raise NotHere("this kernel has no pyarrow", advice="run `%pip install pyarrow`") from error
    if type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "columns"):
        return _open_pandas(pa, value, columns)
    try:
        table = value if isinstance(value, pa.Table) else pa.table(value)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise BadArguments(
            f"it is a {type(value).__name__}, not a data frame",
            advice="give a frame of pandas, polars or Arrow",
        ) from error
    _check_columns(table.column_names, columns)
    table = (table.select(list(columns)) if columns else table).replace_schema_metadata(None)
    # A slice of a view is written with all the bytes that the whole column points to.
    wide = {"string_view": pa.large_string(), "binary_view": pa.large_binary()}
    schema = pa.schema([one.with_type(wide.get(str(one.type), one.type)) for one in table.schema])

    def piece(start: int, stop: int) -> Any:
        return table.slice(start, stop - start).cast(schema)

    return Frame(schema=schema, rows=table.num_rows, piece=piece)


def chunks(frame: Frame, most: int) -> Iterator[tuple[range, memoryview]]:
    """The frame's chunks in order, at least one, each of at most `most` bytes, and their rows.

    A chunk is to be let go of before the next is asked for. Raises BadArguments where a single row
    is larger.
    """
    step = max(1, round(min(CHUNK_BYTES, most // 2) / _row_bytes(frame)))
    for start in range(0, max(1, frame.rows), step):
        yield from _cut(frame, range(start, min(frame.rows, start + step)), most)


def encode(frame: Frame, rows: range) -> memoryview:
    """One chunk again."""
    return _encoded(frame.piece(rows.start, rows.stop))


def serialize_schema(frame: Frame) -> bytes:
    """The frame's schema, a stream of Arrow IPC without batches."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, frame.schema):
        pass
    return bytes(sink.getvalue())


def _open_pandas(pa: Any, value: Any, columns: Sequence[str]) -> Frame:
    names = [str(name) for name in value.columns]
    if len(set(names)) < len(names):
        raise BadArguments("two of its columns have one name", advice="rename one of them")
    _check_columns(names, columns)
    wanted = [number for number, name in enumerate(names) if not columns or name in columns]
    # An index that says more than the rows' order is sent as columns.
    plain = type(value.index).__name__ == "RangeIndex" and value.index.name is None
    index = None if plain else True

    def rows(start: int, stop: int) -> Any:
        part = value.iloc[start:stop]
        # Taken from the whole, columns are a copy of the whole.
        return part.set_axis(names, axis=1).iloc[:, wanted]

    def convert(part: Any, schema: Any = None) -> Any:
        try:
            table = pa.Table.from_pandas(
                part, schema=schema, preserve_index=index or False, nthreads=1
            )
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise BadArguments(
                f"its values cannot be written: {'; '.join(map(str, error.args))}",
                advice="give each column values of one type, such as with df.astype",
            ) from error
        return table.replace_schema_metadata(None)

    schema = convert(rows(0, 0)).schema
    start, step = 0, 64
    while start < len(value) and _is_told_by_values(rows(0, 0)):
        found = convert(rows(start, start + step))
        try:
            schema = pa.unify_schemas([schema, found.schema], promote_options="permissive")
        except (pa.ArrowException, TypeError) as error:
            raise BadArguments(
                f"a column has values of several types: {error}",
                advice="give each column values of one type, such as with df.astype",
            ) from error
        start += step
        step = max(1, min(2 * step, step * CHUNK_BYTES // max(1, found.nbytes)))

    def piece(start: int, stop: int) -> Any:
        return convert(rows(start, stop), schema)

    return Frame(schema=schema, rows=len(value), piece=piece)


def _is_told_by_values(part: Any) -> bool:
    """Whether the types of columns, or of the index, are told by their values alone."""
    levels = getattr(part.index, "levels", [part.index])
    return any(
        str(dtype) == "object"
        or type(dtype).__module__.partition(".")[0] not in ("numpy", "pandas")
        for dtype in (*part.dtypes, *(level.dtype for level in levels))
    )


def _check_columns(names: Sequence[str], columns: Sequence[str]) -> None:
    for column in columns:
        if column not in names:
            raise BadArguments(
                f"the frame has no column {column}", advice=f"it has {', '.join(names[:20])}"
            )


def _row_bytes(frame: Frame) -> float:
    if frame.rows == 0:
        return 1.0
    # Rows of its beginning, middle and end: texts grow.
    starts = {0, max(0, frame.rows // 2 - SAMPLE // 2), max(0, frame.rows - SAMPLE)}
    return max(1.0, *(_sampled(frame, start) for start in starts))


def _sampled(frame: Frame, start: int) -> float:
    """Bytes of a row, from `start` on; without dictionaries, of which any slice has the whole."""
    most = min(SAMPLE, frame.rows - start)
    fixed = frame.piece(start, start).nbytes
    rows = 1
    while True:
        size = frame.piece(start, start + rows).nbytes - fixed
        if rows == most or size > SAMPLE_BYTES:
            return float(size / rows)
        rows = min(most, 4 * rows)


def _cut(frame: Frame, rows: range, most: int) -> Iterator[tuple[range, memoryview]]:
    import pyarrow as pa

    piece = frame.piece(rows.start, rows.stop)
    size = _write(pa.MockOutputStream(), piece)
    if size <= most:
        data = _encoded(piece)
        del piece
        yield rows, data
    elif len(rows) > 1:
        del piece
        middle = (rows.start + rows.stop) // 2
        yield from _cut(frame, range(rows.start, middle), most)
        yield from _cut(frame, range(middle, rows.stop), most)
    else:
        raise BadArguments(
            f"row {rows.start} alone takes {size} bytes, and at most {most} are taken",
            advice="send the frame without its largest column",
        )


def _encoded(table: Any) -> memoryview:
    """A table as a stream of its own, in memory of just its size: a sink that grows takes twice."""
    import pyarrow as pa

    data = pa.allocate_buffer(_write(pa.MockOutputStream(), table))
    _write(pa.FixedSizeBufferWriter(data), table)
    return memoryview(data)


def _write(sink: Any, table: Any) -> int:
    """Write a table as a stream of its own; how many bytes that is."""
    import pyarrow as pa

    with sink:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return int(sink.tell())
