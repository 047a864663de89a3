"""`porter index file`: files yanked, promoted, let out of quarantine, deleted."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from index_server.commands.options import add_data, existing, local_user
from porter.commands.options import Commands, Machine, add_command, add_json, print_json

if TYPE_CHECKING:
    from index_server.holdings import Holdings

# The action, what it does to a file, and whether a reason is needed, taken, or makes no sense.
ACTIONS = (
    ("yank", "withdraw a file; it stays for those who pinned it (PEP 592)", "taken"),
    ("unyank", "take a yank back", ""),
    ("promote", "show a file of staging to everybody", ""),
    ("release", "let a file out of quarantine", "needed"),
    ("delete", "take a file away for good; its name is never used again", "needed"),
)


def add(actions: Commands) -> None:
    """Declare the actions."""
    parser = actions.add_parser("file", help="yank, promote, release and delete files")
    below = parser.add_subparsers(required=True, metavar="ACTION")
    for name, text, reason in ACTIONS:
        action = add_command(below, name, text, run)
        action.set_defaults(action=name, reason="")
        action.add_argument("filename", metavar="FILENAME", help="the file's name")
        if reason:
            action.add_argument(
                "--reason", required=reason == "needed", metavar="TEXT", help="why, for the log"
            )
        add_data(action)
        add_json(action)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Do it: in the database, which running servers look at within a second."""
    with existing(arguments, machine) as index:
        _find(arguments.action)(index, arguments.filename, arguments.reason or "")
    if arguments.json:
        print_json({"filename": arguments.filename, "action": arguments.action})
    else:
        print(f"{arguments.action}: {arguments.filename}")
    return 0


def _find(action: str) -> "Callable[[Holdings, str, str], None]":
    from index_server.records import database
    from index_server.uploads.removal import remove_file

    user = local_user()
    return {
        "yank": lambda index, name, why: database.yank(index.engine, name, why, actor=user),
        "unyank": lambda index, name, _why: database.unyank(index.engine, name, actor=user),
        "promote": lambda index, name, _why: database.promote(index.engine, name, actor=user),
        "release": lambda index, name, why: database.release(
            index.engine, name, actor=user, reason=why
        ),
        "delete": lambda index, name, why: remove_file(index, name, actor=user, reason=why),
    }[action]
