"""`porter build`: sources in, wheels for Pyodide out."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_jobs,
    add_json,
    add_platform,
    add_recipes,
    failure_json,
    print_error,
    print_json,
)
from porter.commands.test import add_timeout, check_wheels, print_checks
from porter.platform import read_platform
from porter.progress import Progressing

if TYPE_CHECKING:
    from porter.audit.surface import LinkSurface
    from porter.build import Built
    from porter.check.model import CheckResult


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "build", "cross-build sources into wheels for Pyodide", run)
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a project's folder, a recipe's folder, an sdist file or pkg:pypi/NAME@VERSION",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("dist"),
        metavar="DIR",
        help="where the wheels go (default: dist)",
    )
    add_platform(parser)
    add_recipes(parser)
    add_jobs(parser)
    parser.add_argument(
        "--toolchain",
        choices=("auto", "official", "debian", "path"),
        default="auto",
        help="who gives the compiler (default: auto, the first that works)",
    )
    parser.add_argument(
        "--no-audit",
        action="store_true",
        help="keep wheels that would not work; their bill of materials says so",
    )
    parser.add_argument("--test", action="store_true", help="then run the wheels as `porter test`")
    add_timeout(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Build every source; a failure stops no other."""
    from functools import cache

    from porter.artefact import open_out
    from porter.batch import run_batch
    from porter.build import Workshop, build
    from porter.process import Children
    from porter.runtime import fetch_runtime, read_surface
    from porter.source import parse_source
    from porter.toolchain.select import have_toolchain

    platform = read_platform(arguments.platform)
    sources = [parse_source(text, recipes=arguments.recipes) for text in arguments.source]
    open_out(arguments.out)
    children = Children()
    at_once = min(arguments.jobs, len(sources))
    with Progressing() as report:
        toolchain = have_toolchain(
            platform, arguments.toolchain, home=machine.home, env=machine.env, report=report
        )

        @cache
        def surface() -> "LinkSurface":
            runtime = fetch_runtime(platform, home=machine.home, env=machine.env)
            return read_surface(runtime, home=machine.home, env=machine.env)

        shop = Workshop(
            platform=platform,
            toolchain=toolchain,
            home=machine.home,
            env=machine.env,
            jobs=max(1, arguments.jobs // at_once),
            report=report,
            children=children,
            surface=None if arguments.no_audit else surface,
        )
        built, failures = run_batch(
            sources,
            lambda source: build(source, shop, arguments.out),
            name=lambda source: source.name,
            jobs=at_once,
            children=children,
        )
    checks: list[CheckResult] = []
    if arguments.test and built:
        recipes = {source.name: source.recipe for source in sources}
        checks, refused = check_wheels(
            [(item.wheel, recipes[item.name]) for item in built],
            (),
            platform=platform,
            machine=machine,
            jobs=arguments.jobs,
            timeout=arguments.timeout,
        )
        failures += refused
    by_wheel = {check.wheel: check for check in checks}
    if arguments.json:
        print_json(
            {
                "platform": platform.pyodide,
                "toolchain": toolchain.provider,
                "wheels": [built_json(item, by_wheel.get(item.wheel)) for item in built],
                "failures": [failure_json(f.name, f.error) for f in failures],
            }
        )
    else:
        print_built(built, by_wheel)
        for failure in failures:
            print_error(failure.error)
        print_checks(checks)
    if failures:
        return max(failure.error.exit_code for failure in failures)
    return 0 if all(check.ok for check in checks) else 1


def built_json(item: "Built", check: "CheckResult | None") -> dict[str, object]:
    """A wheel for a program to read; `check` is null where it was not run."""
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
        "check": check.as_json() if check is not None else None,
    }


def print_built(built: Sequence["Built"], checks: Mapping[Path, "CheckResult"]) -> None:
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
            row.append(checks[item.wheel].summary if item.wheel in checks else "not run")
    print_table(columns, rows)
    for item in built:
        print(f"{item.sha256}  {item.wheel}")
    for item in built:
        if item.note:
            print(f"{item.name}: {item.note}")
