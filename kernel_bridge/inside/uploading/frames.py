"""Frames of a server's kernel → chunks of Arrow IPC, each a stream of its own.

One chunk is in memory beside the frame. The same frame gives the same bytes, so that an upload that
was broken off finds its chunks again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kernel_bridge.inside.errors import BadArguments, NotHere

CHUNK_BYTES = 8 << 20
# Rows from which the bytes of a row are guessed.
SAMPLE = 2000


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

    def piece(start: int, stop: int) -> Any:
        return table.slice(start, stop - start)

    return Frame(schema=table.schema, rows=table.num_rows, piece=piece)


def chunks(frame: Frame, most: int) -> Iterator[memoryview]:
    """The frame's chunks in order, at least one, each of at most `most` bytes.

    Raises BadArguments where a single row is larger.
    """
    step = max(1, round(min(CHUNK_BYTES, most // 2) / _row_bytes(frame)))
    for start in range(0, max(1, frame.rows), step):
        yield from _encoded(frame, start, min(frame.rows, start + step), most)


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
    if columns:
        value = value.loc[:, [name in columns for name in names]]
    # An index that says more than the rows' order is sent as columns.
    plain = type(value.index).__name__ == "RangeIndex" and value.index.name is None
    index = None if plain else True

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

    schema = convert(value.iloc[:SAMPLE]).schema
    for start in range(0, len(value), 1 << 18) if _has_objects(value) else ():
        found = convert(value.iloc[start : start + (1 << 18)]).schema
        try:
            schema = pa.unify_schemas([schema, found], promote_options="permissive")
        except (pa.ArrowException, TypeError) as error:
            raise BadArguments(
                f"a column has values of several types: {error}",
                advice="give each column values of one type, such as with df.astype",
            ) from error

    def piece(start: int, stop: int) -> Any:
        return convert(value.iloc[start:stop], schema)

    return Frame(schema=schema, rows=len(value), piece=piece)


def _has_objects(value: Any) -> bool:
    """Whether the types of columns are told by their values alone."""
    kinds = {getattr(dtype, "kind", "O") for dtype in value.dtypes}
    return "O" in kinds


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
    sizes: list[float] = [
        frame.piece(start, min(frame.rows, start + SAMPLE)).nbytes / min(SAMPLE, frame.rows - start)
        for start in starts
    ]
    return max(1.0, *sizes)


def _encoded(frame: Frame, start: int, stop: int, most: int) -> Iterator[memoryview]:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, frame.schema) as writer:
        writer.write_table(frame.piece(start, stop))
    data = sink.getvalue()
    if data.size <= most:
        yield memoryview(data)
    elif stop - start > 1:
        middle = (start + stop) // 2
        yield from _encoded(frame, start, middle, most)
        yield from _encoded(frame, middle, stop, most)
    else:
        raise BadArguments(
            f"row {start} alone takes {data.size} bytes, and at most {most} are taken",
            advice="send the frame without its largest column",
        )
