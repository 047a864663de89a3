"""`porter index backup`: the whole index in one file."""

import argparse
from dataclasses import asdict
from pathlib import Path

from index_server.commands.options import add_data, open_index
from porter.commands.options import Commands, Machine, add_command, add_json, print_json
from porter.progress import Progressing


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = add_command(actions, "backup", "write the whole index into one file", run)
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup, a tar file")
    add_data(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Back up while a server runs, or while none does."""
    from index_server.care.backup import make_backup
    from porter.table import format_size

    index = open_index(arguments, machine)
    try:
        with Progressing(quiet=arguments.json) as report:
            made = make_backup(index, arguments.file, report)
    finally:
        index.engine.dispose()
    if arguments.json:
        print_json({"file": str(arguments.file), **asdict(made)})
    else:
        size = format_size(made.size)
        print(f"{arguments.file}: {made.projects} projects, {made.files} files, {size}")
    return 0
