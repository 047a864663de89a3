"""What `porter build` says of several platforms at once: a line a project, a column a platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from porter.commands.built import BUILT, built_json
from porter.commands.options import failure_json, print_error
from porter.platform import Platform

if TYPE_CHECKING:
    from porter.batch import Failure
    from porter.build import Built
    from porter.check.model import CheckResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of all that was asked for, on one platform; `toolchain` is its provider."""

    platform: Platform
    toolchain: str
    built: "Sequence[Built]"
    failures: "Sequence[Failure]"
    checks: "Sequence[CheckResult]"

    @property
    def exit_code(self) -> int:
        """0, or the worst of its failures; 1 where only tests failed."""
        codes = [f.error.exit_code for f in self.failures if not f.blocked_by]
        codes += [int(not check.ok) for check in self.checks]
        return max(codes, default=0)


def outcome_json(outcome: Outcome) -> dict[str, object]:
    """An outcome for a program to read."""
    return {
        "platform": outcome.platform.pyodide,
        "toolchain": outcome.toolchain,
        "wheels": [built_json(item, outcome.checks) for item in outcome.built],
        "failures": [
            {**failure_json(f.name, f.error), "blocked_by": f.blocked_by} for f in outcome.failures
        ],
    }


def print_matrix(outcomes: Sequence[Outcome]) -> None:
    """The table, the sha256 of each wheel below it, then what went wrong where."""
    from porter.table import print_table

    names = list(dict.fromkeys(name for outcome in outcomes for name in _names(outcome)))
    columns = ["project", *(f"Pyodide {outcome.platform.name}" for outcome in outcomes)]
    print_table(columns, [[name, *(render_cell(name, o) for o in outcomes)] for name in names])
    # A wheel for every platform has one file, which the last of them left.
    sums = {item.wheel: item.sha256 for outcome in outcomes for item in outcome.built}
    for wheel, sha256 in sums.items():
        print(f"{sha256}  {wheel}")
    for outcome in outcomes:
        for item in outcome.built:
            if item.note:
                print(f"{item.name} for Pyodide {outcome.platform.pyodide}: {item.note}")
    for outcome in outcomes:
        for failure in outcome.failures:
            if not failure.blocked_by:
                print_error(failure.error)


def render_cell(name: str, outcome: Outcome) -> str:
    """What became of a project on one platform, in a few words."""
    for failure in outcome.failures:
        if failure.name == name:
            return f"blocked by {failure.blocked_by}" if failure.blocked_by else "failed"
    for item in outcome.built:
        if item.name == name:
            time = f"{item.seconds:.1f} s"
            parts = [
                item.version,
                time if item.how == BUILT else f"{item.how} ({time})",
                item.audit,
                *(check.summary for check in outcome.checks if check.wheel == item.wheel),
            ]
            return ", ".join(parts)
    return "not asked for"


def _names(outcome: Outcome) -> list[str]:
    return [*(item.name for item in outcome.built), *(f.name for f in outcome.failures)]
