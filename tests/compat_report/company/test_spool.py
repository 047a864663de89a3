"""What is read back from disk is told as what is in memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from compat_report.company.spool import Spool
from compat_report.company.work import PATH
from compat_report.model import Verdict
from compat_report.render import text
from compat_report.render.html import pages
from compat_report.render.write import serialize_reports, write_reports
from compat_report.reported import Footprint, NotebookReport, Report

# Larger than what 64 bits hold, as an estimate of memory can be.
VAST = 10**30


def told(number: int) -> NotebookReport:
    return NotebookReport(
        path=f'a "{number:03}" ä.ipynb',
        sha256="0" * 64,
        verdict=list(Verdict)[number % 3],
        confidence=0.5,
        footprint=Footprint(low=VAST, high=VAST + number),
    )


def spooled(count: int) -> Spool:
    from zlib import compress

    from compat_report.render.json import serialize_notebook

    spool = Spool()
    for number in range(count):
        one = told(number)
        kept = replace(one, path=f"{PATH}.ipynb")
        spool.put(one.path, one.verdict, compress(serialize_notebook(kept)))
    return spool


@pytest.fixture
def both() -> tuple[Report, Report]:
    memory = Report(
        platform="0.29", pyodide="0.29.5", kernel="k", notebooks=tuple(map(told, range(25)))
    )
    return memory, replace(memory, notebooks=spooled(25))


def test_it_is_a_sequence(both: tuple[Report, Report]) -> None:
    memory, disk = both
    assert tuple(disk.notebooks) == memory.notebooks
    assert disk.notebooks[-1] == memory.notebooks[24]
    assert tuple(disk.notebooks[3:9:2]) == memory.notebooks[3:9:2]
    assert len(disk.notebooks) == 25
    with pytest.raises(IndexError):
        disk.notebooks[25]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html"])
def test_every_form_is_the_same(both: tuple[Report, Report], form: str) -> None:
    memory, disk = both
    other = replace(memory, platform="314"), replace(disk, platform="314")
    assert serialize_reports([disk], form) == serialize_reports([memory], form)
    assert serialize_reports([disk, other[1]], form) == serialize_reports([memory, other[0]], form)


@pytest.mark.parametrize("platforms", [["0.29"], ["0.29", "314"]])
def test_pages_of_parts_are_the_same(
    both: tuple[Report, Report],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platforms: list[str],
) -> None:
    monkeypatch.setattr(pages, "MOST_NOTEBOOKS", 10)
    for name, report in zip(("memory", "disk"), both, strict=True):
        reports = [replace(report, platform=platform) for platform in platforms]
        write_reports(reports, "html", tmp_path / name / "report.html")
    files = [
        path.relative_to(tmp_path / "memory") for path in (tmp_path / "memory").rglob("*.html")
    ]
    assert len(files) == 4
    for file in files:
        assert (tmp_path / "disk" / file).read_text() == (tmp_path / "memory" / file).read_text()


def test_many_notebooks_have_lines_in_place_of_a_table(
    both: tuple[Report, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MANY", 10)
    lines = serialize_reports([both[1]], "text").decode().splitlines()
    assert sum('a "' in line for line in lines) == 25
    assert lines[-1].startswith("25 notebooks on Pyodide 0.29.5: 9 browser, 8 server, 8 unknown")
