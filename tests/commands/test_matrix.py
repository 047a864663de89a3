"""What is said of several platforms at once."""

from pathlib import Path

import pytest

from porter.batch import Failure
from porter.build import Built, How
from porter.check.model import CheckResult, Host, TestResult
from porter.check.model import Outcome as Ended
from porter.commands.matrix import Outcome, outcome_json, print_matrix, render_cell
from porter.errors import BuildFailed, MissingRequirement, PorterError
from porter.platform import read_platform

OLD, NEW = Path("tiny-cp313.whl"), Path("tiny-cp314.whl")


def built(wheel: Path, how: How = How.BUILT) -> Built:
    return Built(
        name="tiny",
        version="1.0",
        wheel=wheel,
        sha256="ab" * 32,
        size=1000,
        seconds=1.25,
        how=how,
        audit="clean",
        note="the index has one already" if wheel == NEW else "",
    )


def check(wheel: Path, *, ended: Ended = Ended.PASSED) -> CheckResult:
    return CheckResult(
        wheel=wheel,
        platform="314.0.7",
        host=Host.NODE,
        results=(TestResult(name="test_tiny.py::test_answer", outcome=ended),),
        seconds=1.0,
        startup=1.0,
        log=Path("log"),
    )


def outcome(
    release: str,
    *items: Built,
    failures: tuple[Failure, ...] = (),
    checks: tuple[CheckResult, ...] = (),
) -> Outcome:
    return Outcome(
        platform=read_platform(release),
        toolchain="debian",
        built=items,
        failures=failures,
        checks=checks,
    )


def failed(name: str, error: PorterError, blocked_by: str = "") -> Failure:
    return Failure(name=name, error=error, blocked_by=blocked_by)


BROKEN = failed("numpy", BuildFailed("numpy does not build"))
BLOCKED = failed("pandas", BuildFailed("pandas was not begun"), "numpy")


@pytest.mark.parametrize(
    ("name", "of", "cell"),
    [
        ("tiny", outcome("0.29", built(OLD)), "1.0, 1.2 s, clean"),
        ("tiny", outcome("0.29", built(OLD, How.REUSED)), "1.0, reused (1.2 s), clean"),
        (
            "tiny",
            outcome("314", built(NEW), checks=(check(NEW), check(OLD))),
            "1.0, 1.2 s, clean, 1 test passed",
        ),
        ("numpy", outcome("314", failures=(BROKEN, BLOCKED)), "failed"),
        ("pandas", outcome("314", failures=(BROKEN, BLOCKED)), "blocked by numpy"),
        ("other", outcome("314", built(NEW)), "not asked for"),
    ],
)
def test_a_cell_says_what_became_of_it(name: str, of: Outcome, cell: str) -> None:
    assert render_cell(name, of) == cell


def test_each_wheel_has_its_sum_and_each_platform_its_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_matrix(
        [outcome("0.29", built(OLD)), outcome("314", built(NEW), failures=(BROKEN, BLOCKED))]
    )
    said = capsys.readouterr()
    head, *rows = [line.split() for line in said.out.splitlines() if line.strip()]
    assert head == ["project", "Pyodide", "0.29", "Pyodide", "314"]
    assert [row[0] for row in rows[1:4]] == ["tiny", "numpy", "pandas"]
    assert [row for row in rows if row[0] == "ab" * 32] == [
        ["ab" * 32, str(OLD)],
        ["ab" * 32, str(NEW)],
    ]
    assert "tiny for Pyodide 314.0.7: the index has one already" in said.out
    assert said.err.count("numpy does not build") == 1
    assert "pandas" not in said.err, "its row says whose failure it was"


def test_the_worst_of_all_is_the_exit_code() -> None:
    assert outcome("0.29", built(OLD)).exit_code == 0
    assert outcome("0.29", built(OLD), checks=(check(OLD),)).exit_code == 0
    assert outcome("0.29", built(OLD), checks=(check(OLD, ended=Ended.FAILED),)).exit_code == 1
    missing = failed("tiny", MissingRequirement("no node"))
    assert outcome("0.29", failures=(missing, BLOCKED)).exit_code == missing.error.exit_code


def test_a_program_reads_of_each_platform() -> None:
    document = outcome_json(outcome("314", built(NEW), failures=(BROKEN, BLOCKED)))
    assert (document["platform"], document["toolchain"]) == ("314.0.7", "debian")
    failures = document["failures"]
    assert isinstance(failures, list)
    assert [failure["blocked_by"] for failure in failures] == ["", "numpy"]
