"""Pages as files: whole, split, hostile."""

import re
import tracemalloc
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import make_report, reports

from compat_report.model import Severity, Verdict
from compat_report.render.html import pages
from compat_report.render.html.pages import render_html, write_html
from compat_report.reported import Report

VOID = {"meta", "link", "img", "input", "br", "hr"}


class Tags(HTMLParser):
    """Every tag is closed by its own; what each links to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name != "style"
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert (tag, "class" in dict(attrs)) == ("rect", True)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    assert all(link.startswith(("data:image/svg", "#")) or ":" not in link for link in tags.links)
    return tags


@settings(max_examples=25)
@given(st.lists(reports, max_size=2))
def test_every_report_makes_a_page_that_is_whole(made: list[Report]) -> None:
    page = render_html(made)
    check(page)
    assert page.count("<script>") == 1
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in page


def test_what_is_there_is_shown() -> None:
    page = render_html([make_report()])
    for text in (
        "1 of 4 notebooks runs in a browser",
        "jobs/threads.ipynb",
        "a browser&#39;s Python cannot start a thread",
        "t = threading.Thread(target=work)",
        "porter new psycopg --from pkg:pypi/psycopg@3.2.1",
        "180.0 MB to 420.0 MB of a tab's 4.3 GB",
    ):
        assert text in page, text
    assert "Platform by platform" not in page


def test_several_platforms_have_a_matrix() -> None:
    other = make_report("314.0.7")
    better = replace(other.notebooks[3], verdict=Verdict.BROWSER, cells=(), findings=())
    page = render_html([make_report(), replace(other, notebooks=(*other.notebooks[:3], better))])
    check(page)
    matrix = page[page.index("Platform by platform") : page.index('id="notebooks"')]
    [row] = re.findall(r"<tr>(?:(?!</tr>).)*orders\.ipynb.*?</tr>", matrix, re.DOTALL)
    assert re.findall(r"mark (\w+)", row) == ["server", "browser"]
    assert re.findall(r'<a href="#(n\d)">', matrix) == ["n4", "n1", "n2", "n3"]
    assert "Only on 0.29.5" in page


HOSTILE = [
    "<script>boom()</script>",
    "</script></style></title></pre><svg onload=boom()>",
    "\"'><img src=x onerror=boom()>",
    "javascript:boom()",
    "{{ boom() }}{% raw %}",
    "<!--",
    "\x1b[2J\u202egnp.exe\u2066\x00\ufeff",
    "half \ud800 a pair",
]


def hostile(text: str) -> Report:
    """A report with the text wherever one of a notebook's can be."""
    report = make_report()
    notebook = report.notebooks[1]
    cell = notebook.cells[1]
    found = replace(
        cell.findings[0], code=text, subject=text, message=text, advice=text, chain=(text, text)
    )
    return replace(
        report,
        platform=text,
        pyodide=text,
        kernel=text,
        notebooks=(
            replace(
                notebook,
                path=text,
                cells=(replace(cell, source=text, findings=(found,), id=text),),
                findings=(replace(found, severity=Severity.UNKNOWN),),
                requirements=tuple(
                    replace(it, name=text, version=text, origin=text)
                    for it in notebook.requirements
                ),
                footprint=replace(
                    notebook.footprint,
                    evidence=tuple(replace(it, what=text) for it in notebook.footprint.evidence),
                ),
                blockers=(text,),
                changes=(text,),
            ),
        ),
        port_next=tuple(
            replace(it, project=text, command=text, hardness=text, languages=(text,))
            for it in report.port_next
        ),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_notebook_is_markup(text: str, tmp_path: Path) -> None:
    reports = [hostile(text), hostile(text)]
    [page] = write_html(reports, tmp_path / "report.html")
    written = page.read_text("utf-8")
    tags = check(written)
    clean = check(render_html([hostile("plain"), hostile("plain")]))
    assert tags.links == clean.links
    assert written.count("<") == render_html([hostile("plain")] * 2).count("<")
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", written
    )


def many(count: int, source: str = "x = 1") -> Report:
    notebook = make_report().notebooks[1]
    cells = tuple(replace(cell, source=source) for cell in notebook.cells)
    return replace(
        make_report(),
        notebooks=tuple(replace(notebook, path=f"{n:06}.ipynb", cells=cells) for n in range(count)),
    )


def test_a_short_report_is_one_file(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert write_html([make_report()], target) == (target,)
    assert target.read_text("utf-8") == render_html([make_report()])
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    write_html([], target)
    assert "No report" in target.read_text("utf-8")


def test_a_long_report_is_an_index_with_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_NOTEBOOKS", 10)
    target = tmp_path / "my report.html"
    written = write_html([many(25), many(21)], target)
    assert [path.name for path in written] == ["my report.html", "1.html", "2.html", "3.html"]
    texts = {path: path.read_text("utf-8") for path in written}
    for path, text in texts.items():
        for link in check(text).links:
            if not link.startswith(("data:", "#")):
                assert unquote(urljoin(path.as_uri(), link)) in {
                    unquote(p.as_uri()) for p in written
                }
    assert "000010.ipynb … 000019.ipynb" in texts[target]
    shown = [re.findall(r"<summary><h3>(\d+)\.ipynb", text) for text in texts.values()]
    assert [len(part) for part in shown] == [0, 10, 10, 5]
    assert [name for part in shown for name in part] == [f"{n:06}" for n in range(25)]
    # What an earlier, longer report left is gone.
    write_html([many(12)], target)
    assert len(list(written[1].parent.iterdir())) == 2


def test_long_cells_split_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_TEXT", 100_000)
    written = write_html([many(10, "y = 2\n" * 5000)], tmp_path / "report.html")
    assert 4 < len(written) < 12
    for path in written:
        assert path.stat().st_size < 200_000


def test_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_NOTEBOOKS", 50)

    def height(count: int) -> int:
        report = many(count)
        tracemalloc.start()
        write_html([report], tmp_path / f"{count}.html")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    height(1)
    # A page of one notebook is some four kilobytes, and the paths are held.
    assert height(600) < height(60) + 600 * 1000
