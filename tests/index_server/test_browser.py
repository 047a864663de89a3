"""A web worker of another origin takes the runtime, its lock file and wheels from the index alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import chromium, origin
from playwright.sync_api import Browser
from servers import Served, serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import open_holdings
from index_server.records.engine import migrate
from index_server.settings import Settings
from porter.home import Home

PLATFORMS = ["0.29", pytest.param("314", marks=pytest.mark.journey)]

WORKER = """
self.onmessage = async ({data: {index, lock, code}}) => {
  try {
    const {loadPyodide} = await import(`${index}/runtime/pyodide.mjs`);
    const options = {indexURL: `${index}/runtime/`};
    if (lock) options.lockFileURL = `${index}/pyodide-lock.json`;
    const pyodide = await loadPyodide(options);
    await pyodide.loadPackagesFromImports(code);
    self.postMessage({value: await pyodide.runPythonAsync(code)});
  } catch (error) {
    self.postMessage({error: String(error)});
  }
};
"""
ASK = """
([index, lock, code]) => new Promise((resolve) => {
  const worker = new Worker("/worker.mjs", {type: "module"});
  worker.onmessage = ({data}) => { worker.terminate(); resolve(data); };
  worker.onerror = (event) => resolve({error: event.message || "the worker failed"});
  worker.postMessage({index, lock, code});
})
"""
MICROPIP = """
import micropip
micropip.set_index_urls(["{index}/simple/"])
await micropip.install("acme-tools")
import acme_tools, acme_base
acme_tools.VALUE + acme_base.VALUE
"""
LOCK = """
import acme_tools, acme_base
acme_tools.VALUE + acme_base.VALUE
"""
LEAK = """
import micropip
micropip.set_index_urls(["{index}/simple/"])
try:
    await micropip.install("acme-nothing")
    answer = "installed"
except ValueError as error:
    answer = str(error)
answer
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("browser")
    index = open_holdings(Settings(data=str(folder / "data")), home)
    migrate(index.engine)
    index.refresh()
    put_wheel(index, make_wheel(folder, "acme-base"))
    put_wheel(index, make_wheel(folder, "acme-tools", requires=["acme-base>=1"]))
    index.engine.dispose()
    with serve_index(folder / "data", home=home.root) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def run(browser: Browser, folder: Path, index: str, code: str, *, lock: bool) -> Any:
    (folder / "worker.mjs").write_text(WORKER)
    (folder / "index.html").write_text("<!doctype html><title>a notebook</title>")
    with origin(folder) as page_url:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_url)
        answer = page.evaluate(ASK, [index, lock, code.format(index=index)])
        page.close()
    # Nothing is asked of anybody else.
    hosts = {url.split("/")[2] for url in asked if url.startswith("http")}
    assert hosts <= {page_url.split("/")[2], index.split("/")[2]}
    return answer


@pytest.mark.parametrize("platform", PLATFORMS)
def test_micropip_installs_from_another_origin(
    browser: Browser, served: Served, tmp_path: Path, platform: str
) -> None:
    index = f"{served.url}/r/{platform}"
    assert run(browser, tmp_path, index, MICROPIP, lock=False) == {"value": 84}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_import_is_enough_with_the_lock_file(
    browser: Browser, served: Served, tmp_path: Path, platform: str
) -> None:
    index = f"{served.url}/r/{platform}"
    assert run(browser, tmp_path, index, LOCK, lock=True) == {"value": 84}


def test_path_tokens_work_where_no_header_can_be_sent(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    with served.admin as client:
        answer = client.post("/api/path-tokens", json={})
    assert answer.status_code == 201, answer.text
    index = f"{json.loads(answer.text)['url']}r/0.29"
    assert run(browser, tmp_path, index, LOCK, lock=True) == {"value": 84}


@pytest.mark.journey
def test_what_the_index_lacks_is_not_looked_for_elsewhere(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    answer = run(browser, tmp_path, f"{served.url}/r/0.29", LEAK, lock=False)
    assert "acme-nothing" in answer["value"]
