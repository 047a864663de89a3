"""`porter index log`: who did what."""

import argparse

from index_server.commands.options import add_data, existing
from porter.commands.options import Commands, Machine, add_command, add_json, print_json

COLUMNS = ("when", "who", "action", "project", "what", "detail")


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = add_command(actions, "log", "show who did what, the newest first", run)
    parser.add_argument("--project", default="", metavar="NAME", help="of this project alone")
    parser.add_argument(
        "--limit", type=int, default=50, metavar="N", help="at most so many lines (default: 50)"
    )
    add_data(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Show it."""
    from dataclasses import asdict

    from packaging.utils import canonicalize_name

    from index_server.records.changes import read_entries
    from porter.table import print_table

    with existing(arguments, machine) as index:
        project = canonicalize_name(arguments.project)
        found = read_entries(index.engine, project=project, limit=max(arguments.limit, 0))
    if arguments.json:
        events = [{**asdict(entry), "at": entry.at.isoformat()} for entry in found]
        print_json({"events": events})
    else:
        rows = [
            (f"{e.at:%Y-%m-%d %H:%M:%S}", e.actor, e.action, e.project, e.subject, e.detail)
            for e in found
        ]
        print_table(COLUMNS, rows)
    return 0
