"""Draw the page of a report, as Chromium shows it, into a PNG file beside this one.

`porter report --format json --out report.json tests/notebooks` makes the report, and
`python docs/images/report.py report.json` the picture.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import ViewportSize

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from compat_report.render.html.pages import write_html  # noqa: E402 # the checkout is not installed
from compat_report.render.parse import parse_reports  # noqa: E402
from demo.trying import chromium  # noqa: E402

VIEW = ViewportSize(width=1280, height=1560)
SEARCHED = "server threads"
OPENED = "summary >> text=server-threads.ipynb"


def main() -> None:
    """One picture: the totals, what to port next, a search, and a notebook that cannot run."""
    [name] = sys.argv[1:]
    reports = parse_reports(Path(name).read_bytes())
    with tempfile.TemporaryDirectory(prefix="porter-report-") as scratch, chromium() as browser:
        target = Path(scratch) / "report.html"
        write_html(reports, target)
        page = browser.new_page(viewport=VIEW)
        page.goto(target.as_uri())
        page.fill("#q", SEARCHED)
        page.click(OPENED)
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        page.screenshot(path=HERE / "report.png")


if __name__ == "__main__":
    main()
