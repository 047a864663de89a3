"""PEP 723: what a script says of its own requirements, in comments."""

import re
import tomllib
from collections.abc import Iterator

from compat_report.syntax.install import Asked, read_requirement

# The regular expression of the PEP, "Reference Implementation", in other words.
BLOCK = re.compile(r"^# /// script[ \t]*\n(?P<content>(?:#(?: .*)?\n)*?)# ///[ \t]*$", re.MULTILINE)


def read_script_block(source: str) -> Iterator[tuple[int, Asked]]:
    """Each dependency of a `# /// script` block, with the line that it stands on."""
    block = BLOCK.search(source)
    if block is None:
        return
    first = source.count("\n", 0, block.start()) + 1
    lines = [
        line[2:] if line.startswith("# ") else line[1:] for line in block["content"].split("\n")
    ]
    try:
        dependencies = tomllib.loads("\n".join(lines)).get("dependencies", [])
    except tomllib.TOMLDecodeError as error:
        yield first, Asked(text="# /// script", problem=str(error))
        return
    for text in dependencies if isinstance(dependencies, list) else []:
        if isinstance(text, str):
            at = next((n for n, line in enumerate(lines) if text in line), 0)
            yield first + 1 + at, read_requirement(text)
