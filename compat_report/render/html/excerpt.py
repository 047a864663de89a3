"""A cell's source as a page shows it: cut where it is long, with each finding below its line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compat_report.render.visible import show_unseen

WHOLE = 150
"""Cells of at most so many lines are shown whole."""
HEAD = 40
"""Of longer ones, so many lines from the top are shown,"""
AROUND = 3
"""and so many before and after each finding."""
WIDTH = 500
"""Characters of a line; what is beyond is cut with an ellipsis."""
MOST = 40
"""Findings shown below one cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as it is shown, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment[T]:
    """Lines that follow each other, then what was found in the last of them.

    `left_out` counts the lines before them that are not shown.
    """

    lines: tuple[Line, ...] = ()
    findings: tuple[T, ...] = ()
    left_out: int = 0


def cut_source[T](source: str, found: Mapping[int, Sequence[T]]) -> tuple[Segment[T], ...]:
    """The segments of a source; `found` has the findings by line, counted from 1."""
    lines = source.split("\n")
    shown = _shown(len(lines), found)
    return tuple(_segments(lines, shown, found))


def _shown(count: int, found: Mapping[int, Sequence[object]]) -> list[int]:
    if count <= WHOLE:
        return list(range(1, count + 1))
    wanted = set(range(1, HEAD + 1))
    for line in sorted(found)[:MOST]:
        wanted.update(range(max(1, line - AROUND), min(count, line + AROUND) + 1))
    return sorted(wanted)


def _segments[T](
    lines: Sequence[str], shown: Sequence[int], found: Mapping[int, Sequence[T]]
) -> Iterator[Segment[T]]:
    gathered: list[Line] = []
    left_out = 0
    last = 0
    for number in shown:
        if number > last + 1:
            if gathered:
                yield Segment(lines=tuple(gathered), left_out=left_out)
                gathered = []
            left_out = number - last - 1
        gathered.append(Line(number=number, text=_cut(lines[number - 1])))
        last = number
        if number in found:
            yield Segment(lines=tuple(gathered), findings=tuple(found[number]), left_out=left_out)
            gathered, left_out = [], 0
    if gathered:
        yield Segment(lines=tuple(gathered), left_out=left_out)
    if last < len(lines):
        yield Segment(left_out=len(lines) - last)


def _cut(line: str) -> str:
    return show_unseen(line if len(line) <= WIDTH else f"{line[:WIDTH]}…")
