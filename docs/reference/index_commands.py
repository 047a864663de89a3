"""Write docs/reference/index-commands.md from the commands themselves: `make docs` runs it."""

import argparse
from collections.abc import Iterator

from index_server.cli import add

HEAD = """\
# The commands of `porter index`

They work on an index's folder, `--data`, beside a running server or without one: what they change, the server
shows within a second. Exit codes are those of [the other commands](commands.md). This page is written by
`make docs`, from the commands themselves.
"""


def leaves(
    parser: argparse.ArgumentParser, name: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every action that takes options of its own."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for action in below:
        for word, inner in action.choices.items():
            yield from leaves(inner, f"{name} {word}")


def row(action: argparse.Action) -> str:
    """The table's row of an option or argument."""
    shown = str(action.metavar or "")
    if action.option_strings:
        shown = f"{action.option_strings[0]} {shown}".strip()
    text = " ".join((action.help or "").split()).replace("|", "\\|")
    return f"| `{shown or action.dest}` | {text} |"


def main() -> None:
    """Print the page."""
    root = argparse.ArgumentParser(prog="porter")
    add(root.add_subparsers())
    print(HEAD)
    for name, parser in leaves(root, "porter"):
        rows = [row(action) for action in parser._actions if action.dest != "help"]
        print(f"## `{name}`\n\n{parser.description}\n\n| option | meaning |\n|---|---|")
        print("\n".join(rows), end="\n\n")


if __name__ == "__main__":
    main()
