"""What the templates show: the notebooks of one or several reports, brought together by path."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import overload

from compat_report.model import CellKind, Finding, Verdict
from compat_report.render.html.excerpt import MOST, Segment, cut_source
from compat_report.render.outcome import say_outcome
from compat_report.render.reasons import find_reasons, say_places
from compat_report.render.totals import OnDisk
from compat_report.render.visible import show_line
from compat_report.reported import CellReport, Footprint, NotebookReport, Report

HEAP_LIMIT = 4 * 2**30
"""A tab's WebAssembly memory: 65,536 pages of 64 KiB, the most that wasm32 can have."""
# Where the limit stands in a bar that is a hundred wide.
_LIMIT_AT = 80.0
_MOST_DRAWN = HEAP_LIMIT * 99 // 80
_WORDS = 500
_REASON = 160

type Group = tuple[tuple[str, NotebookReport], ...]
"""A path's notebooks, each with the name of the platform that its report is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding; `platforms` is empty where it holds for all that there are."""

    finding: Finding
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """A cell, counted from 1; `loose` are the findings that are about no line of it."""

    number: int
    kind: CellKind
    verdict: Verdict | None
    segments: tuple[Segment[Found], ...]
    loose: tuple[Found, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A footprint drawn against the limit, in hundredths of the bar's width."""

    left: float
    width: float
    limit: float
    beyond: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one platform's report says of a notebook as a whole."""

    platform: str
    notebook: NotebookReport
    gauge: Gauge | None

    @property
    def outcome(self) -> str:
        """What became of it where it was run, as one line."""
        outcome = self.notebook.outcome
        return say_outcome(outcome, self.notebook.verdict) if outcome is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookView:
    """One path. `words` is what a search looks through."""

    anchor: str
    path: str
    sheets: tuple[Sheet, ...]
    findings: tuple[Found, ...]
    cells: tuple[CellView, ...]
    words: str

    @property
    def verdicts(self) -> str:
        """Those it has on any platform."""
        return " ".join(sorted({sheet.notebook.verdict for sheet in self.sheets}))

    @property
    def why(self) -> str:
        """The first reason of a verdict that is not the best, as one line."""
        for sheet in self.sheets:
            if sheet.notebook.verdict is not Verdict.BROWSER:
                for reason in find_reasons(sheet.notebook):
                    return show_line(
                        f"{say_places(reason.places)}{reason.finding.message}", _REASON
                    )
        return ""

    @property
    def count(self) -> int:
        """Its findings."""
        return len({f for sheet in self.sheets for f in sheet.notebook.all_findings})


def name_platforms(reports: Sequence[Report]) -> tuple[str, ...]:
    """A name for each report that no other of them has: its platform, with the kernel if need be."""
    names = [report.platform for report in reports]
    if len(set(names)) < len(names):
        names = [f"{report.platform} · {report.kernel}" for report in reports]
    if len(set(names)) < len(names):
        names = [f"{name} · {number}" for number, name in enumerate(names, 1)]
    return tuple(show_line(name) for name in names)


def group_by_path(reports: Sequence[Report]) -> Iterator[Group]:
    """The notebooks of all reports by path."""

    def named(name: str, report: Report) -> Iterator[tuple[str, NotebookReport]]:
        found = report.notebooks
        # What is on disk is in order already.
        ordered = found if isinstance(found, OnDisk) else sorted(found, key=lambda it: it.path)
        for notebook in ordered:
            yield name, notebook

    streams = [named(*pair) for pair in zip(name_platforms(reports), reports, strict=True)]
    merged = heapq.merge(*streams, key=lambda pair: pair[1].path)
    for _, group in groupby(merged, key=lambda pair: pair[1].path):
        yield tuple(group)


class Slice(Sequence[Group]):
    """Some of the groups of reports that are on disk, and have the same paths: read when needed."""

    def __init__(self, reports: Sequence[Report], start: int, stop: int) -> None:
        self._reports = tuple(zip(name_platforms(reports), reports, strict=True))
        self._range = range(start, stop)

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Group]: ...
    def __getitem__(self, index: int | slice) -> Group | Sequence[Group]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = self._range[index]
        return tuple((name, report.notebooks[at]) for name, report in self._reports)


def view_notebook(group: Group, *, number: int) -> NotebookView:
    """What is shown of one path; `number` tells it from the others of its page."""
    first = group[0][1]
    return NotebookView(
        anchor=f"n{number}",
        path=show_line(first.path),
        sheets=tuple(
            Sheet(platform=name, notebook=notebook, gauge=draw_gauge(notebook.footprint))
            for name, notebook in group
        ),
        findings=bring_together((name, it.findings) for name, it in group)[:MOST],
        cells=tuple(_cell(cell, group) for cell in first.cells),
        words=_words(group),
    )


def bring_together(found: Iterable[tuple[str, Sequence[Finding]]]) -> tuple[Found, ...]:
    """Each finding once, with the platforms that it was found on unless it is all of them."""
    where: dict[Finding, list[str]] = {}
    platforms = 0
    for name, findings in found:
        platforms += 1
        for finding in findings:
            where.setdefault(finding, []).append(name)
    return tuple(
        Found(
            finding=finding,
            platforms=() if len(set(names)) == platforms else tuple(dict.fromkeys(names)),
        )
        for finding, names in where.items()
    )


def draw_gauge(footprint: Footprint) -> Gauge | None:
    """The range on a bar whose limit is a tab's; None where nothing is known."""
    if footprint.high <= 0:
        return None
    left, right = (_at(size) for size in (footprint.low, footprint.high))
    return Gauge(
        left=left,
        width=max(right - left, 0.8),
        limit=_LIMIT_AT,
        beyond=footprint.high > HEAP_LIMIT,
    )


def _at(size: int) -> float:
    # A size can be past what a float holds.
    return round(min(size, _MOST_DRAWN) / HEAP_LIMIT * _LIMIT_AT, 2)


def _cell(cell: CellReport, group: Group) -> CellView:
    same = [(name, _same_cell(notebook, cell)) for name, notebook in group]
    together = bring_together((name, it.findings if it else ()) for name, it in same)
    count = cell.source.count("\n") + 1
    by_line: dict[int, list[Found]] = {}
    loose: list[Found] = []
    for found in together[:MOST]:
        line = found.finding.location.line
        if 1 <= line <= count:
            by_line.setdefault(line, []).append(found)
        else:
            loose.append(found)
    verdicts = [it.verdict for _, it in same if it is not None and it.verdict is not None]
    return CellView(
        number=cell.index + 1,
        kind=cell.kind,
        verdict=max(verdicts, key=_gravity, default=None),
        segments=cut_source(cell.source, by_line),
        loose=tuple(loose),
        more=max(0, len(together) - MOST),
    )


def _same_cell(notebook: NotebookReport, cell: CellReport) -> CellReport | None:
    if cell.index < len(notebook.cells) and notebook.cells[cell.index].index == cell.index:
        return notebook.cells[cell.index]
    return next((it for it in notebook.cells if it.index == cell.index), None)


def _gravity(verdict: Verdict) -> int:
    return (Verdict.BROWSER, Verdict.UNKNOWN, Verdict.SERVER).index(verdict)


def _words(group: Group) -> str:
    words = dict.fromkeys([group[0][1].path])
    for _, notebook in group:
        for finding in notebook.all_findings[:MOST]:
            words.update(dict.fromkeys((finding.code, finding.subject)))
        words.update(dict.fromkeys(notebook.blockers[:MOST]))
        words.update(dict.fromkeys(file.name for file in notebook.requirements[:MOST]))
    return show_line(" ".join(words), _WORDS).lower()
