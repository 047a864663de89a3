"""Draw JupyterLab with the kernel bridge, as Chromium shows it, into PNG files beside this one.

`python docs/images/lab.py` starts an index and a JupyterLab of its own, opens a notebook in the browser,
has it move to the server in the middle of Run All, and stops what it started.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import ViewportSize

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsing import chromium  # noqa: E402 # tests are not installed
from driving import WIDGET, Desk, sit_down, write_notebook  # noqa: E402
from labs import serve_lab  # noqa: E402

from demo.serving import serving  # noqa: E402

EXTENSIONS = ROOT / "kernel_bridge" / "labextensions"
SIZE = ViewportSize(width=1100, height=620)
HARVEST = """from statistics import mean

harvest = {"pears": [12, 15, 11, 19], "apples": [30, 28, 35, 41], "plums": [7, 9, 8, 12]}
means = {fruit: mean(tonnes) for fruit, tonnes in harvest.items()}
means"""
CHART = """from IPython.display import SVG

bars = "".join(
    f'<rect y="{26 * row}" width="{8 * size}" height="20" fill="#1976d2"/>'
    f'<text x="{8 * size + 8}" y="{26 * row + 15}" font-size="14" fill="gray">{fruit}</text>'
    for row, (fruit, size) in enumerate(means.items())
)
SVG(f'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="80">{bars}</svg>')"""
COUNTED = """import subprocess

counted = subprocess.run(["nproc"], capture_output=True, text=True).stdout
print(len(means), "fruits on a server with", counted.strip(), "processors")"""
AUTHOR = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def main() -> None:
    """Three pictures: in the browser, moved to the server, and that in the dark."""
    config: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": [str(EXTENSIONS)]},
    }
    asked = {"path": "first.ipynb", "notebook": {"nbformat": 4, "metadata": {}, "cells": []}}
    with (
        tempfile.TemporaryDirectory(prefix="porter-lab-") as scratch,
        serving(Path(scratch) / "index") as index,
        serve_lab(Path(scratch), {"index": index.url}, config=config) as lab,
        chromium() as browser,
        sit_down(browser, lab) as desk,
    ):
        # The first decision reads what the index has and rules, which takes its time.
        lab.client.post("/porter/decisions", json=asked, timeout=180).raise_for_status()
        desk.page.set_viewport_size(SIZE)
        desk.page.add_style_tag(content=".Toastify { display: none; }")
        desk.execute("filebrowser:hide-main")
        metadata = {"kernelspec": AUTHOR}
        name = write_notebook(lab.folder, "harvest.ipynb", [HARVEST, CHART], metadata=metadata)
        desk.double_click(name)
        desk.run_all()
        draw(desk, "lab-browser.png")

        desk.page.evaluate(f"{WIDGET}.content.activeCellIndex = 1")
        desk.execute("notebook:insert-cell-below")
        desk.source(2, COUNTED)
        desk.run_all()
        draw(desk, "lab-verdict.png")

        desk.execute("apputils:change-theme", theme="JupyterLab Dark")
        draw(desk, "lab-dark.png")


def draw(desk: Desk, name: str) -> None:
    """The open notebook from its top, with what the control says."""
    page = desk.page
    page.evaluate(
        f"""async () => {{
            const notebook = {WIDGET}.content;
            notebook.activeCellIndex = 0;
            notebook.mode = 'command';
            await notebook.scrollToItem(0);
        }}"""
    )
    page.locator(".porter-Place-chip:visible").click()
    page.locator(".porter-Popup:popover-open").wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=HERE / name)
    page.keyboard.press("Escape")


if __name__ == "__main__":
    main()
