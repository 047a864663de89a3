"""The figures of a page as numbers that SVG takes: bars of verdicts, and of what to port."""

from collections.abc import Sequence
from dataclasses import dataclass

from compat_report.model import Verdict
from compat_report.render.totals import Totals
from compat_report.render.visible import show_line
from compat_report.reported import Candidate

WIDTH = 1000.0
CANDIDATES = 12
_NAME = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a bar that is `WIDTH` wide."""

    verdict: Verdict
    count: int
    left: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One project's bars: how many notebooks it blocks, and within that, alone."""

    name: str
    top: int
    blocks: int
    unblocks: int
    wide: float
    solid: float


def draw_verdicts(totals: Totals) -> tuple[Part, ...]:
    """The parts of a bar of verdicts, those that are empty left out."""
    parts = []
    left = 0.0
    for verdict in (Verdict.BROWSER, Verdict.UNKNOWN, Verdict.SERVER):
        count = totals.of(verdict)
        if count:
            width = WIDTH * count / totals.notebooks
            parts.append(
                Part(verdict=verdict, count=count, left=round(left, 2), width=round(width, 2))
            )
            left += width
    return tuple(parts)


def draw_candidates(candidates: Sequence[Candidate], *, room: float) -> tuple[Row, ...]:
    """A row for each of the first candidates, the longest bar `room` wide."""
    first = candidates[:CANDIDATES]
    most = max((max(it.blocks, it.unblocks) for it in first), default=0)
    return tuple(
        Row(
            name=show_line(candidate.project, _NAME),
            top=index * 30,
            blocks=max(candidate.blocks, candidate.unblocks),
            unblocks=candidate.unblocks,
            wide=round(room * max(candidate.blocks, candidate.unblocks) / most, 2) if most else 0.0,
            solid=round(room * candidate.unblocks / most, 2) if most else 0.0,
        )
        for index, candidate in enumerate(first)
    )
