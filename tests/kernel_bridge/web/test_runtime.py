import json
import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from browsing import chromium
from labs import Lab
from playwright.sync_api import Browser
from servers import Served
from uploading import post_wheel
from wheels import make_wheel

from kernel_bridge.runtime import read_parts

# A module worker, as the kernel's is; it tells what the page asked of it.
WORKER = """
const options = JSON.parse(`OPTIONS`);
const own = (path) => new URL(path, options.origin).href;
const { loadPyodide } = await import(options.pyodideUrl);
const began = performance.now();
const pyodide = await loadPyodide({
  indexURL: options.pyodideUrl.replace(/[^/]*$/, ""),
  lockFileURL: own(options.lockFileUrl),
  stdLibURL: own(options.stdlibUrl),
  packages: options.packages,
});
const loaded = performance.now();
const told = await pyodide.runPythonAsync(`
import pyodide_kernel, piplite, jedi, sys
shell = pyodide_kernel.kernel_instance.interpreter
f"{type(shell).__name__} {sys.version_info[0]}.{sys.version_info[1]} {pyodide_kernel.__file__}"
`);
const imported = performance.now();
await pyodide.loadPackagesFromImports("import acme_bridge, ipywidgets");
const both = await pyodide.runPythonAsync(
  "import acme_bridge, ipywidgets; f'{acme_bridge.VALUE} {ipywidgets.__version__}'"
);
const isolated = self.crossOriginIsolated;
postMessage({ told, both, isolated, load: loaded - began, import: imported - loaded });
"""
PAGE = """(source) => new Promise((resolve, reject) => {
  const blob = new Blob([source], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(blob), { type: "module" });
  worker.onmessage = (event) => resolve(event.data);
  worker.onerror = (event) => reject(new Error(event.message));
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_the_lock_file_is_the_indexs_with_the_kernels_wheels(indexed: Lab, index: Served) -> None:
    with indexed.client as client, index.client as asking:
        answer = client.get("/porter/pyodide-lock.json")
        assert answer.status_code == 200, answer.text
        packages = answer.json()["packages"]
        theirs = asking.get("/r/314/pyodide-lock.json").json()
        assert answer.json()["info"] == theirs["info"]
        assert set(theirs["packages"]) <= set(packages)
        assert set(read_parts().start) <= set(packages)
        wheel = packages["ipython"]
        found = client.get(f"/porter/{wheel['file_name']}")
        assert found.status_code == 200
        assert "immutable" in found.headers["Cache-Control"]
        etag = {"If-None-Match": answer.headers["ETag"]}
        assert client.get("/porter/pyodide-lock.json", headers=etag).status_code == 304


def test_what_the_index_takes_in_is_in_the_next_lock_file(
    indexed: Lab, index: Served, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "acme-later")
    with index.admin as admin, indexed.client as client:
        assert "acme-later" not in client.get("/porter/pyodide-lock.json").json()["packages"]
        assert post_wheel(admin, wheel).status_code == 200
        index.await_project("acme-later")
        packages = client.get("/porter/pyodide-lock.json").json()["packages"]
        assert packages["acme-later"]["file_name"].endswith("/acme_later-1.0-py3-none-any.whl")


def test_a_wheel_that_was_asked_for_comes_compiled_from_then_on(
    indexed: Lab, index: Served, tmp_path: Path
) -> None:
    # Of no cache of an earlier run.
    members = {"acme_ahead.py": f"VALUE = {os.urandom(8).hex()!r}\n".encode()}
    wheel = make_wheel(tmp_path, "acme-ahead", members=members)
    with index.admin as admin:
        assert post_wheel(admin, wheel).status_code == 200
        index.await_project("acme-ahead")
    with indexed.client as client:
        first = locked(client, "acme-ahead")
        assert first["file_name"].startswith(f"wheels/{first['sha256']}/")
        answer = client.get(f"/porter/{first['file_name']}")
        assert answer.status_code == 307
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Location"].startswith(index.url)
        assert httpx.get(answer.headers["Location"]).content == wheel.read_bytes()
        until = time.monotonic() + 120
        while (then := locked(client, "acme-ahead")) == first and time.monotonic() < until:
            time.sleep(0.1)
        assert then["file_name"].startswith(f"files/{then['sha256']}/acme_ahead-1.0-")
        for coding in ("gzip", "identity"):
            found = client.get(f"/porter/{then['file_name']}", headers={"Accept-Encoding": coding})
            assert sha256(found.content).hexdigest() == then["sha256"]
            assert found.headers.get("Content-Encoding", "identity") == coding
            assert "immutable" in found.headers["Cache-Control"]
    with indexed.stranger as stranger:
        for one in (first, then):
            assert stranger.get(f"/porter/{one['file_name']}").status_code == 403


def locked(client: httpx.Client, project: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/porter/pyodide-lock.json").json()["packages"][project]
    return found


def test_what_is_not_served_is_not_there(indexed: Lab) -> None:
    with indexed.client as client:
        answer = client.get(f"/porter/files/{'0' * 64}/x-1-py3-none-any.whl")
        assert answer.status_code == 404
        assert answer.json()["error"] == "NotThere"
        assert client.get("/porter/files/%2e%2e/kernel.toml").status_code == 404
        answer = client.get(f"/porter/wheels/{'0' * 64}/x-1-py3-none-any.whl")
        assert (answer.status_code, answer.json()["error"]) == (404, "NotThere")
    with indexed.stranger as stranger:
        assert stranger.get("/porter/pyodide-lock.json").status_code == 403


def test_without_an_index_it_says_so(lab: Lab) -> None:
    with lab.client as client:
        answer = client.get("/porter/pyodide-lock.json")
    assert answer.status_code == 404
    assert answer.json()["advice"] == "set c.PorterBridge.index"


def test_an_index_that_is_away_is_named_without_its_token(far: Lab) -> None:
    with far.client as client:
        answer = client.get("/porter/pyodide-lock.json")
        assert answer.status_code == 502
        assert "http://127.0.0.1:9 does not answer" in answer.json()["message"]
        assert "hush" not in answer.text + far.output.read_text()


@pytest.mark.journey
def test_a_worker_loads_the_kernel_at_once_and_asks_nobody_else(
    indexed: Lab, index: Served, browser: Browser, tmp_path: Path
) -> None:
    with index.admin as admin:
        assert post_wheel(admin, make_wheel(tmp_path, "acme-bridge")).status_code == 200
        index.await_project("acme-bridge")
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.request.get(f"{indexed.url}/lab?token={indexed.token}")
    options = indexed.options()
    page = context.new_page()
    # A page of the server's that runs nothing of its own.
    page.goto(f"{indexed.url}/static/logo/logo.png")
    program = WORKER.replace("OPTIONS", json.dumps({**options, "origin": indexed.url}))
    told: dict[str, Any] = page.evaluate(PAGE, program)
    assert told["told"].startswith("Interpreter 3.14 ")
    assert told["both"].startswith("42 8.")
    assert told["isolated"] is True
    known = {urlsplit(one).netloc for one in (indexed.url, index.url)}
    assert {urlsplit(url).netloc for url in asked if url.startswith("http")} <= known
    print({name: told[name] for name in ("load", "import")})
