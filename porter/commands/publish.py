"""`porter publish`: upload wheels to an index."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_json,
    failure_json,
    print_error,
    print_json,
)
from porter.errors import PublishFailed, SourceNotFound, UsageError
from porter.progress import Progressing

if TYPE_CHECKING:
    from porter.publish import Published

TOKEN = "PORTER_INDEX_TOKEN"  # noqa: S105 # a variable's name


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "publish", "upload wheels to an index", run)
    parser.add_argument("wheel", nargs="+", type=Path, metavar="WHEEL", help="a wheel or an sdist")
    parser.add_argument("--index", required=True, metavar="URL", help="the address of the index")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"a file that has the token; else it is read from {TOKEN}",
    )
    parser.add_argument(
        "--staging", action="store_true", help="to the index's views for what is tried out"
    )
    parser.add_argument(
        "--skip-existing",
        action="store_true",
        help="a file that is there with the same bytes counts as done",
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="send the token in the clear, to an http URL of another machine",
    )
    add_json(parser)


def run(arguments: argparse.Namespace, _machine: Machine) -> int:
    """Publish each file; 1 where the index refused one."""
    from porter.publish import parse_index, parse_project, publish

    index = parse_index(
        arguments.index,
        token=read_token(arguments.token_file),
        staging=arguments.staging,
        insecure=arguments.insecure,
    )
    for wheel in arguments.wheel:
        # A name that is wrong is told before the first file has gone.
        parse_project(wheel)
    published: list[Published] = []
    failures: list[tuple[str, PublishFailed]] = []
    with Progressing(quiet=arguments.json) as report:
        for wheel in arguments.wheel:
            report.phase(wheel.name, "uploading")
            try:
                done = publish(wheel, index, skip_existing=arguments.skip_existing)
            except PublishFailed as error:
                failures.append((wheel.name, error))
                report.done(wheel.name, "failed")
            else:
                published.append(done)
                report.done(wheel.name, done.outcome)
    if arguments.json:
        print_json(
            {
                "index": index.base,
                "files": [published_json(done) for done in published],
                "failures": [failure_json(name, failure) for name, failure in failures],
            }
        )
    else:
        for done in published:
            print(f"{done.outcome}: {done.filename} sha256 {done.sha256}")
        for _, failure in failures:
            print_error(failure)
    return 1 if failures else 0


def published_json(done: "Published") -> dict[str, object]:
    """A published file for a program to read."""
    return {"filename": done.filename, "sha256": done.sha256, "outcome": done.outcome}


def read_token(file: Path | None) -> str:
    """The token of the file, else of the environment; raises SourceNotFound, UsageError."""
    if file is None:
        return os.environ.get(TOKEN, "").strip()
    try:
        return file.read_text("utf-8").strip()
    except FileNotFoundError as error:
        raise SourceNotFound(f"{file}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: it is no text, and so no token") from error
