"""`porter index environment`: sets of requirements whose lock files stay as they are."""

import argparse
import getpass

from index_server.commands.options import add_data, open_index
from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_json,
    add_platform,
    print_json,
)
from porter.platform import read_platform


def add(actions: Commands) -> None:
    """Declare the action and its own."""
    parser = actions.add_parser(
        "environment",
        help="make and list environments: requirements with a lock file that stays",
        description="Make and list environments: requirements with a lock file that stays.",
    )
    below = parser.add_subparsers(required=True, metavar="ACTION")
    create = add_command(below, "create", "resolve requirements and keep the lock file", run_create)
    create.add_argument("requirements", nargs="+", metavar="REQUIREMENT")
    add_platform(create)
    add_data(create)
    add_json(create)
    listing = add_command(below, "list", "list the environments", run_list)
    add_data(listing)
    add_json(listing)


def run_create(arguments: argparse.Namespace, machine: Machine) -> int:
    """Make one, and say where its lock file is."""
    from index_server.runtimes.environments import create_environment, read_environment

    index = open_index(arguments, machine)
    try:
        platform = read_platform(arguments.platform)
        name = create_environment(index, platform, arguments.requirements, _actor())
        environment = read_environment(index, name)
    finally:
        index.engine.dispose()
    if arguments.json:
        print_json(environment.summary(index.settings.base_url))
    else:
        print(f"{environment.id}  {len(environment.packages)} packages")
        print(f"{index.settings.base_url}{environment.path}")
    return 0


def run_list(arguments: argparse.Namespace, machine: Machine) -> int:
    """List them, the newest first."""
    from index_server.runtimes.environments import list_environments

    index = open_index(arguments, machine)
    try:
        found = list_environments(index)
    finally:
        index.engine.dispose()
    if arguments.json:
        base = index.settings.base_url
        print_json({"environments": [environment.summary(base) for environment in found]})
        return 0
    for environment in found:
        asked = ", ".join(environment.requirements)
        print(f"{environment.id}  {environment.platform}  {asked}")
    return 0


def _actor() -> str:
    """Who runs the command, for the audit log."""
    return f"{getpass.getuser()} on the server"
