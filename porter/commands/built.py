"""What the commands that build say of each project: a wheel, or why there is none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from porter.commands.checks import check_json
from porter.commands.options import print_error

if TYPE_CHECKING:
    from porter.batch import Failure
    from porter.build import Built
    from porter.check.model import CheckResult


# `porter.build` is imported by those who build.
BUILT = "built"
# The whole of it is below the table.
CAUSE = 72


def built_json(item: "Built", checks: "Sequence[CheckResult]") -> dict[str, object]:
    """A wheel for a program to read; `checks` are of the runtimes it was run in."""
    return {
        "name": item.name,
        "version": item.version,
        "wheel": item.wheel,
        "sha256": item.sha256,
        "size": item.size,
        "seconds": round(item.seconds, 2),
        "how": item.how,
        "reused": item.how != BUILT,
        "audit": item.audit,
        "note": item.note,
        "checks": [check_json(check) for check in checks if check.wheel == item.wheel],
    }


def print_built(
    built: Sequence["Built"], failures: "Sequence[Failure]", checks: "Sequence[CheckResult]"
) -> None:
    """The table of what was asked for, the sha256 of each wheel below it, then the errors.

    One source alone that failed has no table.
    """
    if built or len(failures) > 1:
        _print_table(built, failures, checks)
    for item in built:
        print(f"{item.sha256}  {item.wheel}")
    for item in built:
        if item.note:
            print(f"{item.name}: {item.note}")
    for failure in failures:
        # What was blocked is told in the table; its cause has an error of its own.
        if not failure.blocked_by:
            print_error(failure.error)


def _print_table(
    built: Sequence["Built"], failures: "Sequence[Failure]", checks: "Sequence[CheckResult]"
) -> None:
    from porter.table import format_size, print_table

    columns = ["project", "version", "wheel", "size", "build", "audit"]
    rows = [
        [
            item.name,
            item.version,
            item.wheel.name,
            format_size(item.size),
            _how(item),
            item.audit,
        ]
        for item in built
    ]
    if checks:
        columns.append("what ran")
        for row, item in zip(rows, built, strict=True):
            mine = [check for check in checks if check.wheel == item.wheel]
            row.append("; ".join(_ran(check, several=len(mine) > 1) for check in mine) or "not run")
    names = {item.name for item in built}
    # What was built and could not be tried has its row.
    rows += [
        [failure.name, "", _why(failure), "", _fate(failure), "", ""][: len(columns)]
        for failure in failures
        if failure.name not in names
    ]
    print_table(columns, rows)


def _how(item: "Built") -> str:
    time = f"{item.seconds:.1f} s"
    return time if item.how == BUILT else f"{item.how} ({time})"


def _fate(failure: "Failure") -> str:
    return f"blocked by {failure.blocked_by}" if failure.blocked_by else "failed"


def _why(failure: "Failure") -> str:
    if failure.blocked_by:
        return ""
    text = failure.error.message.partition("\n")[0].removeprefix(f"{failure.name}: ")
    return text if len(text) <= CAUSE else f"{text[: CAUSE - 1]}…"


def _ran(check: "CheckResult", *, several: bool) -> str:
    return f"{check.host}: {check.summary}" if several else check.summary
