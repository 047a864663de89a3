"""A report as text: a table as wide as the terminal, aligned lines for a log."""

from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import batched

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from compat_report.model import Verdict
from compat_report.render.outcome import say_outcome, say_trials
from compat_report.render.reasons import find_reasons, say_places
from compat_report.render.totals import OnDisk, count_notebooks
from compat_report.render.visible import show_line, show_share
from compat_report.reported import Candidate, NotebookReport, Report
from porter.table import LOG_WIDTH

REASONS = 5
"""How many reasons of a notebook are told before the rest is counted."""
CHANGES = 3
WIDE = 120
"""The characters a line needs for a table of all that there is to say."""
_INDENT = 15
CANDIDATES = 10
MANY = 1000
"""Notebooks that one table may have: laying out takes all of them in memory."""
# Beside the word, never instead of it.
_STYLES = {Verdict.BROWSER: "green", Verdict.SERVER: "red", Verdict.UNKNOWN: "yellow"}


def render_text(report: Report, *, width: int = LOG_WIDTH, colour: bool = False) -> str:
    """The report as lines of at most `width` characters; `colour` adds a terminal's colours."""
    return "".join(iter_text(report, width=width, colour=colour))


def iter_text(report: Report, *, width: int = LOG_WIDTH, colour: bool = False) -> Iterator[str]:
    """The same in parts, whose notebooks are read as they are told where there are many."""
    if len(report.notebooks) <= MANY:
        yield _print(lay_out(report, width=width), width=width, colour=colour)
        return
    for some in batched(report.notebooks, MANY, strict=False):
        parts = [part for notebook in some for part in _stacked(notebook)]
        yield _print(Group(*parts), width=width, colour=colour)
    yield _print(Group(Text(), *_ending(report)), width=width, colour=colour)


def _print(laid: RenderableType, *, width: int, colour: bool) -> str:
    stream = StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    )
    console.print(laid)
    # A table is padded to its width; what follows a line's last word is of no use in a log.
    lines = stream.getvalue().splitlines()
    return "\n".join(line if colour else line.rstrip() for line in lines) + "\n"


def lay_out(report: Report, *, width: int = LOG_WIDTH) -> RenderableType:
    """The same for a console of rich's: notebooks, what to port next, and one line of totals.

    Where a table's last column would be narrow, what it says stands below each notebook.
    """
    parts: list[RenderableType] = []
    if report.notebooks and width < WIDE:
        parts += [part for notebook in report.notebooks for part in _stacked(notebook)]
        parts.append(Text())
    elif report.notebooks:
        parts.append(_notebooks(report.notebooks))
    return Group(*parts, *_ending(report))


def _ending(report: Report) -> Iterator[RenderableType]:
    if report.port_next:
        yield Text("port next")
        yield _candidates(report.port_next)
    yield Text(say_totals(report))
    # What is on disk was not run.
    if not isinstance(report.notebooks, OnDisk) and (trials := say_trials(report.notebooks)):
        yield Text(trials)


def say_totals(report: Report) -> str:
    """One line: `60 notebooks on Pyodide 0.29.5: 35 browser, 24 server, 1 unknown`."""
    totals = count_notebooks(report.notebooks)
    counted = "1 notebook" if totals.notebooks == 1 else f"{totals.notebooks} notebooks"
    verdicts = ", ".join(f"{totals.of(verdict)} {verdict}" for verdict in Verdict)
    return f"{counted} on Pyodide {show_line(report.pyodide)}: {verdicts}"


def _notebooks(notebooks: Sequence[NotebookReport]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("notebook", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("sure", no_wrap=True, justify="right")
    table.add_column("why, and what would change it", overflow="fold", ratio=1)
    for notebook in notebooks:
        table.add_row(
            Text(show_line(notebook.path)),
            Text(notebook.verdict, style=_STYLES[notebook.verdict]),
            show_share(notebook.confidence),
            Text("\n".join(_why(notebook))),
        )
    return table


def _stacked(notebook: NotebookReport) -> Iterator[RenderableType]:
    yield Text.assemble(
        (notebook.verdict.ljust(8), _STYLES[notebook.verdict]),
        f"{show_share(notebook.confidence):>5}  {show_line(notebook.path)}",
        overflow="fold",
    )
    for line in _why(notebook):
        yield Padding(Text(line, overflow="fold"), (0, 0, 0, _INDENT))


def _why(notebook: NotebookReport) -> Iterator[str]:
    found = find_reasons(notebook)
    for reason in found[:REASONS]:
        it = reason.finding
        chain = f" ({' → '.join(map(show_line, it.chain))})" if len(it.chain) > 1 else ""
        yield f"{say_places(reason.places)}{show_line(it.message)}{chain} [{show_line(it.code)}]"
    if len(found) > REASONS:
        yield f"and {len(found) - REASONS} more"
    for change in notebook.changes[:CHANGES]:
        yield f"→ {show_line(change)}"
    if notebook.outcome is not None:
        yield say_outcome(notebook.outcome, notebook.verdict)


def _candidates(candidates: Sequence[Candidate]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("project", overflow="fold")
    table.add_column("unblocks", justify="right")
    table.add_column("blocks", justify="right")
    # Where nobody said how often notebooks are run, they are those that are unblocked.
    weighed = any(candidate.weight != candidate.unblocks for candidate in candidates)
    if weighed:
        table.add_column("runs", justify="right")
    table.add_column("looks", overflow="fold")
    table.add_column("begin with", overflow="fold")
    for candidate in candidates[:CANDIDATES]:
        languages = ", ".join(candidate.languages)
        looks = f"{candidate.hardness} ({languages})" if languages else candidate.hardness
        table.add_row(
            show_line(candidate.project),
            str(candidate.unblocks),
            str(candidate.blocks),
            *([f"{candidate.weight:g}"] if weighed else []),
            show_line(looks),
            show_line(candidate.command),
        )
    return table
