"""`porter audit`: whether wheels would install, link and start."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_json,
    add_platforms,
    add_recipes,
    print_json,
)
from porter.platform import Platform, read_platform
from porter.progress import Progressing

if TYPE_CHECKING:
    from porter.audit.model import Audit, Finding
    from porter.audit.wheel import Contents
    from porter.recipe import Recipe


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "audit", "say whether wheels would install, link and start", run)
    parser.add_argument(
        "wheel",
        nargs="+",
        metavar="WHEEL",
        help="a wheel, or pkg:pypi/NAME@VERSION for the index's",
    )
    add_platforms(parser)
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="WHEEL",
        help="a wheel whose libraries the others need; may be repeated",
    )
    add_recipes(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Audit each wheel for each platform; 1 where anything was found."""
    from porter.audited import audit_file, open_wheel, summarise
    from porter.runtime import fetch_runtime, read_surface
    from porter.target import find_wheel

    audits: list[Audit] = []
    with Progressing(quiet=arguments.json) as report:
        for release in arguments.platform or [None]:
            platform = read_platform(release)
            runtime = fetch_runtime(platform, home=machine.home, env=machine.env)
            surface = read_surface(runtime, home=machine.home, env=machine.env)
            others: list[Contents] = [
                open_wheel(find_wheel(text, platform, home=machine.home, env=machine.env))
                for text in arguments.others
            ]
            for text in arguments.wheel:
                wheel = find_wheel(text, platform, home=machine.home, env=machine.env)
                recipe = _recipe(wheel, arguments.recipes, platform)
                audits.append(
                    audit_file(
                        wheel, platform=platform, surface=surface, others=others, recipe=recipe
                    )
                )
                report.done(wheel.name, summarise(audits[-1]))
    if arguments.json:
        print_json({"audits": [audit_json(audit) for audit in audits]})
    else:
        print_audits(audits)
    return 0 if all(audit.clean for audit in audits) else 1


def _recipe(wheel: Path, recipes: Path, platform: Platform) -> "Recipe":
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    from porter.recipe import Recipe, find_recipe

    try:
        return find_recipe(recipes, parse_wheel_filename(wheel.name)[0]).on(platform)
    except InvalidWheelFilename:
        # The audit says so.
        return Recipe(name=wheel.name)


def audit_json(audit: "Audit") -> dict[str, object]:
    """An audit for a program to read."""
    return {
        "wheel": audit.wheel,
        "platform": audit.platform,
        "clean": audit.clean,
        "modules": audit.modules,
        "imports": audit.imports,
        "names": audit.names,
        "findings": [{**asdict(finding), "page": finding.page} for finding in audit.findings],
    }


def print_audits(audits: Sequence["Audit"]) -> None:
    """The table, and below it each finding with its advice."""
    from porter.audited import summarise
    from porter.table import print_table

    print_table(
        ("wheel", "platform", "modules", "imports", "audit"),
        [(a.wheel, a.platform, str(a.modules), str(a.imports), summarise(a)) for a in audits],
    )
    for audit in audits:
        print_findings(audit.wheel, audit.findings)


def print_findings(wheel: str, findings: Sequence["Finding"]) -> None:
    """Findings with their place, what happens, and what to do."""
    for finding in findings:
        place = f"{wheel}: {finding.member}" if finding.member else wheel
        print(f"{finding.severity}: {finding.code}: {place}: {finding.message}")
        label = "allowed by the recipe" if finding.allowed else "what to do"
        print(f"  {label}: {finding.allowed or finding.advice}")
    for page in dict.fromkeys(finding.page for finding in findings if not finding.allowed):
        print(f"  more: {page}")
