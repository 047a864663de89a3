"""Options that the actions of `porter index` share."""

import argparse
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.options import Machine

if TYPE_CHECKING:
    from index_server.holdings import Holdings

DATA = Path("porter-index")


def add_data(parser: argparse.ArgumentParser) -> None:
    """`--data DIR`."""
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="DIR",
        help=f"the index's folder: its settings, and its database and files (default: {DATA})",
    )


def open_index(arguments: argparse.Namespace, machine: Machine) -> "Holdings":
    """The index of `--data`, its database brought to this version's schema, its snapshot read."""
    from index_server.holdings import open_holdings
    from index_server.records.engine import migrate
    from index_server.settings import read_settings

    index = open_holdings(read_settings(arguments.data), machine.home)
    migrate(index.engine)
    index.refresh()
    return index


@contextmanager
def existing(arguments: argparse.Namespace, machine: Machine) -> "Iterator[Holdings]":
    """The index of `--data`, as long as the context lasts; raises NotHere where there is none."""
    from index_server.errors import NotHere
    from index_server.settings import read_settings

    settings = read_settings(arguments.data)
    if not settings.database and not (settings.folder / "index.sqlite").is_file():
        raise NotHere(
            f"there is no index in {arguments.data}",
            advice="name its folder with --data, or start one: porter index serve",
        )
    index = open_index(arguments, machine)
    try:
        yield index
    finally:
        index.engine.dispose()


def local_user() -> str:
    """Who the audit log says has run a command on this machine: `cli:NAME`."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        # A user id without a name, as in a container.
        return "cli:unknown"
