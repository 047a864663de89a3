"""Notebooks of several reports brought together; footprints and bars as numbers."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import THREAD, make_notebook, make_report, reports

from compat_report.model import Location, Verdict
from compat_report.render.html.chart import WIDTH, draw_candidates, draw_verdicts
from compat_report.render.html.excerpt import MOST
from compat_report.render.html.view import (
    HEAP_LIMIT,
    bring_together,
    draw_gauge,
    group_by_path,
    name_platforms,
    view_notebook,
)
from compat_report.render.totals import Totals
from compat_report.reported import Candidate, Footprint, Report


def test_platforms_have_names_of_their_own() -> None:
    one, other = make_report("0.29.5"), make_report("314.0.7")
    assert name_platforms([one, other]) == ("0.29.5", "314.0.7")
    kernel = replace(one, kernel="pyodide-kernel 0.7.0")
    assert name_platforms([one, kernel]) == ("0.29.5 · pyodide", "0.29.5 · pyodide-kernel 0.7.0")
    assert len(set(name_platforms([one, one, one]))) == 3


def test_a_finding_of_all_platforms_is_shown_once_and_one_of_some_with_their_names() -> None:
    both, one = replace(THREAD, subject="both"), replace(THREAD, subject="one")
    together = bring_together([("0.29", [both, one]), ("314", [both])])
    assert [(it.finding.subject, it.platforms) for it in together] == [
        ("both", ()),
        ("one", ("0.29",)),
    ]
    assert bring_together([("0.29", [one])])[0].platforms == ()


def test_a_path_that_one_report_lacks_is_there_with_the_others() -> None:
    small = replace(make_report("314.0.7"), notebooks=make_report().notebooks[1:])
    groups = list(group_by_path([make_report(), small]))
    assert [len(group) for group in groups] == [1, 2, 2, 2]
    assert [name for name, _ in groups[1]] == ["0.29.5", "314.0.7"]


@settings(max_examples=40)
@given(st.lists(reports, min_size=1, max_size=3))
def test_no_notebook_is_lost(made: list[Report]) -> None:
    groups = list(group_by_path(made))
    assert sum(map(len, groups)) == sum(len(report.notebooks) for report in made)
    for number, group in enumerate(groups):
        view = view_notebook(group, number=number)
        assert len(view.sheets) == len(group)


def test_a_cell_shows_what_is_of_no_line_and_counts_what_is_too_much() -> None:
    far = replace(THREAD, location=Location(path="a", cell=0, line=99))
    many = [replace(THREAD, subject=str(n)) for n in range(MOST + 5)]
    notebook = make_notebook("a", Verdict.SERVER, ("x", "y\nz"), far)
    notebook = replace(
        notebook, cells=(notebook.cells[0], replace(notebook.cells[1], findings=tuple(many)))
    )
    first, second = view_notebook((("0.29", notebook),), number=1).cells
    assert [it.finding for it in first.loose] == [far]
    assert first.segments[0].findings == ()
    assert (len(second.segments[0].lines), second.more) == (2, 5)


@pytest.mark.parametrize(
    ("low", "high", "left", "right", "beyond"),
    [
        (0, HEAP_LIMIT, 0, 80, False),
        (HEAP_LIMIT // 2, HEAP_LIMIT // 2, 40, 40.8, False),
        (HEAP_LIMIT // 4, HEAP_LIMIT + 1, 20, 80, True),
        (0, 10**400, 0, 99, True),
        (10**400, 10**401, 99, 99.8, True),
    ],
)
def test_a_footprint_is_drawn_against_the_limit(
    low: int, high: int, left: float, right: float, *, beyond: bool
) -> None:
    gauge = draw_gauge(Footprint(low=low, high=high))
    assert gauge is not None
    assert gauge.left == pytest.approx(left, abs=0.01)
    assert gauge.left + gauge.width == pytest.approx(right, abs=0.01)
    assert gauge.beyond is beyond


def test_nothing_is_drawn_of_what_is_not_known() -> None:
    assert draw_gauge(Footprint()) is None
    assert draw_verdicts(Totals()) == ()
    assert draw_candidates((), room=100) == ()
    [row] = draw_candidates([Candidate(project="a", unblocks=0, blocks=0, weight=0)], room=100)
    assert (row.wide, row.solid) == (0, 0)


def test_the_parts_of_a_bar_fill_it() -> None:
    parts = draw_verdicts(Totals(notebooks=4, browser=1, server=3))
    assert [(part.verdict, part.left, part.width) for part in parts] == [
        (Verdict.BROWSER, 0, WIDTH / 4),
        (Verdict.SERVER, WIDTH / 4, WIDTH * 3 / 4),
    ]


def test_the_longest_bar_has_all_the_room() -> None:
    rows = draw_candidates(make_report().port_next, room=300)
    assert [(row.wide, row.solid) for row in rows] == [(100, 100), (300, 0)]
