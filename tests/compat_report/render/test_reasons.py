"""Each reason once, with its places as people name them."""

from dataclasses import replace

import pytest
from reports import SHELL, THREAD, make_notebook, make_report

from compat_report.model import Location, Verdict
from compat_report.render.reasons import find_reasons, say_place, say_places


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([], ""),
        ([(None, 0)], ""),
        ([(None, 4)], "line 4: "),
        ([(0, 0)], "cell 1: "),
        ([(0, 7)], "cell 1, line 7: "),
        ([(0, 7), (0, 9), (0, 7)], "cell 1, lines 7, 9: "),
        ([(0, 7), (2, 0), (0, 9)], "cell 1, lines 7, 9; cell 3: "),
        ([(0, n) for n in range(1, 9)], "cell 1, lines 1, 2, 3, 4, 5, 6, …: "),
        ([(n, 0) for n in range(5)], "cell 1; cell 2; cell 3; cell 4; cell 5: "),
        ([(n, 0) for n in range(6)], "cell 1; cell 2; cell 3; cell 4 and 2 more cells: "),
    ],
)
def test_places(places: list[tuple[int | None, int]], said: str) -> None:
    locations = [Location(path="a", cell=cell, line=line) for cell, line in places]
    assert say_places(locations) == said
    if len(locations) == 1:
        assert say_place(locations[0]) == said


def test_the_same_at_several_places_is_one_reason() -> None:
    again = replace(THREAD, location=replace(THREAD.location, cell=0, line=1))
    chained = replace(THREAD, chain=("a", "b"))
    notebook = make_notebook("a", Verdict.SERVER, ("x", "y\nz"), again, THREAD, chained)
    first, second = find_reasons(notebook)
    assert first.places == (again.location, THREAD.location)
    assert second.finding.chain == ("a", "b")


def test_a_reason_is_what_decides() -> None:
    runs, threads, garbled, _ = make_report().notebooks
    assert [reason.finding.code for reason in find_reasons(runs)] == ["os-system"]
    assert [reason.finding.code for reason in find_reasons(garbled)] == ["unreadable-cell"]
    minded = replace(SHELL, location=replace(SHELL.location, cell=0))
    cell = replace(threads.cells[0], findings=(minded,))
    mixed = replace(threads, cells=(cell, *threads.cells[1:]))
    assert [reason.finding.code for reason in find_reasons(mixed)] == ["thread"]
