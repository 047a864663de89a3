"""`porter build`: sources in, wheels for Pyodide out."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.built import print_built
from porter.commands.checks import add_runtime, add_timeout, print_faults
from porter.commands.matrix import Outcome, outcome_json, print_matrix
from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_index,
    add_jobs,
    add_json,
    add_platforms,
    add_recipe_folders,
    add_sources,
    add_toolchain,
    print_json,
    recipe_folders,
)
from porter.commands.shared import add_store, open_shared, place_store, print_warnings
from porter.errors import UsageError
from porter.platform import Platform, read_platform
from porter.progress import Placed, Progressing, Reporter

if TYPE_CHECKING:
    from porter.batch import Failure
    from porter.build import Built
    from porter.check.model import CheckResult
    from porter.cluster.model import Address
    from porter.store.shared import SharedStore
    from porter.toolchain.model import Toolchain
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
    add_platforms(parser)
    add_recipe_folders(parser)
    add_index(parser)
    add_sources(parser)
    add_store(parser)
    add_jobs(parser)
    parser.add_argument(
        "--fail-fast",
        action="store_true",
        help="begin nothing more after a failure; what runs is finished",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="a Dask scheduler, tcp://HOST:8786: its workers build; needs --store",
    )
    parser.add_argument(
        "--cluster-install",
        action="store_true",
        help="workers that lack the toolchain install it",
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


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Build every source for every platform; a failure stops no other that does not need it."""
    from porter.toolchain.select import have_toolchain
    from porter.wanted import read_wanted

    platforms = dict.fromkeys(read_platform(name) for name in arguments.platform or [None])
    folders = recipe_folders(arguments)
    wanted = [read_wanted(arguments.source, recipes=folders, platform=p) for p in platforms]
    outcomes: list[Outcome] = []
    warnings: list[str] = []
    with Progressing() as report:
        cluster = _open_cluster(arguments, report, warnings)
        store = open_shared(arguments, report, warnings)
        toolchains = [
            have_toolchain(
                platform, arguments.toolchain, home=machine.home, env=machine.env, report=report
            )
            for platform in platforms
        ]
        for platform, toolchain, each in zip(platforms, toolchains, wanted, strict=True):
            told = Placed(report, platform.name) if len(platforms) > 1 else report
            outcomes.append(
                _build(each, platform, toolchain, (store, cluster), arguments, machine, told)
            )
            if arguments.fail_fast and outcomes[-1].failures:
                break
    if arguments.json:
        documents = [outcome_json(outcome) for outcome in outcomes]
        document = documents[0] if len(platforms) == 1 else {"builds": documents}
        print_json({**document, "warnings": warnings})
    elif len(platforms) == 1:
        print_built(outcomes[0].built, outcomes[0].failures, outcomes[0].checks)
    else:
        print_matrix(outcomes)
    if not arguments.json:
        print_warnings(warnings)
        print_faults([check for outcome in outcomes for check in outcome.checks])
    return max(outcome.exit_code for outcome in outcomes)


def _open_cluster(
    arguments: argparse.Namespace, report: Reporter, warnings: list[str]
) -> "Address | None":
    """The cluster that builds, None where none is named. Its store must be there."""
    if not arguments.cluster:
        return None
    if not arguments.store:
        raise UsageError(
            "--cluster needs a store: what workers are sent, and what they make, goes through it",
            advice="add --store: a bucket, or a folder that all of them share",
        )
    if arguments.no_audit:
        raise UsageError("--no-audit: what was not audited is not put in a store, nor in --cluster")
    from porter.cluster.model import Address
    from porter.store.objects import open_objects

    def warn(text: str) -> None:
        warnings.append(text)
        report.phase("cluster", f"warning: {text}")

    return Address(
        scheduler=arguments.cluster,
        store=place_store(arguments.store),
        objects=open_objects(arguments.store, os.environ),
        warn=warn,
        install=arguments.cluster_install,
    )


def _build(
    wanted: "Wanted",
    platform: Platform,
    toolchain: "Toolchain",
    shared: "tuple[SharedStore | None, Address | None]",
    arguments: argparse.Namespace,
    machine: Machine,
    report: Reporter,
) -> Outcome:
    """Build for one platform, and run what was built where that is asked for."""
    from porter.portfolio import Portfolio, build_portfolio

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
        store=shared[0],
        fail_fast=arguments.fail_fast,
        tried=arguments.test,
        cluster=shared[1],
    )
    built, failures = build_portfolio(wanted, folio)
    checks: list[CheckResult] = []
    if arguments.test and built:
        checks, refused = _try(built, wanted, platform, arguments, machine, report)
        failures += refused
    return Outcome(
        platform=platform,
        toolchain=toolchain.provider,
        built=built,
        failures=failures,
        checks=checks,
    )


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
        # What those need comes along; its own suite may take hours.
        if item.name in wanted.roles
    ]
    return try_wheels(targets, trial, report)
