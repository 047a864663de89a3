"""Options and output of the commands that run wheels."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porter.check.model import CheckResult

# Of a suite that fails everywhere, the first failures tell as much as all.
SHOWN = 20
HOSTS = ("node", "chromium", "firefox")


def add_runtime(parser: argparse.ArgumentParser) -> None:
    """`--runtime HOST`, more than once."""
    parser.add_argument(
        "--runtime",
        action="append",
        choices=HOSTS,
        help="where the runtime runs: under node (default), or in a browser's web worker; "
        "may be repeated",
    )


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """`--timeout SECONDS`."""
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=300.0,
        metavar="SECONDS",
        help="how long one test, one import or the start may take (default: 300)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("more than 0")
    return seconds


def add_junit(parser: argparse.ArgumentParser) -> None:
    """`--junit FILE`."""
    parser.add_argument(
        "--junit", type=Path, metavar="FILE", help="write the results as JUnit XML, too"
    )


def write_junit(checks: "Sequence[CheckResult]", target: Path) -> None:
    """The file that `--junit` names."""
    from porter.check.junit import render_junit
    from porter.home import new_file

    with new_file(target) as file:
        file.write_bytes(render_junit(checks))


def print_table_of_checks(checks: "Sequence[CheckResult]") -> None:
    """A line a wheel and runtime."""
    from porter.table import print_table

    print_table(
        ("wheel", "runtime", "what ran", "start", "seconds"),
        [
            (
                check.wheel.name,
                f"{check.host}, Pyodide {check.platform}",
                check.summary,
                f"{check.startup:.1f}",
                f"{check.seconds:.1f}",
            )
            for check in checks
        ],
    )


def print_faults(checks: "Sequence[CheckResult]") -> None:
    """What did not pass, with its reason and the log."""
    for check in checks:
        for result in check.faults[:SHOWN]:
            print(f"{check.wheel.name}: {result.outcome}: {result.name}", file=sys.stderr)
            for line in result.reason.splitlines():
                print(f"    {line}", file=sys.stderr)
        if len(check.faults) > SHOWN:
            print(f"{check.wheel.name}: and {len(check.faults) - SHOWN} more", file=sys.stderr)
        if not check.ok:
            print(f"  full log: {check.log}", file=sys.stderr)
