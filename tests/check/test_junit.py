"""JUnit XML, read back by an ordinary parser."""

from pathlib import Path
from xml.etree import ElementTree as ET  # the document is ours

from porter.check.junit import render_junit
from porter.check.model import CheckResult, Host, Outcome, TestResult


def test_every_outcome_is_told() -> None:
    check = CheckResult(
        wheel=Path("x.whl"),
        platform="0.29.5",
        host=Host.CHROMIUM,
        results=(
            TestResult(name="import x", outcome=Outcome.PASSED, seconds=0.5),
            TestResult(
                name="a/test_x.py::Test::test_a",
                outcome=Outcome.FAILED,
                reason="deep\n\x1b[0m<bad>",
            ),
            TestResult(name="test_x.py::b", outcome=Outcome.ERROR, reason="broken"),
            TestResult(name="test_x.py::c", outcome=Outcome.SKIPPED, reason="not here"),
        ),
        seconds=2.0,
        startup=1.0,
        log=Path("log"),
    )
    root = ET.fromstring(render_junit([check]))
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.attrib["name"] == "x.whl (chromium)"
    counts = {key: suite.attrib[key] for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    failed = suite.findall("testcase")[1]
    assert failed.attrib["name"] == "test_a"
    assert failed.attrib["classname"] == "a.test_x.py.Test"
    failure = failed.find("failure")
    assert failure is not None
    assert failure.text == "deep\n\ufffd[0m<bad>"
