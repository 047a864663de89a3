"""What runs taught: failures in a browser of cells that were judged to run there; pure.

Reading cannot tell everything. A cell that failed lowers the next verdict's confidence, and one
that fails again and again is not judged any more to run there; both as findings of a rule of
their own, `proved-wrong`, of which a policy has the last word as of any other.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from enum import StrEnum

from compat_report.model import CellKind, Finding, Location, Notebook, Severity
from compat_report.rules import find

# Once may be chance: a connection, a tab that other pages filled.
CERTAIN = 3


class Failed(StrEnum):
    """What failed in the browser."""

    IMPORT = "import"
    """A module could not be imported: `subject` is its dotted name."""
    MEMORY = "memory"
    """There was not enough memory: `subject` is empty."""
    CALL = "call"
    """What was called raised because of where it ran: `subject` is the exception's name."""


DETAILS = {
    Failed.IMPORT: "`{}` could not be imported",
    Failed.MEMORY: "there was not enough memory",
    Failed.CALL: "it raised {}",
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Contradiction:
    """`count` failures of one cell, by the sha256 of its source.

    `catalogue` is that of the decision which was wrong, its `made_from.catalogue`: another release
    or another index may do better.
    """

    cell: str
    catalogue: str
    failed: Failed
    subject: str = ""
    count: int = 1


def digest_source(source: str) -> str:
    """The sha256 of a cell's source in UTF-8, in hexadecimal digits; a page makes it just so."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def matching(
    notebook: Notebook, told: Iterable[Contradiction], *, catalogue: str
) -> tuple[Contradiction, ...]:
    """Those that are about a cell of this notebook and this catalogue, in one order."""
    told = tuple(told)
    if not told:
        return ()
    cells = {digest_source(cell.source) for cell in notebook.cells if cell.kind is CellKind.CODE}
    return tuple(sorted(one for one in told if one.catalogue == catalogue and one.cell in cells))


def find_contradicted(notebook: Notebook, told: Iterable[Contradiction]) -> tuple[Finding, ...]:
    """A finding for each failure of each cell, where the cell stands."""
    by_cell: dict[str, list[Contradiction]] = {}
    for one in told:
        by_cell.setdefault(one.cell, []).append(one)
    found = []
    for cell in notebook.cells if by_cell else ():
        for one in by_cell.get(digest_source(cell.source), ()):
            times = "once" if one.count == 1 else f"{one.count} times"
            found.append(
                find(
                    "proved-wrong",
                    Location(path=notebook.path, cell=cell.index, id=cell.id),
                    one.subject or str(one.failed),
                    severity=Severity.UNKNOWN if one.count >= CERTAIN else None,
                    times=times,
                    detail=DETAILS[one.failed].format(one.subject),
                )
            )
    return tuple(found)


def digest_contradictions(told: Iterable[Contradiction]) -> str:
    """The hash of those that a decision follows from."""
    text = json.dumps([astuple(one) for one in told])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
