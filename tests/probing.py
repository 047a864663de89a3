"""Run snippets of Python in the real runtime, and see what becomes of each."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from browsing import chromium, origin
from playwright.sync_api import Page

from porter.home import Home
from porter.runtime import Runtime, compile_stdlib

PROBE = Path(__file__).with_name("probe.mjs")
WORKER = """
import { loadPyodide } from "/runtime/pyodide.mjs";
import { start } from "/probe.mjs";
const probe = await start(loadPyodide, { indexURL: "/runtime/", stdLibURL: "/python_stdlib.zip" });
self.onmessage = async ({ data }) => self.postMessage(await probe(data));
self.postMessage("ready");
"""
START = """() => new Promise((resolve) => {
  window.worker?.terminate();
  window.worker = new Worker("/worker.mjs", { type: "module" });
  worker.onmessage = () => resolve();
})"""
ASK = """(source) => new Promise((resolve) => {
  const timer = setTimeout(() => resolve("hangs"), 10000);
  worker.onmessage = ({ data }) => { clearTimeout(timer); resolve(data); };
  worker.postMessage(source);
})"""


def probe_in_node(
    snippets: Sequence[str], runtime: Runtime, *, home: Home, scratch: Path
) -> list[str]:
    """What became of each, in one start of the runtime under Node."""
    asked = scratch / "snippets.json"
    asked.write_text(json.dumps(snippets))
    stdlib = compile_stdlib(runtime, home=home)
    done = subprocess.run(
        ["node", PROBE, runtime.folder, stdlib, asked],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=scratch,
    )
    told: list[str] = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == '"']
    assert len(told) == len(snippets), done.stderr[-2000:]
    return told


@contextmanager
def chromium_worker(runtime: Runtime, *, home: Home, scratch: Path) -> Iterator["Worker"]:
    """A web worker of Chromium with a runtime in it."""
    shutil.copytree(runtime.folder, scratch / "runtime")
    shutil.copy(compile_stdlib(runtime, home=home), scratch / "python_stdlib.zip")
    shutil.copy(PROBE, scratch)
    (scratch / "worker.mjs").write_text(WORKER)
    (scratch / "index.html").write_text("<title>probes</title>")
    with origin(scratch) as address, chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        page.evaluate(START)
        yield Worker(page)


class Worker:
    """Asks one snippet after another; after one that hangs or dies, a fresh runtime starts."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def probe(self, snippet: str) -> str:
        """What became of a snippet: "hangs" where it said nothing for ten seconds."""
        told = str(self._page.evaluate(ASK, snippet))
        if told == "hangs" or told.startswith("dies"):
            self._page.evaluate(START)
        return told
