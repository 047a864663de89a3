"""Parquet, through pyarrow alone: it is imported only where that is."""

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from kernel_bridge.inside.tables.by_pyarrow import as_batch
from kernel_bridge.inside.tables.model import Table


def write_parquet(tables: Iterable[Table]) -> Iterator[bytes]:
    """A file with a row group for each table, piece by piece."""
    sink = io.BytesIO()
    writer = None
    for table in tables:
        batch = as_batch(table)
        if writer is None:
            writer = parquet.ParquetWriter(_Drained(sink), batch.schema)
        writer.write_table(pa.Table.from_batches([batch]))
        yield _drain(sink)
    if writer is not None:
        writer.close()
        yield _drain(sink)


class _Drained(io.RawIOBase):
    """What is written goes on to `sink`, which is emptied; the position goes on counting."""

    def __init__(self, sink: io.BytesIO) -> None:
        super().__init__()
        self._sink, self._position = sink, 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: object, /) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        self._sink.write(view)
        self._position += view.nbytes
        return view.nbytes


def _drain(sink: io.BytesIO) -> bytes:
    held = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return held
