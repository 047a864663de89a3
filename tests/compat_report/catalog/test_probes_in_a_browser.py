"""What Node cannot prove of the standard library, a browser does."""

import shutil
from pathlib import Path

import pytest
from browsing import chromium, origin

from compat_report.catalog.stdlib import read_table
from porter.runtime import Runtime

PAGE = """<!doctype html><script type="module">
const worker = new Worker("worker.mjs", { type: "module" });
worker.onmessage = (message) => { document.title = "told"; window.told = message.data; };
worker.postMessage(location.hash.slice(1));
</script>"""
WORKER = """import { loadPyodide } from "./runtime/pyodide.mjs";
onmessage = async (message) => {
  const pyodide = await loadPyodide({ indexURL: new URL("./runtime/", location.href).href });
  const told = {};
  for (const [name, code] of Object.entries(JSON.parse(decodeURIComponent(message.data)))) {
    try { pyodide.runPython(code); told[name] = ""; }
    catch (error) { told[name] = error.type ?? String(error); }
  }
  postMessage(told);
};"""


@pytest.mark.journey
def test_what_only_a_browser_can_prove(runtime: Runtime, tmp_path: Path) -> None:
    import json
    from urllib.parse import quote

    probes = {name: one["probe"] for name, one in read_table()["broken"].items() if "host" in one}
    assert probes
    shutil.copytree(runtime.folder, tmp_path / "runtime")
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "worker.mjs").write_text(WORKER)
    with origin(tmp_path) as url, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{url}/page.html#{quote(json.dumps(probes))}")
        page.wait_for_function("document.title === 'told'", timeout=60_000)
        told = page.evaluate("window.told")
    assert told.keys() == probes.keys()
    assert all(told.values()), told
