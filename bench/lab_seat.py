"""A person at JupyterLab with a clock: what they wait for, as the page itself sees it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import BrowserContext, Playwright

from porter.check.start import CHROMIUM

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from driving import PATIENCE, WIDGET, Desk, write_notebook
from labs import Lab

NUMBERS = count()
# What `kernel_bridge/ui/src/engine.ts` marks when a runtime has started.
STARTED = "performance.getEntriesByName('porter-engine-ready').length"
# Opens a notebook, and presses Run as soon as its first cell can be seen.
CLICK = """async ([path, wanted]) => {
    const app = window.jupyterapp;
    void app.commands.execute('docmanager:open', { path });
    const shown = () => {
        const widget = app.shell.currentWidget;
        return widget?.context?.path === path && widget.content?.widgets?.length ? widget : null;
    };
    while (!shown()) await new Promise(resolve => setTimeout(resolve, 5));
    const widget = shown();
    // Before it is read it shows an empty cell that is none of its own.
    await widget.context.ready;
    const { outputs } = widget.content.widgets[0].model;
    const begun = performance.now();
    const said = new Promise(resolve => outputs.changed.connect(
        () => JSON.stringify(outputs.toJSON()).includes(wanted) && resolve(performance.now())
    ));
    widget.content.activeCellIndex = 0;
    // Outputs of a cell that has ended are there a moment later.
    const silent = app.commands.execute('notebook:run-cell').catch(() => null)
        .then(() => new Promise(resolve => setTimeout(resolve, 5000)))
        .then(() => { throw new Error(`${path}: ${JSON.stringify(outputs.toJSON())}`); });
    return (await Promise.race([said, silent]) - begun) / 1000;
}"""
# Runs a cell of the notebook that is open; seconds until it has ended.
RUN = f"""async index => {{
    const {{ content, sessionContext }} = {WIDGET};
    content.activeCellIndex = index;
    const begun = performance.now();
    await window.jupyterapp.commands.execute('notebook:run-cell');
    return (performance.now() - begun) / 1000;
}}"""
# Runs all; seconds from what the first cell says to what the second says.
GAP = f"""async () => {{
    const said = {WIDGET}.content.widgets.slice(0, 2).map(({{ model }}) =>
        new Promise(resolve => model.outputs.changed.connect(
            () => model.outputs.length && resolve(performance.now())
        )));
    await window.jupyterapp.commands.execute('notebook:run-all-cells');
    const [one, two] = await Promise.all(said);
    return (two - one) / 1000;
}}"""
# Restarts the kernel and runs the first cell; seconds until it says something.
RESTART = f"""async () => {{
    const {{ content, sessionContext }} = {WIDGET};
    const {{ outputs }} = content.widgets[0].model;
    outputs.clear();
    const said = new Promise(resolve => outputs.changed.connect(
        () => outputs.length && resolve(performance.now())
    ));
    const begun = performance.now();
    await sessionContext.restartKernel();
    content.activeCellIndex = 0;
    void window.jupyterapp.commands.execute('notebook:run-cell');
    return (await said - begun) / 1000;
}}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One tab with JupyterLab in it."""

    desk: Desk

    def click(self, cell: str, policy: str, *, says: str) -> float:
        """Seconds from Run in a notebook that was just opened to what its cell says."""
        path = self._write([cell], policy)
        return float(self.desk.page.evaluate(CLICK, [path, says]))

    def open(self, cells: list[str], policy: str) -> None:
        """Open a notebook that its server trusts, in its policy's kernel; of `auto` in the browser's."""
        path = self._write(cells, policy)
        with self.desk.lab.client as client:
            client.post(f"/api/contents/{path}/trust").raise_for_status()
        self.desk.double_click(path)
        wanted = "python3" if policy == "server" else "porter-browser"
        if policy == "auto" and self.desk.kernel != wanted:
            self.desk.change_kernel(wanted)
        self.desk.await_kernel(wanted)

    def run(self, index: int = 0) -> float:
        """Seconds that a cell takes."""
        return float(self.desk.page.evaluate(RUN, index))

    def gap(self) -> float:
        """Seconds between what two cells say in Run All."""
        return float(self.desk.page.evaluate(GAP))

    def restart(self) -> float:
        """Seconds from a restart to what the first cell says after it."""
        return float(self.desk.page.evaluate(RESTART))

    def rest(self, engines: int) -> float:
        """Wait until so many runtimes have started in this page; seconds since it was opened."""
        self.desk.page.wait_for_function(f"{STARTED} >= {engines}", timeout=PATIENCE)
        return float(
            self.desk.page.evaluate(
                "performance.getEntriesByName('porter-engine-ready').at(-1).startTime / 1000"
            )
        )

    @property
    def engines(self) -> int:
        """How many runtimes have started in this page."""
        return int(self.desk.page.evaluate(STARTED))

    def _write(self, cells: list[str], policy: str) -> str:
        name = f"bench-{next(NUMBERS)}.ipynb"
        return write_notebook(
            self.desk.lab.folder, name, cells, metadata={"porter": {"policy": policy}}
        )


@contextmanager
def profile(playwright: Playwright, folder: Path) -> Iterator[BrowserContext]:
    """Debian's Chromium with a profile on disk: other than in a private window, code is cached."""
    context = playwright.chromium.launch_persistent_context(
        folder,
        executable_path="/usr/bin/chromium",
        args=[*CHROMIUM, "--no-sandbox"],
        viewport={"width": 1280, "height": 800},
    )
    try:
        yield context
    finally:
        context.close()


@contextmanager
def sit_down(context: BrowserContext, lab: Lab) -> Iterator[Seat]:
    """A new tab of a profile with JupyterLab, until the context ends."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    try:
        page.goto(f"{lab.url}/lab?token={lab.token}&reset")
        page.wait_for_function("window.jupyterapp !== undefined")
        page.evaluate("window.jupyterapp.restored")
        yield Seat(desk=Desk(page=page, lab=lab, strayed=[]))
    finally:
        page.close()


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of several rounds."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.seconds)

    def __str__(self) -> str:
        return f"{_say(self.median)} ({_say(min(self.seconds))} to {_say(max(self.seconds))})"


def _say(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def write_page_config(folder: Path, disabled: dict[str, bool]) -> None:
    """Which plugins pages that are opened from now on have."""
    (folder / "config" / "labconfig").mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"disabledExtensions": disabled}
    (folder / "config" / "labconfig" / "page_config.json").write_text(json.dumps(told))
