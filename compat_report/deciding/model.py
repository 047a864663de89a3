"""The kernel decision's values. All are frozen; decision.schema.json has them key by key."""

from dataclasses import dataclass

from compat_report.model import Severity, Verdict

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One finding that counts: `code` is a rule of rules.toml, `advice` what would change it.

    `cell` counts all cells from 0, None for the notebook itself, and `id` is that cell's; `line`
    counts from 1 in the cell's source, 0 for the whole cell.
    """

    code: str
    severity: Severity
    message: str
    advice: str
    cell: int | None = None
    id: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCell:
    """Where one code cell can run. `reasons` are the codes of its own, each once."""

    index: int
    id: str | None
    backend: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One wheel that is to be installed: `requirement` is `NAME==VERSION`.

    `origin` is "lock" (the release), "index", "pypi", "kernel" or "url".
    """

    requirement: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Bytes: memory from `low` to `high` at its height, and how far that is to be trusted (0 to 1).

    `download` is what the wheels' files weigh, `data` what the files weigh that are read.
    """

    low: int
    high: int
    confidence: float
    download: int
    data: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """All that a decision follows from, each as the sha256 of it; `porter` is a version.

    `notebook` is that of the code cells' sources, whatever their outputs and ids; files beside the
    notebook (local modules, data) are in none. `contradictions` is that of what runs taught of it.
    """

    notebook: str
    policy: str
    catalogue: str
    contradictions: str
    rules: str
    porter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDecision:
    """Where a notebook is to run, and why.

    `kernel` names the kernelspec to start: the browser's for the verdict `browser`, else the
    server's, where everything runs that cannot be told; `author_kernel` is the notebook's own.
    `id` is 32 digits of the hash of all else: equal ids are equal decisions. `lock_file` is the address
    of the private index's lock file for exactly these requirements, None where there is none.
    `reasons` are those that decide or warn, in the notebook's order.
    """

    id: str
    path: str
    verdict: Verdict
    confidence: float
    kernel: str
    author_kernel: str | None
    platform: str
    requirements: tuple[Pin, ...]
    lock_file: str | None
    cells: tuple[DecidedCell, ...]
    reasons: tuple[Reason, ...]
    changes: tuple[str, ...]
    footprint: Needs
    made_from: MadeFrom
    version: int = VERSION
