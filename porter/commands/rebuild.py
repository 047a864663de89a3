"""`porter rebuild`: whether a wheel's own account of its build gives it again."""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_index,
    add_jobs,
    add_json,
    add_recipe_folders,
    add_sources,
    print_json,
    recipe_folders,
)
from porter.commands.shared import add_store, open_shared, print_warnings
from porter.errors import SourceNotFound
from porter.progress import Progressing

if TYPE_CHECKING:
    from porter.rebuild import Rebuilt

# Of many differences the first tell as much as all.
SHOWN = 20


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands, "rebuild", "build a wheel again as it says it was built, and compare", run
    )
    parser.add_argument("wheel", type=Path, metavar="WHEEL", help="a wheel that Porter built")
    parser.add_argument(
        "--source",
        default="",
        metavar="SOURCE",
        help="what it was built of, where that was a folder, or a file",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep what was built there")
    add_recipe_folders(parser)
    add_index(parser)
    add_sources(parser)
    add_store(parser)
    add_jobs(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Exit code 0 where the bytes are the same, 1 where they are not."""
    from porter.rebuild import Rebuilding, rebuild_wheel

    if not arguments.wheel.is_file():
        raise SourceNotFound(f"{arguments.wheel}: no such wheel")
    warnings: list[str] = []
    with tempfile.TemporaryDirectory(prefix="porter-rebuild-") as folder, Progressing() as report:
        rebuilt = rebuild_wheel(
            arguments.wheel,
            Rebuilding(
                out=arguments.out or Path(folder),
                recipes=recipe_folders(arguments),
                home=machine.home,
                env=machine.env,
                jobs=arguments.jobs,
                report=report,
                source=arguments.source,
                index=arguments.index,
                sources=arguments.sources,
                store=open_shared(arguments, report, warnings),
            ),
        )
    if arguments.json:
        print_json({**rebuilt_json(rebuilt), "warnings": warnings})
    else:
        _print(rebuilt)
        print_warnings(warnings)
    return 0 if rebuilt.same else 1


def rebuilt_json(rebuilt: "Rebuilt") -> dict[str, object]:
    """The comparison for a program to read."""
    return {
        "wheel": rebuilt.wheel,
        "sha256": rebuilt.sha256,
        "again": rebuilt.again_sha256,
        "same": rebuilt.same,
        "changes": [
            {"input": c.input, "part": c.part, "before": c.before, "after": c.after}
            for c in rebuilt.changes
        ],
        "differences": [{"member": d.member, "what": d.what} for d in rebuilt.differences],
    }


def _print(rebuilt: "Rebuilt") -> None:
    print(f"{rebuilt.sha256}  {rebuilt.wheel}")
    if rebuilt.same:
        print("built again, it is the same bytes")
        return
    print(f"{rebuilt.again_sha256}  built again")
    for change in rebuilt.changes:
        print(f"  went in: {change}")
    for difference in rebuilt.differences[:SHOWN]:
        print(f"  came out: {difference}")
    if len(rebuilt.differences) > SHOWN:
        print(f"  and {len(rebuilt.differences) - SHOWN} more")
