"""`make demo` ends with this: `python -m demo WHEEL...` serves, publishes, tries one, and reports.

The index is a new one each time, in `porter-index` beside the first wheel. The server is stopped
at the end; what is printed last starts it again.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from packaging.utils import parse_wheel_filename

from demo.serving import publish, report, serving
from demo.trying import chromium, press
from porter.errors import PorterError

NOTEBOOKS = Path(__file__).parents[1] / "tests" / "notebooks"
SIZE = {"width": 1280, "height": 1000}


def main() -> int:
    """0 where the snippet ran in the browser, else 1."""
    # The first is the one that is tried; it may be named again among all.
    wheels = list(dict.fromkeys(map(Path, sys.argv[1:])))
    if not wheels:
        print("which wheels? python -m demo dist/*.whl", file=sys.stderr)
        return 2
    data = wheels[0].parent / "porter-index"
    try:
        return run(wheels, data)
    except PorterError as error:
        print(f"demo: {error.message}\n  what to do: {error.advice}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"demo: {' '.join(error.cmd[2:5])} failed:\n{error.stderr}", file=sys.stderr)
    except TimeoutError as error:
        print(f"demo: {error}", file=sys.stderr)
    return 1


def run(wheels: list[Path], data: Path) -> int:
    """The journey: an index comes up, wheels go to it, a browser runs one of them."""
    project = parse_wheel_filename(wheels[0].name)[0]
    picture = data.with_name("try-it.png")
    if data.exists():
        shutil.rmtree(data)
    data.parent.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    with serving(data) as index:
        clock.tell(f"the index is up at {index.url}/")
        publish(wheels, index)
        clock.tell(f"published {len(wheels)} wheel{'s' if len(wheels) > 1 else ''}")
        with chromium() as browser:
            page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            page.goto(f"{index.url}/project/{project}/")
            clock.tell(f"Chromium opened {page.url}")
            tried = press(page)
            page.screenshot(path=picture)
        clock.tell("Try it was pressed, and said:")
        for line in (*tried.phases, *tried.output.splitlines()):
            print(f"            {line}")
        page_of_report = data.with_name("report.html")
        clock.tell(report(NOTEBOOKS, index, page_of_report))
    print(f"screenshot: {picture}")
    print(f"which notebooks run in the browser, and what to port next: {page_of_report}")
    print(f"the server has stopped; start it again: porter index serve --data {data}")
    return 0 if tried.outcome == "done" else 1


class Clock:
    """Prints what was done, with the seconds that it took."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def tell(self, what: str) -> None:
        """One line."""
        now = time.monotonic()
        print(f"[{now - self._since:6.1f} s] {what}", flush=True)
        self._since = now


if __name__ == "__main__":
    sys.exit(main())
