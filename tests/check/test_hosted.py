"""Tests written for pytest-pyodide, run by it."""

from pathlib import Path

import pytest
from audit.corpus import make_wheel

from porter.check.hosted import hosted_lock, is_hosted, run_hosted
from porter.check.model import Host
from porter.check.support import fetch_support
from porter.errors import MissingRequirement
from porter.home import Home
from porter.runtime import Runtime

TESTS = """
import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide(packages=["sample"])
def test_inside(selenium):
    import sample
    import sys

    assert sample.VALUE == 7
    assert sys.platform == "emscripten"


@run_in_pyodide
def test_wrong(selenium):
    assert "one" == "two"


def test_the_server_listens_to_this_machine_alone(selenium):
    import socket

    port = int(selenium.server_port)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", port), timeout=5)
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


@pytest.mark.skip(reason="because")
def test_skipped(selenium):
    pass
"""


@pytest.mark.parametrize(
    "host", [pytest.param(Host.NODE, marks=pytest.mark.journey), Host.CHROMIUM]
)
def test_what_they_tell(
    host: Host, runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    test = tmp_path / "test_sample.py"
    test.write_text(TESTS)
    wheel = make_wheel(tmp_path, {"sample.py": b"VALUE = 7\n"}, project="sample")
    results = run_hosted(
        [test],
        wheels=[*fetch_support(home=home, env=env, hosted=True), wheel],
        runtime=runtime,
        home=home,
        env=env,
        host=host,
        log=tmp_path / "log",
        timeout=120,
    )
    told = {result.name.partition("[")[0]: result for result in results}
    assert {name: result.outcome for name, result in told.items()} == {
        "test_sample.py::test_inside": "passed",
        "test_sample.py::test_wrong": "failed",
        "test_sample.py::test_the_server_listens_to_this_machine_alone": "passed",
        "test_sample.py::test_skipped": "skipped",
    }
    assert "assert 'one' == 'two'" in told["test_sample.py::test_wrong"].reason
    assert told["test_sample.py::test_skipped"].reason.endswith("because")


def test_a_driver_that_is_not_there(
    runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    options = {"runtime": runtime, "home": home, "log": tmp_path / "log", "timeout": 9.0}
    with pytest.raises(MissingRequirement, match="drives firefox with geckodriver"):
        run_hosted([], wheels=[], host=Host.FIREFOX, env={**env, "PATH": "/"}, **options)  # type: ignore[arg-type]


def test_a_file_without_tests_proves_nothing(
    runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    empty = tmp_path / "test_empty.py"
    empty.write_text("import pytest_pyodide")
    assert is_hosted(empty)
    results = run_hosted(
        [empty],
        wheels=[],
        runtime=runtime,
        home=home,
        env=env,
        host=Host.NODE,
        log=tmp_path / "log",
        timeout=60,
    )
    assert [(r.outcome, r.reason) for r in results] == [("error", "no tests were found")]


def test_the_lock_names_each_wheel_and_no_circle(
    runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    mine = make_wheel(
        tmp_path,
        {"sample/__init__.py": b""},
        project="sample",
        metadata="Requires-Dist: pluggy\nRequires-Dist: absent; sys_platform != 'emscripten'\n",
    )
    lock = hosted_lock(runtime, [*fetch_support(home=home, env=env), mine])
    packages = lock["packages"]
    assert isinstance(packages, dict)
    assert packages["sample"]["depends"] == ["pluggy"]
    assert packages["sample"]["imports"] == ["sample"]
    assert packages["pluggy"]["depends"] == []
    assert set(packages["pytest"]["depends"]) == {"iniconfig", "packaging", "pluggy"}
