"""Modules beside a notebook, read once each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from compat_report.model import Cell, CellKind, Guard, Location
from compat_report.reading.read import read_notebook
from compat_report.rules import find
from compat_report.syntax.cell import CellReader, with_newlines
from compat_report.syntax.local import LocalFiles, read_text
from compat_report.syntax.scope import Gathered, Scope
from compat_report.syntax.watch import Watch

type Known = Mapping[tuple[Path, str | None], tuple[Scope, Gathered] | None]
# No notebook leads to more modules than this; a folder of generated code might.
MOST = 500


class LocalModules:
    """What local modules say, each with its names; circles of imports end where they close."""

    def __init__(self, files: LocalFiles, watch: Watch, known: Known | None = None) -> None:
        self.files = files
        self.watch = watch
        self._read = dict(known or {})

    def copy(self) -> Self:
        """The same modules, to go on from on its own."""
        return type(self)(self.files, self.watch, self._read)

    def is_like(self, other: Self) -> bool:
        """Whether the same modules were read, in the same order: circles end where they began."""
        return list(self._read) == list(other._read)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that were read."""
        return tuple(path for path, text in self._read if text is None)

    def read(self, name: str, path: Path, text: str | None = None) -> tuple[Scope, Gathered] | None:
        """The names and sayings of a module or a notebook; None while it is being read.

        `text` is what a cell wrote into the file, None where it is to be read.
        """
        key = (path, text)
        if key in self._read:
            return self._read[key]
        if len(self._read) >= MOST:
            return None
        self._read[key] = None
        try:
            told = self._tell(name, path, text)
        except RecursionError:  # modules that import one another in a long chain
            told = self._unreadable(name, path, "it is nested too deeply")
        self._read[key] = told
        return told

    def _tell(self, name: str, path: Path, text: str | None) -> tuple[Scope, Gathered]:
        if path.suffix == ".ipynb":
            return self._tell_notebook(name, path)
        text = read_text(path) if text is None else text
        if text is None:
            return self._unreadable(name, path, "the file cannot be read")
        scope = Scope(watch=self.watch, module=name)
        cell = Cell(index=0, kind=CellKind.CODE, source=text)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        return scope, self._gather(scope, cell, path, package)

    def _tell_notebook(self, name: str, path: Path) -> tuple[Scope, Gathered]:
        notebook = read_notebook(path, name=str(path))
        scope, gathered = Scope(watch=self.watch, module=name), Gathered()
        gathered.findings += [(finding, Guard.NONE) for finding in notebook.findings]
        for cell in notebook.cells:
            if cell.kind is CellKind.CODE and cell.source.strip():
                said = self._gather(scope, cell, path, None)
                gathered.imports += said.imports
                gathered.uses += said.uses
                gathered.findings += said.findings
                gathered.requirements += said.requirements
        return scope, gathered

    def _gather(self, scope: Scope, cell: Cell, path: Path, package: str | None) -> Gathered:
        place = Location(path=str(path))
        source = with_newlines(cell.source)
        reader = CellReader(
            scope, place, source, files=self.files, read_module=self.read, package=package
        )
        reader.read_source(source)
        reader.into.calls = []
        return reader.into

    def _unreadable(self, name: str, path: Path, detail: str) -> tuple[Scope, Gathered]:
        place = Location(path=str(path))
        finding = find("unreadable-cell", place, name, detail=detail)
        gathered = Gathered(findings=[(finding, Guard.NONE)])
        return Scope(watch=self.watch, module=name), gathered
