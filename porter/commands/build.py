"""`porter build`: sources in, wheels for Pyodide out."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.built import built_json, print_built
from porter.commands.checks import add_runtime, add_timeout, print_faults
from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_index,
    add_jobs,
    add_json,
    add_platform,
    add_recipe_folders,
    add_sources,
    failure_json,
    print_json,
    recipe_folders,
)
from porter.platform import Platform, read_platform
from porter.progress import Progressing, Reporter

if TYPE_CHECKING:
    from porter.batch import Failure
    from porter.build import Built
    from porter.check.model import CheckResult
    from porter.wanted import Wanted


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "build", "cross-build sources into wheels for Pyodide", run)
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a project's folder, a recipe's folder or name, a folder of recipes, tag:WORD, "
        "an sdist file, git+URL@COMMIT or pkg:pypi/NAME@VERSION",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("dist"),
        metavar="DIR",
        help="where the wheels go (default: dist)",
    )
    add_platform(parser)
    add_recipe_folders(parser)
    add_index(parser)
    add_sources(parser)
    add_jobs(parser)
    parser.add_argument(
        "--fail-fast",
        action="store_true",
        help="begin nothing more after a failure; what runs is finished",
    )
    add_toolchain(parser)
    parser.add_argument(
        "--no-audit",
        action="store_true",
        help="keep wheels that would not work; their bill of materials says so",
    )
    parser.add_argument("--test", action="store_true", help="then run the wheels as `porter test`")
    add_runtime(parser)
    add_timeout(parser)
    add_json(parser)


def add_toolchain(parser: argparse.ArgumentParser) -> None:
    """`--toolchain PROVIDER`."""
    parser.add_argument(
        "--toolchain",
        choices=("auto", "official", "debian", "path"),
        default="auto",
        help="who gives the compiler (default: auto, the first that works)",
    )


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Build every source; a failure stops no other that does not need it."""
    from porter.portfolio import Portfolio, build_portfolio
    from porter.toolchain.select import have_toolchain
    from porter.wanted import read_wanted

    platform = read_platform(arguments.platform)
    wanted = read_wanted(arguments.source, recipes=recipe_folders(arguments))
    checks: list[CheckResult] = []
    with Progressing() as report:
        toolchain = have_toolchain(
            platform, arguments.toolchain, home=machine.home, env=machine.env, report=report
        )
        folio = Portfolio(
            out=arguments.out,
            platform=platform,
            toolchain=toolchain,
            home=machine.home,
            env=machine.env,
            jobs=arguments.jobs,
            report=report,
            audit=not arguments.no_audit,
            index=arguments.index,
            sources=arguments.sources,
            fail_fast=arguments.fail_fast,
        )
        built, failures = build_portfolio(wanted, folio)
        if arguments.test and built:
            checks, refused = _try(built, wanted, platform, arguments, machine, report)
            failures += refused
    if arguments.json:
        print_json(
            {
                "platform": platform.pyodide,
                "toolchain": toolchain.provider,
                "wheels": [built_json(item, checks) for item in built],
                "failures": [
                    {**failure_json(f.name, f.error), "blocked_by": f.blocked_by} for f in failures
                ],
            }
        )
    else:
        print_built(built, failures, checks)
        print_faults(checks)
    if failures:
        return max(f.error.exit_code for f in failures if not f.blocked_by)
    return 0 if all(check.ok for check in checks) else 1


def _try(
    built: "Sequence[Built]",
    wanted: "Wanted",
    platform: Platform,
    arguments: argparse.Namespace,
    machine: Machine,
    report: Reporter,
) -> "tuple[list[CheckResult], list[Failure]]":
    """Run the wheels."""
    from porter.check.model import Host
    from porter.trial import Target, Trial, try_wheels

    wheels = [item for item in built if item.wheel.suffix == ".whl"]
    trial = Trial(
        platform=platform,
        hosts=tuple(Host(name) for name in arguments.runtime or ["node"]),
        needed=() if wanted.alone else tuple(item.wheel for item in wheels),
        suite=False,
        only=(),
        native=False,
        timeout=arguments.timeout,
        jobs=arguments.jobs,
        home=machine.home,
        env=machine.env,
    )
    targets = [
        Target(
            wheel=item.wheel,
            recipe=wanted.recipes[item.name],
            source=wanted.source(wanted.recipes[item.name]),
        )
        for item in wheels
    ]
    return try_wheels(targets, trial, report)
