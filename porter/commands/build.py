"""`porter build`: sources in, wheels for Pyodide out."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.checks import add_runtime, add_timeout, check_json, print_faults
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
    print_error,
    print_json,
    recipe_folders,
)
from porter.platform import Platform, read_platform
from porter.progress import Progressing, Reporter

if TYPE_CHECKING:
    from porter.audit.surface import LinkSurface
    from porter.batch import Failure
    from porter.build import Built
    from porter.check.model import CheckResult
    from porter.graph import Graph, Node
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
    add_platform(parser)
    add_recipe_folders(parser)
    add_index(parser)
    add_sources(parser)
    add_jobs(parser)
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
    """Build every source; a failure stops no other."""
    from porter.check.model import Host
    from porter.toolchain.select import have_toolchain
    from porter.trial import Target, Trial, try_wheels
    from porter.wanted import read_wanted

    platform = read_platform(arguments.platform)
    wanted = read_wanted(arguments.source, recipes=recipe_folders(arguments))
    checks: list[CheckResult] = []
    with Progressing() as report:
        toolchain = have_toolchain(
            platform, arguments.toolchain, home=machine.home, env=machine.env, report=report
        )
        built, failures = build_wanted(
            wanted,
            arguments.out,
            index=arguments.index,
            sources=arguments.sources,
            toolchain=toolchain,
            platform=platform,
            machine=machine,
            jobs=arguments.jobs,
            audit=not arguments.no_audit,
            report=report,
        )
        if arguments.test and built:
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
            checks, refused = try_wheels(targets, trial, report)
            failures += refused
    if arguments.json:
        print_json(
            {
                "platform": platform.pyodide,
                "toolchain": toolchain.provider,
                "wheels": [built_json(item, checks) for item in built],
                "failures": [failure_json(f.name, f.error) for f in failures],
            }
        )
    else:
        print_built(built, checks)
        for failure in failures:
            print_error(failure.error)
        print_faults(checks)
    if failures:
        return max(failure.error.exit_code for failure in failures)
    return 0 if all(check.ok for check in checks) else 1


def build_wanted(
    wanted: "Wanted",
    out: Path,
    *,
    toolchain: "Toolchain",
    platform: Platform,
    machine: Machine,
    jobs: int,
    audit: bool,
    report: Reporter,
    index: str | None = None,
    sources: Path | None = None,
) -> "tuple[list[Built], list[Failure]]":
    """Have the wheel of all that is asked for, and of what that needs, in `out`.

    Several are built at once, host requirements before their users.
    """
    from functools import cache

    from porter.artefact import open_out
    from porter.batch import run_graph
    from porter.build import build, built_host
    from porter.plan import given_files, read_graph
    from porter.process import Children
    from porter.runtime import fetch_runtime, read_surface
    from porter.workshop import Workshop

    open_out(out)
    children = Children()
    graph = read_graph(
        wanted,
        platform=platform,
        toolchain=toolchain,
        index=index,
        home=machine.home,
        env=machine.env,
    )
    at_once = max(1, min(jobs, len(graph.nodes)))

    @cache
    def surface() -> "LinkSurface":
        runtime = fetch_runtime(platform, home=machine.home, env=machine.env)
        return read_surface(runtime, home=machine.home, env=machine.env)

    shop = Workshop(
        platform=platform,
        toolchain=toolchain,
        home=machine.home,
        env=machine.env,
        jobs=max(1, jobs // at_once),
        report=report,
        children=children,
        surface=surface if audit else None,
        sources=sources,
    )

    def work(node: "Node", below: "Mapping[str, Built]") -> "Built":
        given = given_files(node, graph, home=machine.home, env=machine.env, sources=sources)
        host = [*(built_host(item, wanted.recipes[item.name]) for item in below.values()), *given]
        return build(wanted.source(node.recipe), shop, out, host=host)

    built, failures = run_graph(
        {node.name: node for node in graph.nodes},
        {node.name: node.host for node in graph.nodes},
        work,
        name=str,
        jobs=at_once,
        children=children,
    )
    return built, [*failures, *_skipped(graph, wanted, report)]


def _skipped(graph: "Graph", wanted: "Wanted", report: Reporter) -> "list[Failure]":
    """What was not built because it is disabled: a failure where it was named."""
    from porter.batch import Failure
    from porter.errors import ConfigurationError
    from porter.graph import ARROW, Role

    failures = []
    for skipped in graph.skipped:
        why = f"{ARROW.join(skipped.path)} is disabled"
        if wanted.roles.get(skipped.name) is Role.NAMED:
            error = ConfigurationError(why, advice="its recipe says so: package.disabled")
            failures.append(Failure(name=skipped.name, error=error))
        else:
            report.phase(skipped.name, f"skipped: {why}")
    return failures


def built_json(item: "Built", checks: "Sequence[CheckResult]") -> dict[str, object]:
    """A wheel for a program to read; `checks` are of the runtimes it was run in."""
    return {
        "name": item.name,
        "version": item.version,
        "wheel": item.wheel,
        "sha256": item.sha256,
        "size": item.size,
        "seconds": round(item.seconds, 2),
        "reused": item.reused,
        "audit": item.audit,
        "note": item.note,
        "checks": [check_json(check) for check in checks if check.wheel == item.wheel],
    }


def print_built(built: Sequence["Built"], checks: "Sequence[CheckResult]") -> None:
    """The table of wheels, with the sha256 of each below it."""
    if not built:
        return
    from porter.table import format_size, print_table

    columns = ["project", "version", "wheel", "size", "build", "audit"]
    rows = [
        [
            item.name,
            item.version,
            item.wheel.name,
            format_size(item.size),
            f"reused ({item.seconds:.1f} s)" if item.reused else f"{item.seconds:.1f} s",
            item.audit,
        ]
        for item in built
    ]
    if checks:
        columns.append("what ran")
        for row, item in zip(rows, built, strict=True):
            mine = [check for check in checks if check.wheel == item.wheel]
            row.append("; ".join(_ran(check, several=len(mine) > 1) for check in mine) or "not run")
    print_table(columns, rows)
    for item in built:
        print(f"{item.sha256}  {item.wheel}")
    for item in built:
        if item.note:
            print(f"{item.name}: {item.note}")


def _ran(check: "CheckResult", *, several: bool) -> str:
    return f"{check.host}: {check.summary}" if several else check.summary
