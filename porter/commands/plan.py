"""`porter plan`: what would be built, what is there already, and why."""

import argparse
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_index,
    add_json,
    add_platforms,
    add_recipe_folders,
    add_sources,
    add_toolchain,
    print_error,
    print_json,
    recipe_folders,
)
from porter.commands.shared import add_store, open_shared, print_warnings
from porter.platform import Platform, read_platform
from porter.progress import Progressing

if TYPE_CHECKING:
    from porter.plan import Step
    from porter.store.shared import SharedStore
    from porter.wanted import Wanted


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "plan", "say what would be built, what is reused, and why", run)
    parser.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="as of `porter build`; without any, every recipe of --recipes",
    )
    add_platforms(parser)
    add_recipe_folders(parser)
    add_index(parser)
    add_sources(parser)
    add_toolchain(parser)
    add_store(parser)
    parser.add_argument("--no-audit", action="store_true", help="as for `porter build --no-audit`")
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Plan for each platform; nothing is built, and nothing fetched that a hash tells of."""
    warnings: list[str] = []
    with Progressing(quiet=True) as report, _all_kept():
        store = open_shared(arguments, report, warnings)
        plans = plan_platforms(arguments, machine, store=store, audited=not arguments.no_audit)
    errors = [step.error for _, steps in plans for step in steps if step.error is not None]
    if arguments.json:
        print_json(
            {
                "plans": [
                    {
                        "platform": platform.pyodide,
                        "steps": [step_json(step) for step in steps],
                    }
                    for platform, steps in plans
                ],
                "warnings": warnings,
            }
        )
    else:
        for platform, steps in plans:
            print_plan(platform, steps, several=len(plans) > 1)
        for error in errors:
            print_error(error)
        print_warnings(warnings)
    return max((error.exit_code for error in errors), default=0)


@contextmanager
def _all_kept() -> Iterator[None]:
    """Of thousands of recipes nothing becomes garbage: looking for it is a tenth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def plan_platforms(
    arguments: argparse.Namespace,
    machine: Machine,
    *,
    store: "SharedStore | None",
    audited: bool = True,
) -> "list[tuple[Platform, tuple[Step, ...]]]":
    """The plan of a command line's sources for each of its platforms."""
    from porter.wanted import read_wanted

    platforms = [read_platform(name) for name in arguments.platform or [None]]
    folders = recipe_folders(arguments)
    wanted = [read_wanted(arguments.source, recipes=folders, platform=p) for p in platforms]
    return [
        (platform, _plan(platform, each, arguments, machine, store, audited=audited))
        for platform, each in zip(platforms, wanted, strict=True)
    ]


def _plan(
    platform: Platform,
    wanted: "Wanted",
    arguments: argparse.Namespace,
    machine: Machine,
    store: "SharedStore | None",
    *,
    audited: bool,
) -> "tuple[Step, ...]":
    from porter.plan import Planning, plan_build, read_graph
    from porter.toolchain.select import find_toolchain

    toolchain = find_toolchain(platform, machine.home, provider=arguments.toolchain)
    graph = read_graph(
        wanted,
        platform=platform,
        toolchain=toolchain,
        index=arguments.index,
        home=machine.home,
        env=machine.env,
    )
    planning = Planning(
        platform=platform,
        toolchain=toolchain,
        audited=audited,
        home=machine.home,
        env=machine.env,
        sources=arguments.sources,
        store=store,
    )
    return plan_build(graph, wanted, planning)


def step_json(step: "Step") -> dict[str, object]:
    """A step for a program to read."""
    return {
        "name": step.name,
        "version": step.version,
        "action": step.action,
        "why": step.why,
        "way": step.way,
        "after": step.after,
        "changes": [
            {"input": c.input, "part": c.part, "before": c.before, "after": c.after}
            for c in step.changes
        ],
        "artefact": step.artefact,
        "key": step.key or None,
        "error": type(step.error).__name__ if step.error else None,
    }


def print_plan(platform: Platform, steps: "Sequence[Step]", *, several: bool) -> None:
    """The table of a platform's steps, and one line of totals."""
    from collections import Counter

    from porter.graph import ARROW
    from porter.table import print_table

    if several:
        print(f"Pyodide {platform.pyodide}")
    rows = [
        [step.name, step.version, step.action, step.why, ARROW.join(step.way[:-1])]
        for step in steps
    ]
    if rows:
        print_table(["project", "version", "what", "why", "asked for by"], rows)
    counts = Counter(step.action for step in steps)
    print(", ".join(f"{count} {action}" for action, count in counts.items()) or "nothing to do")
