"""Options and output of the commands that run wheels."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porter.check.model import CheckResult
    from porter.diagnose import Diagnosis

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
    """What did not pass, with its reason; the likeliest cause, what to change, and the log."""
    for check in checks:
        for result in check.faults[:SHOWN]:
            print(f"{check.wheel.name}: {result.outcome}: {result.name}", file=sys.stderr)
            for line in result.reason.splitlines():
                print(f"    {line}", file=sys.stderr)
        if len(check.faults) > SHOWN:
            print(f"{check.wheel.name}: and {len(check.faults) - SHOWN} more", file=sys.stderr)
        if (cause := diagnose_check(check)) is not None:
            print(f"  cause: {cause.cause}", file=sys.stderr)
            print(f"  evidence: {evidence_place(check, cause)}: {cause.evidence}", file=sys.stderr)
            print(f"  what to do: {cause.edit} ({cause.page})", file=sys.stderr)
        if not check.ok:
            print(f"  full log: {check.log}", file=sys.stderr)


def diagnose_check(check: "CheckResult") -> "Diagnosis | None":
    """The likeliest cause of what did not pass, None where none is known."""
    from porter.diagnose import explain_text, read_rules

    told = [
        # What is required stands in the name alone.
        f"{result.name}: {result.reason}" if result.name.startswith("requires ") else result.reason
        for result in check.faults
    ]
    return explain_text("\n".join(told), read_rules()) if told else None


def evidence_place(check: "CheckResult", cause: "Diagnosis") -> str:
    """Where the log has the evidence: its line there, else the log alone."""
    from porter.diagnose import clean_line
    from porter.log import read_log

    log = read_log(check.log)
    for number, line in enumerate(log.lines, 1):
        if cause.evidence in clean_line(line):
            return log.place(number)
    return log.name


def check_json(check: "CheckResult") -> dict[str, object]:
    """A check for a program to read, with its likeliest cause."""
    cause = diagnose_check(check)
    return {**check.as_json(), "diagnosis": asdict(cause) if cause is not None else None}
