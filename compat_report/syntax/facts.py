"""A notebook → Facts, whole or cell by cell."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Self

from compat_report.model import Cell, CellFacts, CellKind, Facts, Finding, Guard, Location, Notebook
from compat_report.reading.magic_table import CELL_MAGIC
from compat_report.rules import find
from compat_report.syntax.alike import alike
from compat_report.syntax.cell import CellReader, guarded, with_newlines
from compat_report.syntax.local import LocalFiles
from compat_report.syntax.modules import LocalModules
from compat_report.syntax.scope import Gathered, Scope
from compat_report.syntax.watch import Watch


def read_facts(notebook: Notebook, *, watch: Watch) -> Facts:
    """All that a notebook says: its code cells in order, each with its facts.

    Never raises for what a notebook holds: a cell that cannot be read has a finding.
    """
    reader = FactsReader(path=notebook.path, folder=notebook.folder, watch=watch)
    if notebook.language != "python":
        cells = tuple(
            CellFacts(index=cell.index, id=cell.id)
            for cell in notebook.cells
            if cell.kind is CellKind.CODE
        )
        return Facts(notebook=notebook, cells=cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's of the notebook's own code
        cells = tuple(
            reader.read_quietly(cell) for cell in notebook.cells if cell.kind is CellKind.CODE
        )
    return Facts(
        notebook=notebook,
        cells=cells,
        modules=reader.modules,
        files=tuple(sorted(map(str, reader.files))),
    )


class FactsReader:
    """Reads one notebook's cells in order, and knows the names that those read so far bound.

    For a cell that is added or changed, copy the reader as it was before that cell: its facts
    follow from the cell and from what stands above it.
    """

    def __init__(self, *, path: str, folder: str | None, watch: Watch) -> None:
        files = LocalFiles(folder)
        self._path = path
        self._scope = Scope(watch=watch)
        self._modules = LocalModules(files, watch)

    def read_cell(self, cell: Cell) -> CellFacts:
        """The facts of the next cell; remembers what it binds."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.read_quietly(cell)

    def read_quietly(self, cell: Cell) -> CellFacts:
        """The same, for a caller that silences what Python warns of in the notebook's code."""
        if cell.kind is not CellKind.CODE or not cell.source or cell.source.isspace():
            return CellFacts(index=cell.index, id=cell.id)
        place = Location(path=self._path, cell=cell.index, id=cell.id)
        if cell.language != "python" and not CELL_MAGIC.match(cell.source):
            foreign = find("other-language-cell", place, cell.language)
            return CellFacts(index=cell.index, id=cell.id, findings=(foreign,))
        modules = self._modules
        source = with_newlines(cell.source)
        reader = CellReader(
            self._scope, place, source, files=modules.files, read_module=modules.read
        )
        reader.read_source(source)
        return _facts(cell, reader.into)

    def copy(self) -> Self:
        """A reader that goes on from here on its own; local modules are not read again."""
        made = object.__new__(type(self))
        made._path = self._path
        made._modules = self._modules.copy()
        made._scope = self._scope.copy()
        return made

    def is_like(self, other: Self) -> bool:
        """Whether the same cells read next would have the same facts, as far as can be told."""
        return self._modules.is_like(other._modules) and alike(self._scope, other._scope)

    @property
    def weight(self) -> int:
        """How many names it remembers, of all kinds."""
        scope = self._scope
        return len(scope.names) + len(scope.functions) + len(scope.hot) + len(scope.tops)

    @property
    def files(self) -> frozenset[Path]:
        """Files that it, or a reader it was copied from or to, has looked into."""
        return frozenset((*self._modules.files.opened, *self._modules.paths))

    @property
    def modules(self) -> tuple[str, ...]:
        """Local modules that imports led to so far, by path."""
        return tuple(sorted(str(path) for path in self._modules.paths))


def _facts(cell: Cell, said: Gathered) -> CellFacts:
    return CellFacts(
        index=cell.index,
        id=cell.id,
        imports=tuple(said.imports),
        requirements=tuple(said.requirements),
        uses=tuple(said.uses)
        if len(said.uses) < 2
        else tuple(sorted(said.uses, key=lambda use: (use.location.line, use.location.column))),
        findings=tuple(_finding(finding, guard) for finding, guard in said.findings),
    )


def _finding(finding: Finding, guard: Guard) -> Finding:
    severity = guarded(finding, guard)
    return finding if severity is finding.severity else replace(finding, severity=severity)
