"""The page in a real browser: filters, the keyboard alone, nothing asked for, accessibility."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from browsing import chromium
from playwright.sync_api import Browser, Page
from reports import make_report

from compat_report.model import Verdict
from compat_report.render.html.pages import write_html
from compat_report.reported import Report
from porter.home import Home
from porter.npm import fetch_npm_package

AXE = "pkg:npm/axe-core@4.14.1"
AXE_INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
SCRIPT = "</pre></script><script>boom()</script><img src=x onerror=boom()>"
SHOWN = "li.notebook:not([hidden]) h3"
# What is not drawn yet cannot be measured.
DRAWN = (
    "document.querySelectorAll('.notebook').forEach((it) => (it.style.contentVisibility = 'visible'));"
    "document.querySelectorAll('details').forEach((it) => (it.open = true))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page of a file, what it asked for and what it complained of."""

    page: Page
    asked: list[str]
    wrong: list[str]


def other_platform() -> Report:
    other = make_report("314.0.7")
    orders = replace(other.notebooks[3], verdict=Verdict.BROWSER, findings=(), changes=("none",))
    return replace(other, notebooks=(*other.notebooks[:3], orders))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two platforms, and a notebook whose every text is hostile."""
    report = make_report()
    notebook = report.notebooks[1]
    cells = tuple(replace(cell, source=f"{SCRIPT}\n{cell.source}") for cell in notebook.cells)
    hostile = replace(notebook, path=SCRIPT, cells=cells, changes=(SCRIPT, "javascript:boom()"))
    target = tmp_path_factory.mktemp("report") / "report.html"
    notebooks = (*report.notebooks, hostile)
    write_html([replace(report, notebooks=notebooks), other_platform()], target)
    return target


@pytest.fixture
def visit(browser: Browser, written: Path) -> Iterator[Visit]:
    context = browser.new_context()
    page = context.new_page()
    made = Visit(page=page, asked=[], wrong=[])
    page.on("pageerror", lambda error: made.wrong.append(str(error)))
    page.on("console", lambda said: made.wrong.append(said.text))
    page.on("request", lambda request: made.asked.append(request.url))
    page.add_init_script(
        "window.boom = () => (window.boomed = true);"
        "addEventListener('securitypolicyviolation', () => (window.violated = true));"
    )
    page.goto(written.as_uri())
    yield made
    assert made.wrong == []
    assert {url.partition("#")[0] for url in made.asked} == {written.as_uri()}
    assert page.evaluate("[window.boomed, window.violated]") == [None, None]
    context.close()


def test_search_and_filters_show_what_fits_and_say_how_many(visit: Visit) -> None:
    page = visit.page
    assert page.locator(SHOWN).count() == 5
    page.fill("#q", "psycopg  SQL/")
    assert page.locator(SHOWN).all_text_contents() == ["sql/orders.ipynb"]
    assert page.inner_text("#shown") == "1 of 5 notebooks shown"
    page.fill("#q", "nothing is called that")
    assert page.is_visible("#none")
    page.fill("#q", "")
    for value in ("browser", "server"):
        page.uncheck(f"input[value={value}]")
    assert page.locator(SHOWN).all_text_contents() == ["old/py2.ipynb"]
    page.check("input[value=browser]")
    assert "sql/orders.ipynb" in page.locator(SHOWN).all_text_contents()


def test_the_keyboard_alone_reaches_and_does_everything(visit: Visit) -> None:
    page = visit.page
    assert (
        page.evaluate("document.querySelectorAll('[tabindex]:not([tabindex=\"0\"])').length") == 1
    )
    wanted = page.evaluate(
        "[...document.querySelectorAll('a, button, input, summary, [tabindex=\"0\"]')].length"
    )
    reached: list[str] = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName + document.activeElement.id"))
        drawn = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert drawn != "none", reached[-1]
    assert "BODY" not in reached
    assert reached.count("SUMMARY") == 5
    page.focus("#q")
    page.keyboard.type("threads")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert not page.is_checked("input[value=browser]")
    page.focus(f"{SHOWN} >> xpath=..")
    page.keyboard.press("Enter")
    page.wait_for_selector("details[open] .found.server", state="visible")
    page.focus("#close")
    page.keyboard.press("Enter")
    assert page.locator("details[open]").count() == 0


def test_a_link_of_the_matrix_opens_its_notebook(visit: Visit) -> None:
    page = visit.page
    page.click("table a >> text=old/py2.ipynb")
    page.wait_for_selector("details[open]")
    assert page.locator("details[open] h3").all_inner_texts() == ["old/py2.ipynb"]


def test_a_command_is_copied(visit: Visit) -> None:
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("button.copy")
    page.wait_for_selector("button.copy >> text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "porter new psycopg --from pkg:pypi/psycopg@3.2.1"


def test_nothing_that_a_notebook_says_is_run(visit: Visit) -> None:
    page = visit.page
    page.click("#open")
    assert page.locator("[onerror], [onload], a[href^=javascript], img[src=x]").count() == 0
    assert page.locator("script").count() == 1
    assert SCRIPT in page.inner_text("main")


@pytest.mark.parametrize(
    ("scheme", "rules"), [("light", "{}"), ("dark", "{runOnly: ['color-contrast']}")]
)
def test_accessibility(
    visit: Visit, home: Home, env: dict[str, str], scheme: str, rules: str
) -> None:
    folder = fetch_npm_package(
        AXE, integrity=AXE_INTEGRITY, home=home, into=home.downloads, env=env
    )
    page = visit.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.evaluate(DRAWN)
    page.evaluate((folder / "axe.min.js").read_text("utf-8"))
    result = page.evaluate(f"axe.run({rules})")
    told = [(f["id"], [node["target"] for node in f["nodes"]][:3]) for f in result["violations"]]
    assert told == []
    passed = {found["id"]: len(found["nodes"]) for found in result["passes"]}
    assert passed["color-contrast"] > 50


def test_nothing_is_wider_than_a_small_screen_or_paper(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate(DRAWN)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.emulate_media(media="print")
    assert not page.is_visible("#tools")
    page.set_viewport_size({"width": 700, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_it_is_readable_without_javascript(browser: Browser, written: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written.as_uri())
    assert not page.is_visible("#tools")
    assert page.locator(SHOWN).count() == 5
    page.click("summary >> text=jobs/threads.ipynb")
    assert "cannot start a thread" in page.inner_text("main")
    context.close()
