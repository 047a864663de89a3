"""Draw JupyterLab with the kernel bridge, as Chromium shows it, into PNG files beside this one.

`python docs/images/lab.py` starts an index and a JupyterLab of its own, opens a notebook in the browser,
has it move to the server in the middle of Run All, and stops what it started. What the notebook plots with
is what `make frames` has built.
"""

import re
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Page, Route, ViewportSize

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsing import chromium  # noqa: E402 # tests are not installed
from driving import WIDGET, Desk, sit_down, write_notebook  # noqa: E402
from labs import serve_bridged  # noqa: E402

FRAMES = ROOT / "dist" / "bridge"
SIZE = ViewportSize(width=1100, height=620)
HARVEST = """from statistics import mean

harvest = {"pears": [12, 15, 11, 19], "apples": [30, 28, 35, 41], "plums": [7, 9, 8, 12]}
means = {fruit: mean(tonnes) for fruit, tonnes in harvest.items()}
means"""
CHART = """import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 1.6))
ax.barh(list(means), list(means.values()))
ax.set_xlabel("tonnes a year")
plt.show()"""
COUNTED = """import subprocess

counted = subprocess.run(["nproc"], capture_output=True, text=True).stdout
print(len(means), "fruits on a server with", counted.strip(), "processors")"""
AUTHOR = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
# One above the other, two beside each other.
STRIP = """<style>
body { margin: 0; padding: 12px; width: 1400px; background: white; display: grid;
       grid-template-columns: 1fr 1fr; gap: 16px; font: 17px sans-serif; color: #333; }
figure { margin: 0; } figcaption { padding: 0 0 6px; }
img { width: 100%; display: block; border: 1px solid #ccc; box-sizing: border-box; }
</style>"""


def main() -> None:
    """A strip of a notebook's way, and where it ends in the dark."""
    wheels = sorted(FRAMES.glob("*.whl"))
    if not any(wheel.name.startswith("matplotlib-") for wheel in wheels):
        raise SystemExit(f"no matplotlib in {FRAMES}: make frames builds it")
    with (
        tempfile.TemporaryDirectory(prefix="porter-lab-") as scratch,
        serve_bridged(Path(scratch), *wheels) as lab,
        chromium() as browser,
        sit_down(browser, lab) as desk,
    ):
        page = desk.page
        page.set_viewport_size(SIZE)
        page.add_style_tag(content=".Toastify { display: none; }")
        desk.execute("filebrowser:hide-main")
        metadata = {"kernelspec": AUTHOR}
        name = write_notebook(lab.folder, "harvest.ipynb", [HARVEST, CHART], metadata=metadata)
        frames: list[tuple[str, bytes]] = []

        desk.double_click(name)
        frames.append(("1. It opens in the browser: nothing in it needs a server.", shown(page)))

        desk.run_all()
        look(desk)
        frames.append(("2. Run All: libraries come from the index.", shown(page)))
        page.keyboard.press("Escape")

        page.evaluate(f"{WIDGET}.content.activeCellIndex = 1")
        desk.execute("notebook:insert-cell-below")
        desk.source(2, COUNTED)
        held: list[Route] = []

        def hold(route: Route) -> None:
            if route.request.method == "GET":
                route.continue_()
            else:
                held.append(route)

        page.route(re.compile(r"/api/sessions\b"), hold)
        desk.start_run_all()
        while not held:
            page.wait_for_timeout(50)
        frames.append(("3. One more cell starts a program: the notebook moves.", shown(page)))
        while held:
            held.pop().continue_()
        page.unroute_all()
        desk.await_text(2, "processors")
        look(desk)
        frames.append(
            ("4. It runs on the server, with its variables; a click says why.", shown(page))
        )
        page.keyboard.press("Escape")

        desk.execute("apputils:change-theme", theme="JupyterLab Dark")
        look(desk)
        page.screenshot(path=HERE / "lab-dark.png")

        strip = browser.new_page(viewport=ViewportSize(width=1424, height=900))
        strip.set_content(STRIP + "".join(figure(*frame) for frame in frames))
        strip.screenshot(path=HERE / "lab-strip.png", full_page=True)


def shown(page: Page) -> bytes:
    """The page as it is."""
    return page.screenshot()


def figure(caption: str, picture: bytes) -> str:
    """A frame of the strip."""
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f"<img src='data:image/png;base64,{b64encode(picture).decode()}'></figure>"
    )


def look(desk: Desk) -> None:
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


if __name__ == "__main__":
    main()
