"""Draw a terminal's output, from standard input, as the SVG on standard output.

`make demo 2>&1 | python docs/images/render.py 'make demo' > docs/images/demo.svg`

It begins with Porter's first line of progress. Of each subject's progress the last line is kept, and
a sha256 is cut short; nothing else changes.
"""

import io
import re
import sys
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

PROGRESS = re.compile(r"\[ *[\d.]+ s\] ([^:]+): ")
SHA256 = re.compile(r"^([0-9a-f]{12})[0-9a-f]{52}(?= )")


def main() -> None:
    """One window with the command of the first argument and what it printed."""
    lines = list(shorten(sys.stdin.read().splitlines()))
    width = max(map(len, lines)) + 1
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(Text(f"$ {sys.argv[1]}", style="bold"))
    for line in lines:
        console.print(Text(line), no_wrap=True)
    console.print()  # the window's edge cuts what hangs below the last line
    svg = console.export_svg(title="Porter")
    # A picture in a repository fetches no fonts.
    svg = re.sub(r"@font-face {.*?}", "", svg, flags=re.DOTALL)
    sys.stdout.write(svg.replace("Fira Code, monospace", "monospace"))


def shorten(lines: Sequence[str]) -> Iterator[str]:
    """The lines that are drawn."""
    matches = [PROGRESS.match(line) for line in lines]
    last = {match[1]: index for index, match in enumerate(matches) if match}
    # What comes before Porter's first word is make's and the set-up's.
    first = next((index for index, match in enumerate(matches) if match), 0)
    for index in range(first, len(lines)):
        match = matches[index]
        if lines[index].strip() and (match is None or last[match[1]] == index):
            yield SHA256.sub(r"\1…", lines[index].rstrip())


if __name__ == "__main__":
    main()
