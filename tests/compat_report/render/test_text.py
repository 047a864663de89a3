"""What a person reads on a terminal and in a log."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from reports import make_report, reports
from rich.cells import cell_len

from compat_report.model import Verdict
from compat_report.render.text import CANDIDATES, REASONS, render_text
from compat_report.render.visible import show_line, show_share, show_size, show_unseen
from compat_report.reported import Report

HOSTILE = "a\x1b[31mred\u202eevil\r\x07\u200b\ufeff\x9b2J[bold]x[/bold]"


def test_each_notebook_has_its_verdict_and_its_reason_with_the_place() -> None:
    lines = render_text(make_report()).splitlines()
    [threads] = [line for line in lines if "jobs/threads.ipynb" in line]
    assert re.search(
        r"server +90% +cell 2, line 2: threading\.Thread: .* cannot start a thread \[thread\]$",
        threads,
    )
    [py2] = [line for line in lines if "old/py2.ipynb" in line]
    assert re.search(r"unknown +90% +cell 1, line 1: the cell cannot be read", py2)
    assert lines[-1] == "4 notebooks on Pyodide 0.29.5: 1 browser, 2 server, 1 unknown"


def test_what_to_port_next_comes_with_its_command() -> None:
    text = render_text(make_report())
    assert re.search(
        r"psycopg +1 +1 +hard \(python, c\) +porter new psycopg --from pkg:pypi/psycopg@3\.2\.1",
        text,
    )
    assert text.index("port next") > text.index("sql/orders.ipynb")
    many = replace(make_report(), port_next=make_report().port_next * 20)
    assert len(re.findall(r"^ (?:psycopg|lxml) ", render_text(many), re.MULTILINE)) == CANDIDATES


def test_what_would_change_the_verdict_and_what_leads_to_it() -> None:
    report = make_report()
    notebook = report.notebooks[3]
    [cell] = notebook.cells
    chained = replace(cell.findings[0], chain=("store", "sqlalchemy", "psycopg"))
    findings = [replace(chained, message=f"reason {n}") for n in range(REASONS + 3)]
    changed = replace(
        notebook,
        cells=(replace(cell, findings=tuple(findings)),),
        changes=("port psycopg",),
    )
    text = render_text(replace(report, notebooks=(changed,)))
    assert "(store → sqlalchemy → psycopg) [missing-module]" in text
    assert "and 3 more" in text
    assert "→ port psycopg" in text
    assert text.endswith("1 notebook on Pyodide 0.29.5: 0 browser, 1 server, 0 unknown\n")


def test_colours_add_nothing_but_colour() -> None:
    plain = render_text(make_report(), width=100)
    coloured = render_text(make_report(), width=100, colour=True)
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()
    for verdict in Verdict:
        assert verdict in plain


def test_on_a_narrow_terminal_the_reasons_stand_below() -> None:
    lines = render_text(make_report(), width=80).splitlines()
    place = lines.index("server    90%  jobs/threads.ipynb")
    assert lines[place + 1].lstrip().startswith("cell 2, line 2: threading.Thread: a browser")
    assert lines[place + 1].startswith(" " * 15)
    assert lines[0] == "browser   90%  easy/mean.ipynb"


def test_an_empty_report_is_one_line() -> None:
    empty = Report(platform="0.29.5", pyodide="0.29.5", kernel="pyodide", notebooks=())
    assert render_text(empty) == ("0 notebooks on Pyodide 0.29.5: 0 browser, 0 server, 0 unknown\n")


def test_nothing_in_a_notebook_steers_the_terminal() -> None:
    report = make_report()
    notebook = replace(report.notebooks[0], path=HOSTILE, changes=(HOSTILE,))
    candidate = replace(report.port_next[0], project=HOSTILE, command=HOSTILE)
    text = render_text(replace(report, notebooks=(notebook,), port_next=(candidate,)))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b\ufeff]", text)
    assert "\\x1b[31mred\\u202eevil" in text
    assert "[bold]x[/bold]" in text


@settings(max_examples=40)
@given(reports)
def test_every_report_is_within_its_width(report: Report) -> None:
    for line in render_text(report, width=80).splitlines()[:-1]:
        assert cell_len(line) <= 80


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (246_000, "246 kB"),
        (3_100_000, "3.1 MB"),
        (4_294_967_296, "4.3 GB"),
        (5 * 10**12, "5 TB"),
        (10**25, "10,000,000,000,000 TB"),
    ],
)
def test_sizes(size: int, said: str) -> None:
    assert show_size(size) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0%"), (0.001, "1%"), (0.5, "50%"), (0.999, "99%"), (1.0, "100%")],
)
def test_shares(share: float, said: str) -> None:
    assert show_share(share) == said


def test_characters_that_cannot_be_seen_are_written_out() -> None:
    assert show_unseen("a\tb\nc é 猫 😀") == "a\tb\nc é 猫 😀"
    assert show_unseen("\x00\x7f\u2066\U000e0041\ud800") == "\\x00\\x7f\\u2066\\U000e0041\\ud800"
    assert show_line("a\nb\tc") == "a b c"
    assert show_line("x" * 10, 5) == "xxxx…"
