"""Tables and sizes for people."""

import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

# A log has no width of its own; what is cut off there cannot be had back.
LOG_WIDTH = 200


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output, as wide as the terminal."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else LOG_WIDTH
    Console(width=width, markup=False, highlight=False, emoji=False).print(table)


def format_size(size: int) -> str:
    """Bytes as people say them: `246 kB`, `3.1 MB` (powers of ten)."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.1f} MB"
