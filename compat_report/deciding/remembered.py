"""The facts of one notebook as it is edited: only what changed is read again."""

import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from compat_report.model import Cell, CellFacts, CellKind, Facts, Finding, Location, Notebook
from compat_report.syntax.facts import FactsReader, read_facts
from compat_report.syntax.watch import Watch

# Names kept of one notebook, in all its readers together; of larger ones some are left out.
MOST_NAMES = 100_000
# What silences Python's warnings is one for the whole process.
_SILENCED = threading.Lock()

type Stamps = Mapping[Path, tuple[int, int] | None]


@dataclass(slots=True)
class _Read:
    """A code cell as it was read: under `number`, which stays while cells move around it."""

    cell: Cell
    number: int
    facts: CellFacts


class RememberedNotebook:
    """One notebook's cells with their facts, and readers as they were before some of them.

    Cells before the first changed one are as they were. Those after the last are, too, as soon as
    reading has come to the same names as before.
    """

    def __init__(self, path: str, folder: str | None, watch: Watch) -> None:
        self.path = path
        self.folder = folder
        self._watch = watch
        self._cells: list[_Read] = []
        self._readers: dict[int, FactsReader] = {}
        self._stamps: Stamps = {}
        self.read_count = 0

    def is_of(self, notebook: Notebook) -> bool:
        """Whether it may be read with what is remembered here."""
        return (notebook.path, notebook.folder) == (self.path, self.folder)

    @property
    def names_kept(self) -> int:
        """How many names all readers remember, each counted as often as it is kept."""
        return sum(reader.weight for reader in self._readers.values())

    def read(self, notebook: Notebook) -> Facts:
        """What `read_facts` says of a notebook of the same path and folder."""
        if notebook.language != "python":
            return read_facts(notebook, watch=self._watch)
        if self._stamps != _stamp(self._stamps):
            self._cells, self._readers = [], {}
        if not self._readers:
            fresh = FactsReader(path=self.path, folder=self.folder, watch=self._watch)
            self._readers[0] = fresh
        code = [cell for cell in notebook.cells if cell.kind is CellKind.CODE]
        with _SILENCED, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's of the notebook's own code
            last = self._update(code)
        if self.folder is not None:
            self._stamps = _stamp(_watched(Path(self.folder), last.files))
        return Facts(
            notebook=notebook,
            cells=tuple(_place_all(self._cells, code)),
            modules=last.modules,
        )

    def _update(self, code: Sequence[Cell]) -> FactsReader:
        """Have the cells that are there now; the reader as it is after the last of them."""
        old, readers = self._cells, self._readers
        same = _common(old, code)
        tail = _common(old[same:][::-1], code[same:][::-1])
        changed, until = len(code) - tail, len(old) - tail
        begin = max(at for at in readers if at <= same)
        numbers = [one.number for one in old[same:until]]
        taken = {one.number for one in (*old[:same], *old[until:])}
        kept = old[:begin]
        known = {at: reader for at, reader in readers.items() if at <= begin}
        weight, stride = sum(one.weight for one in known.values()), 1
        reader = readers[begin].copy()
        for at in range(begin, len(code)):
            # Where that cell, untouched, was before the change.
            before = at - changed + until if at >= changed else at
            if at >= changed and before in readers and reader.is_like(readers[before]):
                kept += old[before:]
                shift = at - before
                known |= {place + shift: one for place, one in readers.items() if place >= before}
                break
            if at not in known and (at - begin) % stride == 0:
                known[at] = reader.copy()
                weight += reader.weight
                if weight > MOST_NAMES:
                    # Copies of a long notebook's names would take longer than to read it.
                    weight, stride = _thin(known), stride * 2
            if at < same or at >= changed:
                number = old[before].number
            else:
                number = _number(code[at], numbers, taken)
            facts = reader.read_quietly(replace(code[at], index=number))
            self.read_count += 1
            kept.append(_Read(cell=code[at], number=number, facts=facts))
        last = known.setdefault(len(code), reader)
        _thin(known)
        self._cells, self._readers = kept, known
        return last


def _number(cell: Cell, free: list[int], taken: set[int]) -> int:
    """The number to read a new cell under: that of the one it is in place of, else its own."""
    own = cell.index if cell.index not in taken else max(taken) + 1
    number = free.pop(0) if free else own
    taken.add(number)
    return number


def _common(old: Sequence[_Read], new: Sequence[Cell]) -> int:
    """How many cells at the beginning of both say the same."""
    count = 0
    for one, cell in zip(old, new, strict=False):
        known = one.cell
        if known.source != cell.source or known.id != cell.id or known.language != cell.language:
            break
        count += 1
    return count


def _thin(readers: dict[int, FactsReader]) -> int:
    """Leave out readers where they weigh too much together, never the first and the last.

    Returns what those that are left weigh.
    """
    weight = sum(reader.weight for reader in readers.values())
    while weight > MOST_NAMES and len(readers) > 2:
        for at in sorted(readers)[1:-1:2]:
            weight -= readers.pop(at).weight
    return weight


def _place_all(cells: Sequence[_Read], code: Sequence[Cell]) -> Iterator[CellFacts]:
    """The facts with the indexes that the cells have now."""
    now = {one.number: cell.index for one, cell in zip(cells, code, strict=True)}
    moved = any(number != index for number, index in now.items())
    for one in cells:
        yield _move(one.facts, now) if moved else one.facts


def _move(facts: CellFacts, now: Mapping[int, int]) -> CellFacts:
    return CellFacts(
        index=now[facts.index],
        id=facts.id,
        imports=tuple(_moved(one, now) for one in facts.imports),
        requirements=tuple(_moved(one, now) for one in facts.requirements),
        uses=tuple(_moved(one, now) for one in facts.uses),
        findings=tuple(_moved_finding(one, now) for one in facts.findings),
    )


def _moved(one: Any, now: Mapping[int, int]) -> Any:
    location: Location = one.location
    if location.cell is None or now[location.cell] == location.cell:
        return one
    return replace(one, location=replace(location, cell=now[location.cell]))


def _moved_finding(one: Finding, now: Mapping[int, int]) -> Finding:
    cell = one.location.cell
    moved: Finding = _moved(one, now)
    if cell is not None and one.subject == f"cell {cell + 1}":
        # What cannot be read is called by its number.
        return replace(moved, subject=f"cell {now[cell] + 1}")
    return moved


def _watched(folder: Path, files: frozenset[Path]) -> Stamps:
    """Files whose change changes facts, and the folders in which others could appear."""
    return dict.fromkeys({folder, *files, *(file.parent for file in files)})


def _stamp(paths: Stamps) -> Stamps:
    return {path: _state(path) for path in paths}


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size
