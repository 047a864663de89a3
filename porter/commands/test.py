"""`porter test`: run wheels in the Pyodide runtime, under Node or in a browser."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.checks import (
    add_junit,
    add_runtime,
    add_timeout,
    check_json,
    print_faults,
    print_table_of_checks,
    write_junit,
)
from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_jobs,
    add_json,
    add_platforms,
    add_recipes,
    add_toolchain,
    failure_json,
    print_error,
    print_json,
)
from porter.errors import UsageError
from porter.platform import Platform, read_platform
from porter.progress import Progressing, Reporter

if TYPE_CHECKING:
    from porter.batch import Failure
    from porter.check.model import CheckResult
    from porter.recipe import Recipe
    from porter.trial import Target


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "test", "run wheels in the Pyodide runtime", run)
    parser.add_argument(
        "target",
        nargs="+",
        metavar="TARGET",
        help="a wheel, a recipe's or project's folder (it is built first), or "
        "pkg:pypi/NAME@VERSION for the index's wheel",
    )
    add_runtime(parser)
    add_platforms(parser)
    parser.add_argument(
        "--with",
        dest="wheels",
        action="append",
        default=[],
        metavar="WHEEL",
        help="a wheel that the others need; may be repeated",
    )
    parser.add_argument(
        "--suite", action="store_true", help="run the project's own tests, of its sdist"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="with --suite: test files, as the source has them; may be repeated",
    )
    parser.add_argument(
        "--against-native",
        action="store_true",
        help="run the same on a Python of this machine: only what fails in wasm alone counts",
    )
    add_recipes(parser)
    add_jobs(parser)
    add_toolchain(parser)
    add_timeout(parser)
    add_junit(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Run each target's imports and tests in each runtime of each platform."""
    from porter.check.model import Host
    from porter.target import find_wheel
    from porter.trial import Trial, try_wheels

    if arguments.only and not arguments.suite:
        raise UsageError("--only names files of the project's own tests", advice="add --suite")
    checks: list[CheckResult] = []
    failures: list[Failure] = []
    with Progressing() as report:
        for release in arguments.platform or [None]:
            platform = read_platform(release)
            targets, built, broken = _targets(arguments, platform, machine, report)
            trial = Trial(
                platform=platform,
                hosts=tuple(Host(name) for name in arguments.runtime or ["node"]),
                needed=(
                    *(
                        find_wheel(text, platform, home=machine.home, env=machine.env)
                        for text in arguments.wheels
                    ),
                    *built,
                ),
                suite=arguments.suite,
                only=tuple(arguments.only),
                native=arguments.against_native,
                timeout=arguments.timeout,
                jobs=arguments.jobs,
                home=machine.home,
                env=machine.env,
            )
            found, refused = try_wheels(targets, trial, report)
            checks += found
            failures += [*broken, *refused]
    if arguments.junit is not None:
        write_junit(checks, arguments.junit)
    if arguments.json:
        print_json(
            {
                "checks": [check_json(check) for check in checks],
                "failures": [failure_json(f.name, f.error) for f in failures],
            }
        )
    else:
        print_table_of_checks(checks)
        for failure in failures:
            print_error(failure.error)
        print_faults(checks)
    if failures:
        return max(failure.error.exit_code for failure in failures)
    return 0 if all(check.ok for check in checks) else 1


def _targets(
    arguments: argparse.Namespace, platform: Platform, machine: Machine, report: Reporter
) -> "tuple[list[Target], list[Path], list[Failure]]":
    """The wheels meant, those of folders built first; and the wheels that those need."""
    from porter.portfolio import Portfolio, build_portfolio
    from porter.target import find_wheel
    from porter.toolchain.select import have_toolchain
    from porter.trial import Target
    from porter.wanted import read_wanted

    folders = [text for text in arguments.target if Path(text).is_dir()]
    wheels = {
        text: find_wheel(text, platform, home=machine.home, env=machine.env)
        for text in arguments.target
        if text not in folders
    }
    for wheel in wheels.values():
        _check_name(wheel, platform)
    failures: list[Failure] = []
    needed: list[Path] = []
    targets: dict[str, Target] = {
        text: Target(wheel=wheel, recipe=_recipe(wheel, arguments.recipes, platform))
        for text, wheel in wheels.items()
    }
    if folders:
        wanted = read_wanted(folders, recipes=[arguments.recipes], platform=platform)
        folio = Portfolio(
            out=machine.home.tested,
            platform=platform,
            toolchain=have_toolchain(
                platform, arguments.toolchain, home=machine.home, env=machine.env, report=report
            ),
            home=machine.home,
            env=machine.env,
            jobs=arguments.jobs,
            report=report,
            tried=True,
        )
        built, failures = build_portfolio(wanted, folio)
        by_name = {item.name: item for item in built}
        for text, name in wanted.names.items():
            if name in by_name:
                source = wanted.sources[name]
                wheel = by_name[name].wheel
                targets[text] = Target(wheel=wheel, recipe=source.recipe, source=source)
        named = set(wanted.names.values())
        wheels_built = [item for item in built if item.wheel.suffix == ".whl"]
        needed = [item.wheel for item in wheels_built if item.name not in named]
    return [targets[text] for text in arguments.target if text in targets], needed, failures


def _check_name(wheel: Path, platform: Platform) -> None:
    from packaging.utils import InvalidWheelFilename

    from porter.wheel import fits

    try:
        fitting = fits(wheel.name, platform)
    except InvalidWheelFilename as error:
        raise UsageError(f"{wheel}: not the name of a wheel") from error
    if not fitting:
        raise UsageError(
            f"{wheel}: Pyodide {platform.pyodide} cannot install wheels of that tag",
            advice=f"it takes {platform.tag}, and pure wheels",
        )


def _recipe(wheel: Path, recipes: Path, platform: Platform) -> "Recipe":
    from packaging.utils import parse_wheel_filename

    from porter.recipe import find_own_recipe, find_recipe

    project = parse_wheel_filename(wheel.name)[0]
    recipe = find_recipe(recipes, project)
    if recipe.folder is None:
        recipe = find_own_recipe(Path.cwd(), project) or recipe
    return replace(recipe.on(platform), name=project)
