"""`porter index`: run an index, and look after it.

Imports nothing slow: every start of `porter` imports this module.
"""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porter.commands.options import Commands


def add(commands: "Commands") -> None:
    """Declare `porter index` and its actions."""
    index = commands.add_parser(
        "index",
        help="run a private index for micropip, pip and uv",
        description="Run a private index for micropip, pip, uv and the browser's runtime.",
    )
    actions = index.add_subparsers(required=True, metavar="ACTION")
    assert isinstance(actions, argparse._SubParsersAction)
