"""How a table inside a pickle is packed: as Arrow, which releases of pandas do not differ over."""

import pickle
from typing import Any

from kernel_bridge.inside.tables.frame import NotATable, from_table, to_table
from kernel_bridge.inside.tables.stream import library, read_stream, write_stream

KINDS = ("DataFrame", "Series")


def reduce_table(value: Any) -> Any:
    """What `reducer_override` is to return: NotImplemented for all but pandas' own tables.

    A table that Arrow cannot tell of goes as pandas pickles it.
    """
    kind = type(value)
    if kind.__name__ not in KINDS or kind.__module__.partition(".")[0] != "pandas":
        return NotImplemented
    if library() is None:
        return NotImplemented
    try:
        table, told = to_table(value)
        data = write_stream(table)
    except (NotATable, ValueError, TypeError, OverflowError):
        return NotImplemented
    return rebuild_table, (told, pickle.PickleBuffer(data))


def rebuild_table(told: dict[str, Any], data: Any) -> Any:
    """The table again."""
    return from_table(read_stream(memoryview(data)), told)
