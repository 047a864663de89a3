"""`porter index restore`: an index from a backup."""

import argparse
from dataclasses import asdict
from pathlib import Path

from index_server.commands.options import add_data, open_index
from porter.commands.options import Commands, Machine, add_command, add_json, print_json
from porter.progress import Progressing


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = add_command(actions, "restore", "make an index of a backup", run)
    parser.add_argument("file", type=Path, metavar="FILE", help="what porter index backup wrote")
    add_data(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Restore into an empty index; every byte is checked."""
    from index_server.care.restore import restore_backup
    from porter.table import format_size

    index = open_index(arguments, machine)
    try:
        with Progressing(quiet=arguments.json) as report:
            made = restore_backup(index, arguments.file, report)
    finally:
        index.engine.dispose()
    if arguments.json:
        print_json({"data": str(arguments.data), **asdict(made)})
    else:
        size = format_size(made.size)
        print(f"{arguments.data}: {made.projects} projects, {made.files} files, {size}")
    return 0
