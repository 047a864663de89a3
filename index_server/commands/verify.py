"""`porter index verify`: every stored file against its hash."""

import argparse

from index_server.commands.options import add_data, open_index
from porter.commands.options import Commands, Machine, add_command, add_json, print_json
from porter.progress import Progressing


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = add_command(actions, "verify", "check every stored file against its hash", run)
    add_data(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Say what is damaged, missing, or nobody's; 1 where a client would be answered wrongly."""
    from index_server.care.inventory import take_inventory
    from porter.table import format_size, print_table

    index = open_index(arguments, machine)
    try:
        with Progressing(quiet=arguments.json) as report:
            found = take_inventory(index, report)
    finally:
        index.engine.dispose()
    if arguments.json:
        problems = [
            {"key": p.key, "state": p.state.value, "message": p.message} for p in found.problems
        ]
        document = {"files": found.files, "size": found.size, "sound": found.sound}
        print_json({**document, "problems": problems})
    else:
        if found.problems:
            rows = [(p.state.value, p.key, p.message) for p in found.problems]
            print_table(("state", "key", "what is wrong"), rows)
        told = "sound" if found.sound else "damaged: restore these files from a backup"
        print(f"{found.files} files, {format_size(found.size)}: {told}")
    return 0 if found.sound else 1
