"""`porter index project`: a project's status."""

import argparse

from index_server.commands.options import add_data, existing, local_user
from porter.commands.options import Commands, Machine, add_command, add_json, print_json

STATUSES = ("active", "archived", "quarantined", "deprecated")


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = actions.add_parser("project", help="change the status of projects")
    below = parser.add_subparsers(required=True, metavar="ACTION")
    status = add_command(below, "status", "change a project's status (PEP 792)", run)
    status.add_argument("project", metavar="PROJECT", help="the project's name")
    status.add_argument("status", choices=STATUSES, help="a quarantined project lists no files")
    status.add_argument("--reason", default="", metavar="TEXT", help="why, for those who ask")
    add_data(status)
    add_json(status)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Change it."""
    from packaging.utils import canonicalize_name

    from index_server.model import Status
    from index_server.records.database import set_status

    name = canonicalize_name(arguments.project)
    status = Status(arguments.status)
    with existing(arguments, machine) as index:
        set_status(index.engine, name, status, arguments.reason, actor=local_user())
    if arguments.json:
        print_json({"project": name, "status": status.value, "reason": arguments.reason})
    else:
        print(f"{name} is {status}")
    return 0
