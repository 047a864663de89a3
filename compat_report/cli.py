"""`porter report`: which notebooks can run serverless, why not, and what to port next.

Imports nothing slow: every start of `porter` imports this module.
"""

from porter.commands.options import Commands


def add(commands: Commands) -> None:
    """Declare `porter report`."""
    commands.add_parser("report", help="say which notebooks can run in a browser")
