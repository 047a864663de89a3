"""A person at JupyterLab: opens notebooks, runs cells, and reads what they show."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labs import Lab
from playwright.sync_api import Browser, Page, Request

# Milliseconds for what a busy machine does: a runtime starts, a kernel answers.
PATIENCE = 120_000
WIDGET = "window.jupyterapp.shell.currentWidget"


def write_notebook(
    folder: Path,
    name: str,
    cells: Sequence[str],
    *,
    kernel: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> str:
    """A notebook of code cells, whose ids are `cell-0`, `cell-1`, …; its path as JupyterLab has it."""
    told = dict(metadata or {})
    if kernel is not None:
        told["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": told,
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, source in enumerate(cells)
        ],
    }
    (folder / name).write_text(json.dumps(notebook))
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One tab with JupyterLab in it. `strayed` collects requests to any other host."""

    page: Page
    lab: Lab
    strayed: list[str]

    def execute(self, command: str, **arguments: object) -> Any:
        """Run one of JupyterLab's commands; waits for its end, and returns what is JSON of it."""
        return self.page.evaluate(
            """async ([command, args]) => {
                const told = await window.jupyterapp.commands.execute(command, args);
                try { return JSON.parse(JSON.stringify(told ?? null)); } catch { return null; }
            }""",
            [command, arguments],
        )

    def open(self, path: str, **arguments: object) -> None:
        """Open a notebook in the kernel that it names, and wait until that is there."""
        metadata = json.loads((self.lab.folder / path).read_text())["metadata"]
        named = metadata.get("kernelspec", {}).get("name")
        self.double_click(path, **({"kernel": {"name": named}} if named else {}), **arguments)

    def double_click(self, path: str, **arguments: object) -> None:
        """Open a notebook, and wait until the kernel is there that was chosen for it."""
        self.execute("docmanager:open", path=path, **arguments)
        self.page.wait_for_function(
            f"""async path => {{
                const widget = {WIDGET};
                if (widget?.context?.path !== path) return false;
                await widget.context.ready;
                await widget.sessionContext.ready;
                return widget.sessionContext.session?.kernel != null;
            }}""",
            arg=path,
            timeout=PATIENCE,
        )

    def tidy_up(self) -> None:
        """Close all that is open, without saving it, and end the kernels that it has."""
        self.page.evaluate(
            """async () => {
                const app = window.jupyterapp;
                for (const dialog of document.querySelectorAll('.jp-Dialog')) {
                    dialog.querySelector('.jp-Dialog-footer button')?.click();
                }
                const widgets = [...app.shell.widgets('main')];
                for (const widget of widgets) {
                    await widget.sessionContext?.shutdown().catch(() => undefined);
                    widget.dispose();
                }
            }"""
        )

    @property
    def kernel(self) -> str:
        """The name of the current notebook's kernel."""
        return str(self.page.evaluate(f"{WIDGET}.sessionContext.session?.kernel?.name ?? ''"))

    def run_all(self) -> None:
        """Run All, and wait for its end."""
        self.execute("notebook:run-all-cells")

    def start_run_all(self) -> None:
        """Run All, and come back at once."""
        self.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def run(self, index: int) -> None:
        """Run one cell, and wait for its end."""
        self.page.evaluate(f"{WIDGET}.content.activeCellIndex = {index}")
        self.execute("notebook:run-cell")

    def source(self, index: int, text: str) -> None:
        """Write a cell anew."""
        self.page.evaluate(
            f"([index, text]) => {WIDGET}.content.widgets[index].model.sharedModel.setSource(text)",
            [index, text],
        )

    def change_kernel(self, name: str) -> None:
        """Choose another kernel, as JupyterLab's own picker does."""
        self.page.evaluate(f"name => {WIDGET}.sessionContext.changeKernel({{name}})", name)

    def restart(self) -> None:
        """Restart the kernel, as the person who has said yes to it."""
        self.page.evaluate(f"{WIDGET}.sessionContext.restartKernel()")

    def await_kernel(self, name: str) -> None:
        """Wait until the notebook is in another kernel, and that is idle."""
        self.page.wait_for_function(
            f"""name => {{
                const kernel = {WIDGET}.sessionContext.session?.kernel;
                return kernel?.name === name && kernel.status === 'idle';
            }}""",
            arg=name,
            timeout=PATIENCE,
        )

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """A code cell's outputs, as nbformat has them."""
        told = self.page.evaluate(
            f"index => JSON.stringify({WIDGET}.content.widgets[index].model.outputs.toJSON())",
            index,
        )
        return list(json.loads(told))

    def text(self, index: int) -> str:
        """What a code cell printed, returned and raised, as text."""
        parts = []
        for output in self.outputs(index):
            if output["output_type"] == "stream":
                parts.append(_joined(output["text"]))
            elif output["output_type"] == "error":
                parts.append(f"{output['ename']}: {output['evalue']}")
            else:
                parts.append(_joined(output["data"].get("text/plain", "")))
        return "\n".join(parts)

    def await_text(self, index: int, wanted: str) -> None:
        """Wait until a cell shows a text."""
        self.page.wait_for_function(
            f"""([index, wanted]) =>
                JSON.stringify({WIDGET}.content.widgets[index].model.outputs.toJSON())
                    .includes(wanted)""",
            arg=[index, wanted],
            timeout=PATIENCE,
        )


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


@contextmanager
def sit_down(browser: Browser, lab: Lab) -> Iterator[Desk]:
    """A new profile with JupyterLab open; fails where anything was asked of another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    strayed: list[str] = []

    def look(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.hostname != "127.0.0.1":
            strayed.append(request.url)

    context.on("request", look)
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{lab.url}/lab?token={lab.token}&reset")
        page.wait_for_function("window.jupyterapp !== undefined", timeout=PATIENCE)
        page.evaluate("window.jupyterapp.restored")
        yield Desk(page=page, lab=lab, strayed=strayed)
        assert strayed == []
    finally:
        context.close()
