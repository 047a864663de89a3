"""`porter test` as a person meets it."""

import argparse
import json
from pathlib import Path
from xml.etree import ElementTree as ET  # the document is ours

import pytest
from audit.corpus import make_wheel
from conftest import Porter
from projects import make_tiny

from porter.cli import _parser


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "soon"])
def test_a_time_limit_is_a_length_of_time(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["test", "x.whl", "--timeout", text])
    assert "--timeout" in capsys.readouterr().err


def test_the_time_limit_is_a_number() -> None:
    arguments: argparse.Namespace = _parser().parse_args(["test", "x.whl", "--timeout", "1.5"])
    assert arguments.timeout == 1.5


@pytest.mark.journey
def test_a_folder_is_built_and_tested_in_two_runtimes(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    report = tmp_path / "report.xml"
    ran = porter(
        "test", project, "--runtime", "node", "--runtime", "chromium", "--json", "--junit", report
    )
    assert ran.code == 0, ran.err
    checks = ran.json["checks"]
    assert [check["runtime"] for check in checks] == ["node", "chromium"]
    assert {check["summary"] for check in checks} == {"1 import, 1 test passed"}
    assert all(0 < check["startup"] < check["seconds"] for check in checks)
    suites = ET.fromstring(report.read_bytes()).findall("testsuite")
    assert [suite.attrib["tests"] for suite in suites] == ["2", "2"]


@pytest.mark.journey
def test_the_projects_own_suite_and_what_fails_only_in_wasm(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    (project / "tests").mkdir()
    (project / "tests" / "test_own.py").write_text(
        "import sys\n\nimport tiny\n\n\n"
        "def test_good():\n    assert tiny.answer() == 42\n\n\n"
        "def test_bad_everywhere():\n    assert tiny.answer() == 43\n\n\n"
        "def test_bad_here():\n    assert sys.platform != 'emscripten'\n"
    )
    ran = porter("test", project, "--suite", "--only", "tests/*", "--against-native", "--json")
    assert ran.code == 1, ran.err
    check = ran.json["checks"][0]
    assert check["summary"] == "1 import, 1 test passed, 2 failed, 1 only here"
    native = {result["name"]: result["native"] for result in check["results"]}
    assert native == {
        "import tiny": "passed",
        "tests/test_own.py::test_good": "passed",
        "tests/test_own.py::test_bad_everywhere": "failed",
        "tests/test_own.py::test_bad_here": "passed",
    }
    (project / "tests" / "test_own.py").write_text(
        "import tiny\n\n\ndef test_good():\n    assert tiny.answer()\n\n\n"
        "def test_bad_everywhere():\n    assert tiny.answer() == 43\n"
    )
    again = porter("test", project, "--suite", "--only", "tests/*", "--against-native")
    assert again.code == 0, again.err
    assert "0 only here" in again.out


@pytest.mark.journey
def test_natively_on_the_platforms_python(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    (project / "tests").mkdir()
    (project / "tests" / "test_own.py").write_text(
        "import sys\n\n\ndef test_version():\n    assert sys.version_info[:2] == (3, 14)\n"
    )
    both = ("--platform", "0.29", "--platform", "314")
    ran = porter("test", project, "--suite", "--against-native", *both, "--json")
    older, newer = (
        {result["name"]: (result["outcome"], result["native"]) for result in check["results"]}
        for check in ran.json["checks"]
    )
    assert ran.code == 0, ran.err
    assert older["tests/test_own.py::test_version"] == ("failed", "failed")
    assert newer["tests/test_own.py::test_version"] == ("passed", "passed")


@pytest.mark.journey
def test_tests_of_both_kinds_in_one_recipe(porter: Porter, tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    (project / "test_outside.py").write_text(
        "from pytest_pyodide import run_in_pyodide\n\n\n"
        '@run_in_pyodide(packages=["tiny"])\ndef test_there(selenium):\n'
        "    import tiny\n\n    assert tiny.answer() == 42\n"
    )
    ran = porter("test", project, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["checks"][0]["summary"] == "1 import, 2 tests passed"


def test_a_wheel_of_the_index_and_one_that_is_not_there(porter: Porter, tmp_path: Path) -> None:
    ran = porter("test", "pkg:pypi/sortedcontainers@2.4.0", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["checks"][0]["summary"] == "1 import"
    absent = porter("test", "pkg:pypi/regex@2026.11.15")
    assert absent.code == 4
    assert "`porter build pkg:pypi/regex@2026.11.15` makes one" in absent.err


def test_a_wheel_on_two_platforms(porter: Porter, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"sample.py": b"", "test_s.py": b""}, project="sample")
    tests = tmp_path / "cwd" / "recipes" / "sample"
    tests.mkdir(parents=True)
    (tests / "test_python.py").write_text(
        "import sys\n\n\ndef test_version():\n    assert sys.version_info >= (3, 13)\n"
    )
    ran = porter("test", wheel, "--platform", "0.29", "--platform", "314", "--json")
    assert ran.code == 0, ran.err
    checks = ran.json["checks"]
    assert [check["platform"] for check in checks] == ["0.29.5", "314.0.7"]
    assert {check["summary"] for check in checks} == {"1 import, 1 test passed"}


def test_a_failure_says_its_cause_and_what_to_change(porter: Porter, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"sample.py": b""}, project="sample")
    tests = tmp_path / "cwd" / "recipes" / "sample"
    tests.mkdir(parents=True)
    (tests / "test_thread.py").write_text(
        "import threading\n\n\ndef test_thread():\n    threading.Thread(target=print).start()\n"
    )
    ran = porter("test", wheel)
    assert ran.code == 1
    assert "  cause: threads" in ran.err
    assert "can't start new thread" in ran.err.split("  evidence: test-sample-node-")[1]
    assert "(docs/reference/diagnoses.md#threads)" in ran.err
    document = porter("test", wheel, "--json").json
    assert document["checks"][0]["diagnosis"]["code"] == "threads"


def test_only_without_suite(porter: Porter, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"m.py": b""})
    ran = porter("test", wheel, "--only", "x")
    assert (ran.code, "add --suite" in ran.err) == (2, True)


def test_a_suite_that_is_nowhere(porter: Porter, tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, {"m.py": b""}, project="no-such-project-in-any-index".replace("-", "_")
    )
    ran = porter("test", wheel, "--suite", "--json")
    assert ran.code == 4
    assert json.loads(ran.out)["failures"][0]["error"] == "SourceNotFound"
