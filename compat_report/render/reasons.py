"""Why a notebook has its verdict, in words and places that people use."""

from collections.abc import Sequence
from dataclasses import dataclass

from compat_report.model import Finding, Location, Severity, Verdict
from compat_report.reported import NotebookReport

MOST_CELLS = 4
MOST_LINES = 6
"""Places of one reason that are named before the rest is left to the other forms."""
_DECIDING = {
    Verdict.BROWSER: {Severity.WARNING},
    Verdict.SERVER: {Severity.SERVER},
    Verdict.UNKNOWN: {Severity.UNKNOWN, Severity.SERVER},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that was found, and everywhere it was found."""

    finding: Finding
    places: tuple[Location, ...]


def find_reasons(notebook: NotebookReport) -> tuple[Reason, ...]:
    """What the verdict follows from, by first place; of a notebook that runs, what to mind."""
    deciding = _DECIDING[notebook.verdict]
    places: dict[tuple[str, str, tuple[str, ...]], list[Finding]] = {}
    for found in notebook.all_findings:
        if found.severity in deciding:
            places.setdefault((found.code, found.message, found.chain), []).append(found)
    return tuple(
        Reason(finding=same[0], places=tuple(found.location for found in same))
        for same in places.values()
    )


def say_place(location: Location) -> str:
    """`cell 3, line 2: `, both counted from 1 as people do; nothing for a whole notebook."""
    return say_places([location])


def say_places(locations: Sequence[Location]) -> str:
    """`cell 1, lines 7, 9; cell 3: `, each place once."""
    cells: dict[int | None, dict[int, None]] = {}
    for location in locations:
        cells.setdefault(location.cell, {})[location.line] = None
    said = [_say_cell(cell, [line for line in lines if line > 0]) for cell, lines in cells.items()]
    said = [text for text in said if text]
    more = f" and {len(said) - MOST_CELLS} more cells" if len(said) > MOST_CELLS + 1 else ""
    kept = said[:MOST_CELLS] if more else said
    return f"{'; '.join(kept)}{more}: " if kept else ""


def _say_cell(cell: int | None, lines: Sequence[int]) -> str:
    named = ", ".join(map(str, lines[:MOST_LINES])) + (", …" if len(lines) > MOST_LINES else "")
    line = f"{'line' if len(lines) == 1 else 'lines'} {named}" if lines else ""
    if cell is None:
        return line
    return f"cell {cell + 1}, {line}" if line else f"cell {cell + 1}"
