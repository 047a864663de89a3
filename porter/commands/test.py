"""`porter test`: run wheels in the Pyodide runtime under Node."""

import argparse
import sys
from collections.abc import Sequence
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
from porter.errors import SourceNotFound, UsageError
from porter.platform import Platform, read_platform
from porter.progress import Progressing

if TYPE_CHECKING:
    from porter.batch import Failure
    from porter.check.model import CheckResult, TestResult
    from porter.recipe import Recipe

# Of a suite that fails everywhere, the first failures tell as much as all.
SHOWN = 20


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "test", "run wheels in the Pyodide runtime under Node", run)
    parser.add_argument("wheel", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument(
        "--with",
        dest="wheels",
        action="append",
        default=[],
        type=Path,
        metavar="WHEEL",
        help="a wheel that the others need, installed first; may be repeated",
    )
    add_platform(parser)
    add_recipes(parser)
    add_jobs(parser)
    add_timeout(parser)
    add_json(parser)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """`--timeout SECONDS`."""
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=300.0,
        metavar="SECONDS",
        help="how long one start of the runtime may take (default: 300)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("more than 0")
    return seconds


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Run each wheel's imports and its recipe's tests."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    from porter.recipe import find_own_recipe, find_recipe
    from porter.wheel import fits

    platform = read_platform(arguments.platform)
    wheels: list[tuple[Path, Recipe]] = []
    for wheel in [*arguments.wheel, *arguments.wheels]:
        if not wheel.is_file():
            raise SourceNotFound(f"{wheel}: no such wheel")
    for wheel in arguments.wheel:
        try:
            project = parse_wheel_filename(wheel.name)[0]
        except InvalidWheelFilename as error:
            raise UsageError(f"{wheel}: not the name of a wheel") from error
        if not fits(wheel.name, platform):
            raise UsageError(
                f"{wheel}: Pyodide {platform.pyodide} cannot install wheels of that tag",
                advice=f"it takes {platform.tag}, and pure wheels",
            )
        recipe = find_recipe(arguments.recipes, project)
        if recipe.folder is None:
            recipe = find_own_recipe(Path.cwd(), project) or recipe
        wheels.append((wheel, recipe))
    checks, failures = check_wheels(
        wheels,
        arguments.wheels,
        platform=platform,
        machine=machine,
        jobs=arguments.jobs,
        timeout=arguments.timeout,
    )
    if arguments.json:
        print_json(
            {
                "platform": platform.pyodide,
                "checks": [check.as_json() for check in checks],
                "failures": [failure_json(f.name, f.error) for f in failures],
            }
        )
    else:
        from porter.table import print_table

        print_table(
            ("wheel", "what ran", "seconds"),
            [(check.wheel.name, check.summary, f"{check.seconds:.1f}") for check in checks],
        )
        for failure in failures:
            print_error(failure.error)
        print_checks(checks)
    if failures:
        return max(failure.error.exit_code for failure in failures)
    return 0 if all(check.ok for check in checks) else 1


def check_wheels(
    wheels: Sequence[tuple[Path, "Recipe"]],
    needed: Sequence[Path],
    *,
    platform: Platform,
    machine: Machine,
    jobs: int,
    timeout: float,
) -> "tuple[list[CheckResult], list[Failure]]":
    """Run each wheel in a runtime of its own, with `needed` and the others at hand."""
    from porter.batch import run_batch
    from porter.check.node import run_check
    from porter.check.support import fetch_pinned, fetch_support
    from porter.process import Children, find_program
    from porter.runtime import fetch_runtime

    node = find_program("node", machine.env)
    children = Children()
    with Progressing() as report:
        runtime = fetch_runtime(platform, home=machine.home, env=machine.env)
        support = fetch_support(home=machine.home, env=machine.env)

        def check(item: "tuple[Path, Recipe]") -> "CheckResult":
            wheel, recipe = item
            subject = f"test {recipe.name}"
            report.phase(subject, "starting the runtime")

            def follow(result: "TestResult") -> None:
                report.phase(subject, f"{result.outcome}: {result.name}")

            result = run_check(
                wheel=wheel,
                runtime=runtime.folder,
                node=node,
                imports=recipe.imports,
                tests=recipe.tests,
                shipped=recipe.shipped,
                skipped=dict(recipe.skip),
                wheels=needed,
                support=[
                    *support,
                    *(
                        fetch_pinned(purl, home=machine.home, env=machine.env)
                        for purl in recipe.requires
                    ),
                ],
                log=machine.home.new_log(f"test-{recipe.name}"),
                timeout=timeout,
                env=machine.env,
                on_result=follow if sys.stderr.isatty() else None,
                children=children,
            )
            report.done(subject, result.summary)
            return result

        return run_batch(
            wheels, check, name=lambda item: item[1].name, jobs=jobs, children=children
        )


def print_checks(checks: "Sequence[CheckResult]") -> None:
    """What did not pass, with its reason and the log."""
    for check in checks:
        bad = [result for result in check.results if result.outcome in ("failed", "error")]
        for result in bad[:SHOWN]:
            print(f"{check.wheel.name}: {result.outcome}: {result.name}", file=sys.stderr)
            for line in result.reason.splitlines():
                print(f"    {line}", file=sys.stderr)
        if len(bad) > SHOWN:
            print(f"{check.wheel.name}: and {len(bad) - SHOWN} more", file=sys.stderr)
        if not check.ok:
            print(f"  full log: {check.log}", file=sys.stderr)
