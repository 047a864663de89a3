"""Draw a terminal's output, from standard input, as the SVG on standard output.

`porter build --test … | python docs/images/render.py 'make demo' > docs/images/demo.svg`
"""

import io
import re
import sys

from rich.console import Console
from rich.text import Text


def main() -> None:
    """One window with the command of the first argument and what it printed."""
    lines = sys.stdin.read().strip("\n").splitlines()
    width = max(len(line.rstrip()) for line in lines) + 1
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(Text(f"$ {sys.argv[1]}", style="bold"))
    for line in lines:
        console.print(Text(line.rstrip()), no_wrap=True)
    svg = console.export_svg(title="Porter")
    # A picture in a repository fetches no fonts.
    svg = re.sub(r"@font-face {.*?}", "", svg, flags=re.DOTALL)
    sys.stdout.write(svg.replace("Fira Code, monospace", "monospace"))


if __name__ == "__main__":
    main()
