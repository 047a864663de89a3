"""A notebook → Facts, whole or cell by cell."""

from compat_report.model import Cell, CellFacts, Facts, Notebook
from compat_report.syntax.watch import Watch


class FactsReader:
    """Reads one notebook's cells in order, and knows the names that those read so far bound.

    For a cell that is added or changed, copy the reader as it was before that cell.
    """

    def __init__(self, *, path: str, folder: str | None, watch: Watch) -> None:
        raise NotImplementedError(path, folder, watch)

    def read_cell(self, cell: Cell) -> CellFacts:
        """The facts of the next cell; remembers what it binds."""
        raise NotImplementedError(cell)

    def copy(self) -> "FactsReader":
        """A reader that goes on from here on its own."""
        raise NotImplementedError

    @property
    def modules(self) -> tuple[str, ...]:
        """Local modules that imports led to so far, by path."""
        raise NotImplementedError


def read_facts(notebook: Notebook, *, watch: Watch) -> Facts:
    """All that a notebook says. Code cells only have facts; bad ones have findings."""
    raise NotImplementedError(notebook, watch)
