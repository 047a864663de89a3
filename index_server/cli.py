"""`porter index`: run an index, and look after it.

Imports nothing slow: every start of `porter` imports this module.
"""

from index_server.commands import (
    backup,
    environment,
    export,
    file,
    intake,
    log,
    project,
    restore,
    serve,
    token,
    verify,
)
from porter.commands.options import Commands

ACTIONS = (serve, environment, export, intake, verify, backup, restore, token, file, project, log)


def add(commands: Commands) -> None:
    """Declare `porter index` and its actions."""
    index = commands.add_parser(
        "index",
        help="run a private index for micropip, pip and uv",
        description="Run a private index for micropip, pip, uv and the browser's runtime.",
    )
    actions = index.add_subparsers(required=True, metavar="ACTION")
    for action in ACTIONS:
        action.add(actions)
