"""`porter explain`: why a log ends in failure, and the edit that mends it."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from porter.commands.options import Commands, Machine, add_command, add_json, print_json


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "explain", "say why a log ends in failure, and what to change", run
    )
    parser.add_argument(
        "log",
        metavar="LOG",
        help="the log of a build, a load or a test, Porter's or another's; - reads standard input",
    )
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:  # noqa: ARG001
    """The likeliest cause; 1 where the log is of no known class."""
    from porter.diagnose import decisive_lines, diagnose, read_rules
    from porter.log import read_log, read_stream

    if arguments.log == "-":
        log = read_stream(sys.stdin.buffer, "stdin")
    else:
        log = read_log(Path(arguments.log))
    found = diagnose(log.lines, read_rules())
    if arguments.json:
        rows = [{**asdict(one), "line": log.number(one.line)} for one in found]
        lines = () if found else decisive_lines(log.lines)
        print_json({"log": log.name, "ok": bool(found), "diagnoses": rows, "lines": lines})
    elif found:
        first, *others = found
        print(f"cause: {first.cause}")
        print(f"evidence: {log.place(first.line)}: {first.evidence}")
        print(f"edit: {first.edit}")
        print(f"more: {first.page}")
        for other in others:
            print(f"also: {other.cause} ({log.place(other.line)}, {other.page})")
    elif lines := decisive_lines(log.lines):
        print("cause: of no known class; read these lines first:")
        for line in lines:
            print(f"  {line}")
    else:
        print("cause: of no known class; the log is empty")
    return 0 if found else 1
