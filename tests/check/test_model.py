from pathlib import Path

import pytest

from porter.check.model import CheckResult, Host, Outcome, TestResult


def result(*outcomes: tuple[str, Outcome]) -> CheckResult:
    return CheckResult(
        wheel=Path("x.whl"),
        platform="0.29.5",
        host=Host.NODE,
        startup=1.0,
        results=tuple(TestResult(name=name, outcome=outcome) for name, outcome in outcomes),
        seconds=1.234,
        log=Path("log"),
    )


@pytest.mark.parametrize(
    ("check", "ok", "summary"),
    [
        (result(), False, "nothing ran"),
        (result(("import a", Outcome.PASSED)), True, "1 import"),
        (
            result(
                ("import a", Outcome.PASSED), ("import b", Outcome.PASSED), ("t", Outcome.PASSED)
            ),
            True,
            "2 imports, 1 test passed",
        ),
        (result(("t", Outcome.SKIPPED)), False, "1 skipped"),
        (result(("t", Outcome.PASSED), ("u", Outcome.SKIPPED)), True, "1 test passed, 1 skipped"),
        (result(("import a", Outcome.PASSED), ("u", Outcome.ERROR)), False, "1 import, 1 error"),
        (result(("import a", Outcome.FAILED)), False, "1 failed"),
    ],
)
def test_summary(check: CheckResult, ok: bool, summary: str) -> None:
    assert check.ok is ok
    assert check.summary == summary
    document = check.as_json()
    assert (document["ok"], document["summary"], document["seconds"]) == (ok, summary, 1.23)
    assert document["wheel"] == "x.whl"
