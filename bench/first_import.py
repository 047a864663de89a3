"""`make bench-index`, the second half: from an empty browser cache to the first import.

A project with ten dependencies, installed by the index's lock file and by micropip from the plain
Simple API of the same server, in turn, each in a browser of its own.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from porter.home import Home
from porter.table import print_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browsing import chromium, origin
from servers import serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import open_holdings
from index_server.records.engine import migrate
from index_server.settings import Settings

RUNS, DEPENDENCIES = 5, 10
PAGE = """
self.onmessage = async ({data: {index, lock, code}}) => {
  const begun = performance.now();
  const {loadPyodide} = await import(`${index}/runtime/pyodide.mjs`);
  const options = {indexURL: `${index}/runtime/`};
  if (lock) options.lockFileURL = `${index}/pyodide-lock.json`;
  const pyodide = await loadPyodide(options);
  const ready = performance.now();
  await pyodide.loadPackagesFromImports(code);
  await pyodide.runPythonAsync(code);
  self.postMessage([ready - begun, performance.now() - begun]);
};
"""
ASK = """
([index, lock, code]) => new Promise((resolve, reject) => {
  const worker = new Worker("/worker.mjs", {type: "module"});
  worker.onmessage = ({data}) => resolve(data);
  worker.onerror = (event) => reject(event.message);
  worker.postMessage({index, lock, code});
})
"""
MICROPIP = """
import micropip
micropip.set_index_urls(["{base}/simple/"])
await micropip.install("bench-app")
import bench_app
"""


def main() -> None:
    """Print the medians and their ratio."""
    home = Home.parse(os.environ)
    with tempfile.TemporaryDirectory(prefix="porter-bench-") as name:
        folder = Path(name)
        index = open_holdings(Settings(data=str(folder / "data")), home)
        migrate(index.engine)
        index.refresh()
        names = [f"bench-dep-{number}" for number in range(DEPENDENCIES)]
        for dependency in names:
            put_wheel(index, make_wheel(folder / "wheels", dependency))
        put_wheel(index, make_wheel(folder / "wheels", "bench-app", requires=names))
        index.engine.dispose()
        page = folder / "page"
        page.mkdir()
        (page / "worker.mjs").write_text(PAGE)
        (page / "index.html").write_text("<!doctype html><title>bench</title>")
        found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        with serve_index(folder / "data", home=home.root) as served, origin(page) as url:
            for run in range(RUNS + 1):
                for lock in (True, False):
                    code = "import bench_app" if lock else MICROPIP.format(base=served.url)
                    with chromium() as browser:
                        tab = browser.new_page()
                        tab.goto(url)
                        told = tab.evaluate(ASK, [f"{served.url}/r/0.29", lock, code])
                    if run:
                        found[lock].append((told[0], told[1]))
                    time.sleep(0.2)
    rows = []
    for what, pick in (("in all", lambda r: r[1]), ("after the runtime", lambda r: r[1] - r[0])):
        ours, theirs = (median(map(pick, found[lock])) for lock in (True, False))
        rows.append((what, f"{ours / 1e3:.2f} s", f"{theirs / 1e3:.2f} s", f"{ours / theirs:.2f}"))
    columns = (f"first import, {DEPENDENCIES} dependencies", "lock file", "micropip", "ratio")
    print_table(columns, rows)


if __name__ == "__main__":
    main()
