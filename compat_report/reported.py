"""The values of a report, in the order they are made: footprint → cells → notebooks → report.

All are frozen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from compat_report.model import CellKind, Finding, Location, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for an estimate: `low` and `high` in bytes, both the same where it is known.

    `whole` where it is one object, such as an array, which has a limit of its own.
    """

    what: str
    low: int
    high: int
    location: Location
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Memory that a notebook needs at its height, in bytes: a range and how far to trust it (0 to 1).

    `download` is what the wheels' files weigh, in bytes; the runtime itself is not in it. `data`
    is what the files weigh that it reads.
    """

    low: int = 0
    high: int = 0
    confidence: float = 1.0
    download: int = 0
    data: int = 0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFile:
    """One wheel that would be installed: `origin` is "lock", "index", "pypi", "kernel" or "url".

    `size` is the file's, `unpacked` that of what it holds, in bytes, None where nobody says.
    """

    name: str
    version: str
    filename: str
    origin: str
    size: int | None = None
    unpacked: int | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReport:
    """One cell's verdict; `verdict` is None for cells that are not code.

    `line` is where the cell begins in a file of text, counted from 1; 0 in a notebook of JSON.
    """

    index: int
    kind: CellKind
    id: str | None = None
    verdict: Verdict | None = None
    confidence: float = 1.0
    findings: tuple[Finding, ...] = ()
    source: str = ""
    line: int = 0


class End(StrEnum):
    """How a notebook ended when it was run."""

    RUNS = "runs"
    """All its cells ran to their end."""
    FAILS = "fails"
    """A cell raised, or asked for something that does nothing in a browser, in silence."""
    HANGS = "hangs"
    """A cell did not end in the time it was given."""
    CRASHES = "crashes"
    """The runtime died of it."""
    OUT_OF_MEMORY = "out of memory"
    """It asked for more memory than there is."""
    UNTESTED = "untested"
    """What it needs could not be had here, or is cut off: that says nothing of a browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a notebook that was run in the real runtime.

    `host` is what ran that ("node", "chromium"); `reason` the exception's last line, or why it is
    untested; `cell` the one it ended in, counted from 0 as in `Location`. `seconds` is what its
    cells took, without the runtime's start; `heap` what the runtime had allocated at its height,
    in bytes, 0 where it died before it told.
    """

    end: End
    host: str
    reason: str = ""
    cell: int | None = None
    seconds: float = 0.0
    heap: int = 0

    def agrees(self, verdict: Verdict) -> bool | None:
        """Whether a verdict foretold it; None where one of both says nothing."""
        if self.end is End.UNTESTED or verdict is Verdict.UNKNOWN:
            return None
        return (self.end is End.RUNS) is (verdict is Verdict.BROWSER)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookReport:
    """One notebook's verdict. `blockers` are the projects without which it would run.

    `changes` says in sentences what would change the verdict, the easiest first. `outcome` is
    what became of the notebook where it was run.
    """

    path: str
    sha256: str
    verdict: Verdict
    confidence: float
    cells: tuple[CellReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    requirements: tuple[ResolvedFile, ...] = ()
    footprint: Footprint = field(default_factory=Footprint)
    blockers: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    outcome: Outcome | None = None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Those of the notebook, then those of its cells in their order."""
        return self.findings + tuple(f for cell in self.cells for f in cell.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A project worth porting: how many notebooks it stands in the way of, and how hard it looks.

    `unblocks` counts notebooks that would run with it alone, `blocks` those it is one reason
    for. `weight` is `unblocks` times runs where runs are known. `languages` are what its
    sources hold: "python", "c", "c++", "cython", "rust", "fortran"; `hardness` says it in a
    word, `command` is the one to start with.
    """

    project: str
    unblocks: int
    blocks: int
    weight: float
    languages: tuple[str, ...] = ()
    hardness: str = "unknown"
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `porter report` tells: notebooks by path, and what to port next, the best first.

    Notebooks may be on disk, and made anew each time they are asked for.
    """

    platform: str
    pyodide: str
    kernel: str
    notebooks: Sequence[NotebookReport]
    port_next: tuple[Candidate, ...] = ()
