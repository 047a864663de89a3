"""Print kernel-parity.md: what probes see in a server's kernel and in a browser's."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsing import chromium  # noqa: E402 # tests are not installed
from driving import sit_down  # noqa: E402
from parities.groups import GROUPS  # noqa: E402
from parities.model import Unexplained, section  # noqa: E402
from parities.seeing import see, serve_parity  # noqa: E402

HEAD = """\
# Kernels in the browser and on the server

What the same cells do in both kernels of one JupyterLab: *server* is `python3`, *browser* is *Python (browser)* on the
policy *Browser*. On *Auto* a notebook moves to the server when a cell needs that. The page is written by
`make kernel-parity`, which runs every probe in both kernels, in Chromium; a test fails where they do otherwise than
is written here.
"""


def main() -> int:
    """The whole page, on standard output; 1 where a note is wanted or one too many."""
    print(HEAD)
    wrong = []
    with (
        tempfile.TemporaryDirectory(prefix="porter-parity-") as scratch,
        serve_parity(Path(scratch)) as lab,
        chromium() as browser,
        sit_down(browser, lab) as desk,
    ):
        for number, group in enumerate(GROUPS):
            print(f"{group.name} …", file=sys.stderr)
            try:
                print(("\n" if number else "") + section(group, see(desk, group)), end="")
            except Unexplained as error:
                wrong.append(str(error))
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
