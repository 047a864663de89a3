"""`porter platforms`: the Pyodide releases that are known."""

import argparse

from porter.commands.options import Commands, Machine, add_command, add_json, print_json
from porter.platform import read_platforms

COLUMNS = ("name", "Pyodide", "Python", "ABI", "Emscripten", "wheel tag", "toolchain profile")
FIELDS = ("name", "pyodide", "python", "abi", "emscripten", "tag", "toolchain")


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "platforms", "list the Pyodide releases that are known", run)
    add_json(parser)


def run(arguments: argparse.Namespace, _machine: Machine) -> int:
    """List them."""
    rows = [
        {field: getattr(platform, field) for field in FIELDS}
        for platform in read_platforms().values()
    ]
    if arguments.json:
        print_json({"platforms": rows})
    else:
        from porter.table import print_table

        print_table(COLUMNS, [tuple(v or "none yet" for v in row.values()) for row in rows])
    return 0
