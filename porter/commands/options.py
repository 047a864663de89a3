"""Options and output that several commands share."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.capacity import read_capacity
from porter.environment import tool_env
from porter.errors import PorterError
from porter.home import Home

# argparse gives what `add_subparsers` returns no public name.
type Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
type Run = Callable[[argparse.Namespace, "Machine"], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where a command runs: Porter's caches, and the environment of the programs it starts."""

    home: Home
    env: Mapping[str, str]

    @classmethod
    def here(cls) -> "Machine":
        """This process's."""
        home = Home.parse(os.environ)
        return cls(home=home, env=tool_env(os.environ, home))


def add_command(commands: Commands, name: str, text: str, run: Run) -> argparse.ArgumentParser:
    """A command whose body is `run`; `text` begins in lower case, as argparse's own do."""
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(run=run)
    return parser


def add_platform(parser: argparse.ArgumentParser) -> None:
    """`--platform RELEASE`."""
    parser.add_argument("--platform", metavar="P", help="a Pyodide release of `porter platforms`")


def add_platforms(parser: argparse.ArgumentParser) -> None:
    """`--platform RELEASE`, more than once."""
    parser.add_argument(
        "--platform",
        action="append",
        metavar="P",
        help="a Pyodide release of `porter platforms`; may be repeated",
    )


def add_recipes(parser: argparse.ArgumentParser) -> None:
    """`--recipes DIR`."""
    parser.add_argument(
        "--recipes",
        type=Path,
        default=Path("recipes"),
        metavar="DIR",
        help="the folder of recipes (default: recipes)",
    )


def add_toolchain(parser: argparse.ArgumentParser) -> None:
    """`--toolchain PROVIDER`."""
    parser.add_argument(
        "--toolchain",
        choices=("auto", "official", "debian", "path"),
        default="auto",
        help="who gives the compiler (default: auto, the first that works)",
    )


def add_recipe_folders(parser: argparse.ArgumentParser) -> None:
    """`--recipes DIR`, more than once; `recipe_folders` reads it."""
    parser.add_argument(
        "--recipes",
        type=Path,
        action="append",
        metavar="DIR",
        help="a folder of recipes; of several the first that has a project wins (default: recipes)",
    )


def recipe_folders(arguments: argparse.Namespace) -> list[Path]:
    """The folders of `add_recipe_folders`."""
    return arguments.recipes or [Path("recipes")]


def add_index(parser: argparse.ArgumentParser) -> None:
    """`--index URL`."""
    parser.add_argument(
        "--index", metavar="URL", help="a private index: what it serves is not built again"
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """`--sources DIR`."""
    parser.add_argument(
        "--sources",
        type=Path,
        metavar="DIR",
        help="a folder that `porter fetch` filled: nothing else is fetched",
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """`--jobs N`."""
    count = read_capacity()
    parser.add_argument(
        "--jobs",
        type=_positive,
        default=count,
        metavar="N",
        help=f"processors to use (default: {count}, what this machine bears)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print a document for programs")


def print_json(document: Mapping[str, object]) -> None:
    """One document on standard output."""
    print(json.dumps(document, indent=1, default=str))


def print_error(error: PorterError) -> None:
    """An error for a person to read, on standard error."""
    print(f"porter: {error.message}", file=sys.stderr)
    if error.advice:
        print(f"  what to do: {error.advice}", file=sys.stderr)
    if error.log is not None:
        print(f"  full log: {error.log}", file=sys.stderr)


def failure_json(name: str, error: PorterError) -> dict[str, object]:
    """An error for a program to read."""
    return {
        "name": name,
        "error": type(error).__name__,
        "message": error.message,
        "advice": error.advice,
        "log": error.log,
        "exit_code": error.exit_code,
    }


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
