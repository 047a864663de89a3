"""`porter index export`: the index as files for any file server."""

import argparse
from dataclasses import asdict
from pathlib import Path

from index_server.commands.options import add_data, open_index
from porter.commands.options import Commands, Machine, add_command, add_json, print_json
from porter.progress import Progressing


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = add_command(actions, "export", "write the index as files for any file server", run)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to; an earlier export there is brought up to date")  # fmt: skip
    parser.add_argument(
        "--base-url", required=True, metavar="URL", help="the address that DIR is served at"
    )
    add_data(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Export while a server runs, or while none does."""
    from index_server.care.export import export_index

    index = open_index(arguments, machine)
    try:
        with Progressing(quiet=arguments.json) as report:
            done = export_index(index, arguments.folder, arguments.base_url, report)
    finally:
        index.engine.dispose()
    if arguments.json:
        print_json({"folder": str(arguments.folder), **asdict(done)})
    else:
        print(
            f"{arguments.folder}: {done.written} files written, {done.left} as they were, "
            f"{done.removed} removed"
        )
    return 0
