"""Options that the actions of `porter index` share."""

import argparse
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
    from index_server.engine import migrate
    from index_server.holdings import open_holdings
    from index_server.settings import read_settings

    index = open_holdings(read_settings(arguments.data), machine.home)
    migrate(index.engine)
    index.refresh()
    return index
