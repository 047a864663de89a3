"""What a report on one notebook followed from besides its own bytes, to tell whether it still holds.

That is what lies beside the notebook, and what the catalogue's indexes told.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from compat_report.catalog.model import Catalog, Origin, Provided, Resolution, State
from compat_report.check import Known, wanted
from compat_report.footprint.reads import READERS
from compat_report.model import Facts
from compat_report.syntax.local import list_folder

SETTLED = frozenset({Origin.STDLIB, Origin.LOCK, Origin.KERNEL})
FIXED = frozenset({"lock", "kernel"})
MAGIC = frozenset("*?[")
# Files of more bytes are known by size and time, not by what they hold.
SMALL = 1 << 20
MOST_FILES = 2000
# Answers that are remembered at once.
MOST_KNOWN = 1 << 15
SOURCES = frozenset({".py", ".ipynb"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """`absent` are first parts of imports that nothing beside the notebook was found for.

    `beside` has the state of each module, package and file that was looked for, by its path from
    the folder, None for what was not there. `imports`, `wanted` and `answers` are what the
    catalogue was asked, and the hash of what it said; empty where that cannot change.
    """

    absent: tuple[str, ...] = ()
    beside: tuple[tuple[str, str | None], ...] = ()
    imports: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    answers: str = ""

    @property
    def is_apart(self) -> bool:
        """Whether nothing beside the notebook matters: it says the same in any other folder."""
        return all(state is None for _, state in self.beside)

    def dump(self) -> bytes:
        """As JSON."""
        return orjson.dumps((self.absent, self.beside, self.imports, self.wanted, self.answers))


def parse_trace(data: bytes) -> Trace:
    """What `dump` wrote; raises ValueError, TypeError."""
    absent, beside, imports, asked, answers = orjson.loads(data)
    return Trace(
        absent=absent,
        beside=tuple((path, state) for path, state in beside),
        imports=imports,
        wanted=asked,
        answers=answers,
    )


class Beside:
    """What lies beside notebooks, each looked at once: made anew for each run."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}

    def state(self, folder: str, name: str) -> str | None:
        """The state of a file, a package or of all that a pattern matches; None: not there."""
        path = os.path.join(folder, name)  # noqa: PTH118 — asked for each notebook there is
        if path not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            try:
                self._known[path] = _state(Path(folder), name)
            except (OSError, ValueError, NotImplementedError):
                self._known[path] = None
        return self._known[path]

    def holds(self, trace: Trace, folder: str | None) -> bool:
        """Whether all that a trace tells of a folder is still so."""
        if folder is None:
            return trace.is_apart
        entries = list_folder(folder)
        if any(name in entries or f"{name}.py" in entries for name in trace.absent):
            return False
        return all(self.state(folder, name) == state for name, state in trace.beside)


class Answers:
    """What the catalogue says, each asked once in a run."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._provided: dict[str, Provided] = {}
        self._resolved: dict[tuple[str, ...], Resolution] = {}

    def holds(self, trace: Trace) -> bool:
        """Whether the catalogue says what it said."""
        if not trace.answers:
            return True
        for name in trace.imports:
            if name not in self._provided:
                self._provided[name] = self._catalog.look_up(name)
        key = tuple(trace.wanted)
        if key not in self._resolved:
            if len(self._resolved) >= MOST_KNOWN:
                self._resolved.clear()
            self._resolved[key] = self._catalog.resolve(key)
        provided = [self._provided[name] for name in trace.imports]
        return digest_answers(provided, self._resolved[key]) == trace.answers


def make_trace(known: Known, beside: Beside, *, index: bool) -> Trace:
    """The trace of a report that was made from `known`; `index`: a private index was asked."""
    facts, folder = known.facts, known.facts.notebook.folder
    names = sorted({imported.name for cell in facts.cells for imported in cell.imports})
    absent = {name.partition(".")[0] for name in names} - {""}
    states: dict[str, str | None] = {}
    if folder is not None:
        for name in _looked_for(facts, folder):
            states[name] = beside.state(folder, name)
        absent -= {name.removesuffix(".py") for name, state in states.items() if state}
    asked: tuple[str, ...] = ()
    answers = ""
    if not _is_settled(known, index=index):
        asked = wanted(facts, known.provided)
        answers = digest_answers([known.provided[name] for name in names], known.resolution)
    return Trace(
        absent=tuple(sorted(absent)),
        beside=tuple(sorted(states.items())),
        imports=tuple(names) if answers else (),
        wanted=asked,
        answers=answers,
    )


def digest_answers(provided: Sequence[Provided], resolution: Resolution) -> str:
    """The hash of what the catalogue said."""
    return hashlib.sha256(orjson.dumps((provided, resolution))).hexdigest()[:32]


def _is_settled(known: Known, *, index: bool) -> bool:
    """Whether only the release said anything: that is in the catalogue's identity."""
    if index and known.resolution.files:
        return False
    return (
        not known.resolution.problems
        and all(file.origin in FIXED for file in known.resolution.files)
        and all(
            one.origin in SETTLED and one.state is not State.UNKNOWN
            for one in known.provided.values()
        )
    )


def _looked_for(facts: Facts, folder: str) -> Iterator[str]:
    """Paths from the folder of what reading the notebook, and weighing its data, asked for."""
    for path in facts.files:
        name = os.path.relpath(path, folder)
        yield name
        top = name.partition(os.sep)[0].removesuffix(".py")
        if top != os.pardir:
            # A module that is not in a package yet may come to be there, and a package comes
            # before a module (importlib's FileFinder).
            yield top
            yield f"{top}.py"
    for cell in facts.cells:
        for finding in cell.findings:
            if finding.code == "missing-file":
                yield finding.subject
                yield f"{finding.subject}.py"
        for use in cell.uses:
            if use.called and use.name in READERS:
                for value in (*use.arguments, *(value for _, value in use.keywords)):
                    yield from _paths(value)


def _paths(value: object) -> Iterator[str]:
    for one in value if isinstance(value, tuple | list) else (value,):
        text = one.decode("utf-8", "replace") if isinstance(one, bytes) else one
        if isinstance(text, str) and text and "\0" not in text and "://" not in text:
            yield text


def _state(folder: Path, name: str) -> str | None:
    path = folder / name
    if path.is_dir():
        return _digest_files(
            (found for found in sorted(path.rglob("*")) if found.suffix in SOURCES), path
        )
    if path.is_file():
        return _file_state(path)
    if MAGIC.isdisjoint(name) or Path(name).is_absolute() or ".." in name:
        return None
    return _digest_files(sorted(folder.glob(name)), folder) or None


def _digest_files(paths: Iterator[Path] | list[Path], folder: Path) -> str:
    digest = hashlib.sha256()
    count = 0
    for count, path in enumerate(paths, start=1):
        if count > MOST_FILES:
            break
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{_file_state(path)}\0".encode())
    return digest.hexdigest() if count else ""


def _file_state(path: Path) -> str:
    status = path.stat()
    if status.st_size > SMALL:
        return f"{status.st_size}:{status.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()
