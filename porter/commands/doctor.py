"""`porter doctor`: what this machine lacks, and what mends it."""

import argparse
from dataclasses import asdict

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_json,
    add_platform,
    print_json,
)
from porter.platform import read_platform


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "doctor", "say what this machine lacks, and what mends it", run)
    add_platform(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """A table of every requirement; 1 where one is missing."""
    from porter.doctor import examine

    platform = read_platform(arguments.platform)
    found = examine(platform, home=machine.home, env=machine.env)
    ok = all(requirement.ok for requirement in found)
    if arguments.json:
        rows = [asdict(requirement) for requirement in found]
        print_json({"platform": platform.pyodide, "ok": ok, "requirements": rows})
    else:
        from porter.table import print_table

        print_table(
            ("", "requirement", "wanted", "found", "what mends it"),
            [
                ("✓" if r.ok else "✗", r.name, r.wanted, r.found, "" if r.ok else r.mend)
                for r in found
            ],
        )
    return 0 if ok else 1
