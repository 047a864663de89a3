"""`porter index import`: files of a folder, or of another index."""

import argparse
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from index_server.commands.options import add_data, open_index
from porter.commands.options import Commands, Machine, add_command, add_json, print_json
from porter.progress import Progressing


def add(actions: Commands) -> None:
    """Declare the action."""
    parser = add_command(actions, "import", "take in the files of a folder or of an index", run)
    parser.add_argument(
        "source", metavar="SOURCE", help="a folder of wheels, or the Simple URL of another index"
    )
    add_data(parser)
    parser.add_argument(
        "--projects",
        action="append",
        default=[],
        metavar="NAME",
        help="of another index these projects alone; may be repeated",
    )
    parser.add_argument("--staging", action="store_true", help="into the staging views alone")
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Check each file as an upload is; 1 where one was refused."""
    from index_server.model import Stage
    from index_server.uploads.intake import Outcome, make_intake, take_folder, take_index
    from porter.table import print_table

    index = open_index(arguments, machine)
    stage = Stage.STAGING if arguments.staging else Stage.PRODUCTION
    intake = make_intake(index, actor="porter index import", stage=stage)
    try:
        with Progressing(quiet=arguments.json) as report:
            if "://" in arguments.source:
                taken = take_index(
                    intake, arguments.source, arguments.projects, report, env=machine.env
                )
            else:
                taken = take_folder(intake, Path(arguments.source), report)
    finally:
        index.engine.dispose()
    counts = Counter(file.outcome.value for file in taken)
    if arguments.json:
        print_json({"counts": dict(counts), "files": [asdict(file) for file in taken]})
    else:
        rows = [(file.filename, file.outcome.value, file.reason) for file in taken]
        print_table(("file", "outcome", "why"), rows)
        print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no files")
    return 1 if counts[Outcome.REFUSED.value] else 0
