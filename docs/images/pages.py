"""Draw the pages of an index, as Chromium shows them, into PNG files beside this one.

`python docs/images/pages.py dist/*.whl` publishes the wheels to an index of its own, opens its
pages, presses Try it on the page of the first wheel, and stops what it started.
"""

import sys
import tempfile
from pathlib import Path

from packaging.utils import parse_wheel_filename
from playwright.sync_api import Browser, ViewportSize

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from demo.serving import Serving, publish, serving  # noqa: E402 # the checkout is not installed
from demo.trying import chromium, press  # noqa: E402

WIDE = ViewportSize(width=1280, height=860)
NARROW = ViewportSize(width=390, height=1180)
# A snippet that shows more than names, for the project that the documentation follows.
SNIPPETS = {
    "rollstat": "from array import array\n\nimport rollstat\n\n"
    'prices = array("d", [101, 99.5, 102.25, 104, 103.5, 107])\n'
    'print("mean  ", [round(mean, 2) for mean in rollstat.rolling_mean(prices, 3)])\n'
    'print("median", list(rollstat.rolling_median(prices, 3)))\n',
}


def main() -> None:
    """Four pictures: the list, a project in light and in dark, and a narrow one."""
    # The first is the one that is tried; it may be named again among all.
    wheels = list(dict.fromkeys(map(Path, sys.argv[1:])))
    project = parse_wheel_filename(wheels[0].name)[0]
    path = f"project/{project}/"
    with (
        tempfile.TemporaryDirectory(prefix="porter-pages-") as scratch,
        serving(Path(scratch) / "index") as index,
        chromium() as browser,
    ):
        publish(wheels, index)
        draw(browser, index, "", HERE / "index-projects.png")
        draw(browser, index, path, HERE / "index-project.png", tried=project)
        draw(browser, index, path, HERE / "index-project-dark.png", tried=project, dark=True)
        draw(browser, index, path, HERE / "index-narrow.png", view=NARROW)


def draw(
    browser: Browser,
    index: Serving,
    path: str,
    target: Path,
    *,
    view: ViewportSize = WIDE,
    tried: str = "",
    dark: bool = False,
) -> None:
    """One page as a picture; `tried` is the project whose Try it is pressed before."""
    context = browser.new_context(viewport=view, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(f"{index.url}/{path}")
    if tried:
        if tried in SNIPPETS:
            page.fill("#code", SNIPPETS[tried])
        press(page)
    page.screenshot(path=target)
    context.close()


if __name__ == "__main__":
    main()
