"""Streams of Arrow, through the library that is here."""

import io
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from types import ModuleType

from kernel_bridge.inside.errors import NotHere
from kernel_bridge.inside.tables.model import Table


def library() -> ModuleType | None:
    """What reads and writes Arrow here; None where neither pyarrow nor nanoarrow is."""
    if find_spec("numpy") is None:
        return None
    if find_spec("pyarrow") is not None:
        from kernel_bridge.inside.tables import by_pyarrow

        return by_pyarrow
    if find_spec("nanoarrow") is not None:
        from kernel_bridge.inside.tables import by_nanoarrow

        return by_nanoarrow
    return None


def have_library() -> ModuleType:
    """The same; raises NotHere where there is none."""
    found = library()
    if found is None:
        raise NotHere(
            "this kernel has neither pyarrow nor nanoarrow",
            advice="install nanoarrow, or run this in the other kernel",
        )
    return found


def write_stream(table: Table) -> bytes:
    """A table as a stream of one batch; raises NotHere."""
    sink = io.BytesIO()
    for _ in have_library().write_batches([table], sink):
        pass
    return sink.getvalue()


def write_pieces(tables: Iterable[Table]) -> Iterator[bytes]:
    """A stream with a batch for each table, piece by piece; raises NotHere."""
    sink = io.BytesIO()
    for _ in have_library().write_batches(tables, sink):
        yield sink.getvalue()
        sink.seek(0)
        sink.truncate()


def read_stream(data: memoryview) -> Table:
    """A stream as one table; raises NotHere, or ValueError for what is no stream."""
    found: Table = have_library().read_stream(data)
    return found
