"""The pages in a real browser: Try it, the keyboard alone, hostile wheels, accessibility."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from audit.corpus import SUFFIX, Case, compile_case
from audit.corpus import make_wheel as make_wasm_wheel
from browsing import chromium
from playwright.sync_api import Browser, BrowserContext, Page
from servers import Served, serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings, open_holdings
from index_server.model import AuditSummary, Stage, Status
from index_server.records.database import set_status
from index_server.records.engine import migrate
from index_server.settings import Settings
from porter.home import Home
from porter.npm import fetch_npm_package
from porter.platform import Platform
from porter.toolchain.model import Toolchain

AXE = "pkg:npm/axe-core@4.14.1"
AXE_INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
# Each calls boom() where it is taken for markup or code.
SCRIPT = "<script>boom()</script>"
IMAGE = "\"'><img src=x onerror=boom()>"
CLOSING = "</textarea></title></style></code><svg onload=boom()>"
LINK = '<a href="javascript:boom()">{{ boom() }}</a>'
TRIED = "#try[data-outcome]"
PATIENCE = 60_000
ENDLESS = "while True:\n    print('on and on')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page of a server, and what went wrong on it."""

    page: Page
    site: Served
    wrong: list[str]

    def open(self, path: str) -> Page:
        response = self.page.goto(f"{self.site.url}{path}")
        assert response is not None
        return self.page


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    home: Home,
    env: dict[str, str],
    platform: Platform,
    toolchain: Toolchain,
) -> Iterator[Served]:
    """A server with a wheel of C, pure ones, one that is hostile, and some that are held back."""
    folder = tmp_path_factory.mktemp("pages")
    index = open_holdings(Settings(data=str(folder / "data")), home)
    migrate(index.engine)
    index.refresh()
    case = Case(name="answer", code="", seen="", body="r = 42;")
    module = compile_case(case, folder, toolchain=toolchain, env=env)
    compiled = make_wasm_wheel(folder, {f"m{SUFFIX}": module}, platform=platform)
    audits = (AuditSummary(platform="0.29", clean=True, blocked=False),)
    put_wheel(index, compiled, audits=audits, summary="The answer, in C")
    put_wheel(index, make_wheel(folder, "acme-base"))
    put_wheel(index, make_wheel(folder, "acme-tools", requires=["acme-base"]))
    put_wheel(index, make_wheel(folder, "secret"), stage=Stage.STAGING)
    put_wheel(index, make_wheel(folder, "poison"), quarantine="audit: link-error")
    put_hostile(index, folder)
    for number in range(31):
        put_wheel(index, make_wheel(folder, f"sample-{number:02d}"))
    index.engine.dispose()
    with serve_index(folder / "data", home=home.root) as server:
        yield server


def put_hostile(index: Holdings, folder: Path) -> None:
    """A wheel that is past every check, each of its texts an attempt to be run."""
    texts = (SCRIPT, IMAGE, CLOSING, LINK)
    for number, text in enumerate(texts):
        # A file name on disk has no slash.
        tag = f"py3-none-any{text.replace('/', '')}" if number else "py3-none-any"
        wheel = make_wheel(folder, "hostile", f"1.{number}", tag="py3-none-any")
        named = wheel.rename(wheel.with_name(f"hostile-1.{number}-{tag}.whl"))
        put_wheel(
            index,
            named,
            summary=text,
            imports=texts,
            requires=texts,
            uploaded_by=text,
            requires_python=text,
            yanked=text if number == 2 else None,
            attested=True,
            audits=(AuditSummary(platform=text, clean=False, blocked=False, findings=texts),),
        )
    set_status(index.engine, "hostile", Status.DEPRECATED, IMAGE + SCRIPT, actor=IMAGE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def visit(context: BrowserContext, site: Served) -> Iterator[Visit]:
    """A visit on which nothing may go wrong: no error, no refused request, no broken policy."""
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    # What the next page cuts off did not fail.
    page.on(
        "requestfailed",
        lambda asked: wrong.append(asked.url) if asked.failure != "net::ERR_ABORTED" else None,
    )
    yield Visit(page=page, site=site, wrong=wrong)
    assert wrong == []


def enter(page: Page, site: Served) -> None:
    page.goto(f"{site.url}/login")
    page.fill("#token", site.token)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{site.url}/")


def test_try_it_installs_the_wheel_from_this_server_and_runs_it(visit: Visit) -> None:
    page = visit.open("/project/m/")
    assert "import m\n" in page.input_value("#code")
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.fill("#code", "import m, sys\nprint('on', sys.platform)\nm.call()")
    page.click("#run")
    page.wait_for_selector(TRIED, timeout=PATIENCE)
    assert page.text_content("#output") == "on emscripten\n42\n"
    assert page.get_attribute("#try", "data-outcome") == "done"
    phases = page.locator("#phases li").all_inner_texts()
    assert [re.sub(r"\s*\d+\.\d\d s$", "", text) for text in phases] == [
        "Starting Pyodide 0.29.5",
        "Installing m 1.0",
        "Running",
    ]
    assert any(url.endswith(".whl") and "/files/" in url for url in asked)
    assert all(url.startswith(visit.site.url) for url in asked)
    # The runtime is kept: the next run begins at once, and shows what was raised.
    page.fill("#code", "1 / 0")
    page.press("#code", "Control+Enter")
    page.wait_for_selector("#try[data-outcome=raised]")
    assert page.locator("#phases li").count() == 1
    told = page.text_content("#output") or ""
    assert told.startswith('Traceback (most recent call last):\n  File "snippet.py", line 1')
    assert told.endswith("ZeroDivisionError: division by zero\n")
    # What an uploader wrote reaches the runtime and the wheels, and neither the pages nor others.
    page.fill("#code", REACH.replace("ORIGIN", visit.site.url))
    page.press("#code", "Control+Enter")
    page.wait_for_selector("#try[data-outcome=done]")
    assert page.text_content("#output") == "/r/0.29/simple/ 200\n"


REACH = """
from pyodide.http import pyfetch
for path in ["/", "/tokens", "/api/whoami", "/legacy/", "/r/0.29/simple/"]:
    try:
        print(path, (await pyfetch("ORIGIN" + path)).status)
    except OSError:
        pass
"""


@pytest.mark.journey
def test_a_snippet_that_never_ends_is_stopped(visit: Visit) -> None:
    page = visit.open("/project/acme-tools/")
    page.fill("#code", ENDLESS)
    page.click("#run")
    page.wait_for_selector("#output .out", timeout=PATIENCE)
    page.wait_for_function("document.querySelector('#output').textContent.includes('not shown')")
    assert len(page.text_content("#output") or "") < 250_000
    page.click("#stop")
    page.wait_for_selector("#try[data-outcome=stopped]")
    page.fill("#code", "import acme_tools, acme_base\nacme_tools.VALUE + acme_base.VALUE")
    page.click("#run")
    page.wait_for_selector(TRIED, timeout=PATIENCE)
    assert page.text_content("#output") == "84\n"


@pytest.mark.journey
def test_a_closed_index_is_tried_with_a_token_in_the_path(
    browser: Browser, home: Home, tmp_path: Path
) -> None:
    folder = tmp_path / "closed"
    index = open_holdings(Settings(data=str(folder)), home)
    migrate(index.engine)
    index.refresh()
    put_wheel(index, make_wheel(tmp_path, "acme-tools"))
    index.engine.dispose()
    (folder / "porter-index.toml").write_text('reading = "token"\n')
    with serve_index(folder, home=home.root) as server:
        with server.admin as client:
            made = client.post("/api/path-tokens", json={"seconds": 600}).json()
        page = browser.new_page()
        page.goto(f"{server.url}/project/acme-tools/")
        assert page.url.endswith("/login?next=%2Fproject%2Facme-tools%2F")
        page.goto(f"{made['url']}project/acme-tools/")
        page.click("#run")
        page.wait_for_selector(TRIED, timeout=PATIENCE)
        assert "acme-tools 1.0 runs in this browser" in (page.text_content("#output") or "")
        # And with a session, whose cookie the worker's requests carry.
        page.goto(f"{server.url}/login?next=%2Fproject%2Facme-tools%2F")
        page.fill("#token", server.token)
        page.click("main button[type=submit]")
        page.wait_for_url("**/project/acme-tools/")
        page.click("#run")
        page.wait_for_selector(TRIED, timeout=PATIENCE)
        assert page.get_attribute("#try", "data-outcome") == "done"
        page.close()


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit.open("/project/acme-tools/")

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))

    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if focused() == "code":
            break
    assert focused() == "code"
    page.keyboard.press("Control+A")
    page.keyboard.type("if True:")
    page.keyboard.press("Enter")
    page.keyboard.type("x = 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("y")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    assert page.input_value("#code") == "if True:\n    x = 1\n"
    # Tab indents, so Escape lets go of it.
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert focused() == "runtime"
    page.keyboard.press("ArrowDown")
    assert page.input_value("#runtime") == "314"
    page.keyboard.press("Tab")
    assert focused() == "run"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert focused() == "code"
    page.keyboard.press("Shift+Tab")
    assert focused() != "code"


@pytest.mark.journey
def test_try_it_behind_a_proxy_that_adds_a_path(
    context: BrowserContext, home: Home, tmp_path: Path
) -> None:
    folder = tmp_path / "proxied"
    folder.mkdir()
    (folder / "porter-index.toml").write_text('proxies = ["127.0.0.1"]\n')
    index = open_holdings(Settings(data=str(folder)), home)
    migrate(index.engine)
    index.refresh()
    put_wheel(index, make_wheel(tmp_path, "acme-tools"))
    index.engine.dispose()
    with serve_index(folder, home=home.root) as server, proxy(server.url, "/py/index") as url:
        page = context.new_page()
        page.goto(f"{url}/")
        page.click("text=acme-tools")
        assert page.url == f"{url}/project/acme-tools/"
        page.click("#run")
        page.wait_for_selector(TRIED, timeout=PATIENCE)
        assert "acme-tools 1.0 runs in this browser" in (page.text_content("#output") or "")


@contextmanager
def proxy(url: str, path: str) -> Iterator[str]:
    """A proxy before a server, that shows it below a path: its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{path}/"):
                self.send_error(404)
                return
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            headers |= {"x-forwarded-host": self.headers["Host"], "x-forwarded-prefix": path}
            with client.stream("GET", url + self.path.removeprefix(path), headers=headers) as got:
                body = b"".join(got.iter_raw())
            self.send_response(got.status_code)
            for name, value in got.headers.items():
                if name not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # http.server's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        with httpx.Client(timeout=60) as client:
            yield f"http://127.0.0.1:{server.server_address[1]}{path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


HOSTILE_PAGES = [
    "/project/hostile/",
    "/?q=hostile",
    f"/?q={IMAGE}",
    f"/?q={CLOSING}&sort={SCRIPT}&page={SCRIPT}",
    f"/project/{SCRIPT.replace('/', '%2F')}",
    f"/{IMAGE}",
    "/log",
    f"/log?project={IMAGE}",
    f"/login?next={IMAGE}",
    "/login?next=javascript:boom()",
    "/tokens",
]


def test_nothing_that_an_uploader_wrote_is_run(visit: Visit) -> None:
    enter(visit.page, visit.site)
    visit.page.add_init_script(
        "window.boom = () => (window.boomed = true);"
        "addEventListener('securitypolicyviolation', () => (window.violated = true));"
    )
    for path in HOSTILE_PAGES:
        page = visit.open(path)
        for summary in page.locator("summary").all():
            if not summary.evaluate("it => it.parentElement.open"):
                summary.click()
        assert page.evaluate("[window.boomed, window.violated]") == [None, None], path
        assert page.locator("[onerror], [onload], [src=x], a[href^=javascript]").count() == 0, path
        assert page.locator("script").count() == 1, path
    visit.open("/project/hostile/")
    assert SCRIPT in visit.page.inner_text("main")
    # Pages that are not there say so to the console too.
    visit.wrong[:] = [text for text in visit.wrong if "404" not in text]


def test_every_page_sends_its_policy(site: Served) -> None:
    with site.admin as client:
        for path in ("/", "/project/m/", "/login", "/log", "/tokens", "/project/none/", "/none"):
            headers = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}
            answer = client.get(path, headers=headers)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe-inline" not in policy
            assert "'unsafe-eval'" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "<script>" not in answer.text
            assert " style=" not in answer.text
            assert not re.search(r' on\w+="', answer.text)
            # No address of another host is in a page: nothing is loaded from there.
            assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.text), path


def test_addresses_of_static_files_change_with_their_content(site: Served) -> None:
    with site.client as client:
        text = client.get("/").text
        paths = re.findall(r'"(/static/[^"]+)"', text)
        assert len(set(paths)) == 3
        for path in set(paths):
            answer = client.get(path)
            assert answer.headers["cache-control"] == "max-age=31536000, immutable"
            tag = {"if-none-match": answer.headers["etag"]}
            assert client.get(path, headers=tag).status_code == 304
        other = client.get(re.sub(r"/static/\w+/", "/static/0/", paths[0]))
        assert other.headers["cache-control"] == "no-cache"
        assert client.get("/static/0/routes.py").status_code == 404
        assert client.get("/static/0/..%2froutes.py").status_code == 404


def test_names_are_normalised(site: Served) -> None:
    with site.client as client:
        for asked in ("/project/Acme_Tools/", "/project/acme.tools", "/project/acme-tools"):
            answer = client.get(asked)
            assert answer.status_code == 301
            assert answer.headers["location"] == f"{site.url}/project/acme-tools/"


@pytest.mark.parametrize("name", ["secret", "poison"])
def test_what_is_held_back_is_shown_to_those_who_may_see_it(site: Served, name: str) -> None:
    with site.client as anybody, site.admin as admin:
        assert f"/project/{name}/" not in anybody.get(f"/?q={name}").text
        assert f"{name}-1.0" not in anybody.get(f"/project/{name}/").text
        assert f"/project/{name}/" in admin.get(f"/?q={name}").text
        assert f"{name}-1.0" in admin.get(f"/project/{name}/").text


def test_pages_of_a_long_list(visit: Visit) -> None:
    page = visit.open("/?q=sample")
    assert page.locator(".projects li h3").count() == 30
    page.click("a[rel=next]")
    assert page.locator(".projects li h3").count() == 1
    assert page.locator("a[rel=next]").count() == 0
    assert page.input_value("#q") == "sample"


def test_tokens_are_made_shown_once_and_revoked(visit: Visit) -> None:
    enter(visit.page, visit.site)
    page = visit.open("/tokens")
    page.fill("#name", "ci")
    page.check("input[value=upload]")
    page.fill("#projects", "acme-*, m")
    page.click("text=Make the token")
    token = page.inner_text(".banner pre")
    with httpx.Client(base_url=visit.site.url, auth=("__token__", token)) as client:
        assert client.get("/api/whoami").json() == {
            "name": "ci",
            "permissions": ["read", "upload"],
            "projects": ["acme-*", "m"],
        }
        page.goto(f"{visit.site.url}/tokens")
        assert token not in page.content()
        page.click("[aria-label='Revoke ci']")
        page.wait_for_load_state()
        assert page.locator("[aria-label='Revoke ci']").count() == 0
        assert client.get("/api/whoami").status_code == 401
    page.click("text=Make the address")
    address = page.inner_text(".banner pre")
    assert httpx.get(f"{address}simple/").status_code == 200
    page.goto(f"{visit.site.url}/log")
    assert "create token" in page.inner_text("table")


def test_the_forms_of_tokens_are_for_the_pages_of_this_site(site: Served) -> None:
    with site.client as client:
        entered = client.post("/login", data={"token": site.token}, headers={"origin": site.url})
        assert entered.status_code == 303
        for path in ("/tokens", "/tokens/revoke", "/tokens/browser"):
            evil = {"origin": "https://evil.example"}
            assert client.post(path, data={"name": "x"}, headers=evil).status_code == 403
        form = {"name": "<b>", "permission": "read", "days": "90"}
        refused = client.post("/tokens", data=form, headers={"origin": site.url})
        assert refused.status_code == 400
        assert "is no name for a token" in refused.text
    with site.client as anybody:
        assert anybody.get("/tokens").status_code == 401
        assert anybody.post("/tokens", data={"name": "x"}).status_code in (401, 403)


def test_the_log_is_read_a_page_at_a_time_to_its_beginning(site: Served) -> None:
    with site.admin as client:
        for number in range(101):
            made = client.post("/api/tokens", json={"name": f"t{number}", "permissions": ["read"]})
            assert made.status_code == 201, made.text
    with httpx.Client(base_url=site.url, auth=("__token__", site.token)) as client:
        address, read = "/log", 0
        while address:
            page = client.get(address).text
            read += page.count("<time ")
            assert (">Newest<" in page) is ("before=" in address)
            older = re.findall(r'href="(\?[^"]*before=\d+)"', page)
            address = f"/log{older[0].replace('&amp;', '&')}" if older else ""
        told = client.get("/api/events?limit=1000").json()["events"]
    assert read == len(told) > 100


READ = ["/", "/?q=nothing", "/project/m/", "/project/hostile/", "/tokens", "/log", "/none"]


@pytest.mark.parametrize(
    ("scheme", "rules"), [("light", "{}"), ("dark", "{runOnly: ['color-contrast']}")]
)
def test_accessibility(
    context: BrowserContext, site: Served, home: Home, env: dict[str, str], scheme: str, rules: str
) -> None:
    folder = fetch_npm_package(
        AXE, integrity=AXE_INTEGRITY, home=home, into=home.downloads, env=env
    )
    axe = (folder / "axe.min.js").read_text("utf-8")
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    enter(page, site)
    for path in READ:
        page.goto(f"{site.url}{path}")
        page.evaluate("document.querySelectorAll('details').forEach((it) => (it.open = true))")
        page.evaluate(axe)
        found = page.evaluate(f"axe.run({rules}).then((result) => result.violations)")
        told = [(f["id"], [node["target"] for node in f["nodes"]][:3]) for f in found]
        assert told == [], path


def test_nothing_is_wider_than_a_small_screen(context: BrowserContext, site: Served) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    enter(page, site)
    for path in READ:
        page.goto(f"{site.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_pages_are_readable_without_javascript(browser: Browser, site: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/project/m/")
    assert "Try it needs JavaScript" in page.inner_text("#try")
    assert "m-1.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl" in page.inner_text("main")
    page.goto(f"{site.url}/")
    page.fill("#q", "answer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=answer")
    assert [text.split() for text in page.locator(".projects h3").all_inner_texts()] == [
        ["m", "1.0"]
    ]
    context.close()
