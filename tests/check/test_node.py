"""Wheels in the real runtime: what passes, what fails, and what kills it."""

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from porter.check.model import CheckResult, Outcome, TestResult
from porter.check.node import run_check
from porter.errors import ConfigurationError

Check = Callable[..., CheckResult]


def make_wheel(folder: Path, members: Mapping[str, str], requires: Sequence[str] = ()) -> Path:
    """A pure wheel of the project `sample`, with a true RECORD."""
    info = "sample-1.0.dist-info"
    files = {
        **members,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
        + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    path = folder / "sample-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            digest = hashlib.sha256(text.encode()).digest()
            encoded = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            rows.writerow((name, f"sha256={encoded}", len(text.encode())))
            wheel.writestr(name, text)
        rows.writerow((f"{info}/RECORD", "", ""))
        wheel.writestr(f"{info}/RECORD", record.getvalue())
    return path


@pytest.fixture
def check(
    runtime_folder: Path, support_wheels: tuple[Path, ...], env: dict[str, str], tmp_path: Path
) -> Check:
    def run(wheel: Path, tests: str = "", **options: object) -> CheckResult:
        paths = []
        if tests:
            paths = [tmp_path / "test_sample.py"]
            paths[0].write_text(tests)
        return run_check(
            wheel=wheel,
            runtime=runtime_folder,
            node=Path("node"),
            tests=paths,
            support=support_wheels,
            log=tmp_path / "log",
            env=env,
            **{"imports": (), **options},  # type: ignore[arg-type]
        )

    return run


def outcomes(result: CheckResult) -> dict[str, str]:
    return {test.name.removeprefix("test_sample.py::"): test.outcome for test in result.results}


def reason(result: CheckResult, name: str) -> str:
    return next(test.reason for test in result.results if test.name.endswith(name))


ORDINARY = """
import sys

import pytest


def test_passes(tmp_path):
    import sample
    from importlib.metadata import version

    assert sample.VALUE == 7
    assert version("sample") == "1.0"
    assert (tmp_path / "x").write_text("y") == 1


@pytest.mark.parametrize("n", [1, 2])
def test_each(n):
    assert n == 1, "two is too many"


def test_skips():
    pytest.skip("no reason is good enough")


@pytest.mark.xfail(reason="known")
def test_expected():
    raise ValueError


def test_exits():
    sys.exit("from inside")


@pytest.fixture
def broken():
    raise OSError("no such luck")


def test_setup(broken):
    pass


def test_noise():
    print("x" * 1_000_000)
    sys.stdout.buffer.write(b"\\xff\\xfe no newline at the end")


def test_left_out():
    raise AssertionError
"""


def test_every_ordinary_end(check: Check, tmp_path: Path) -> None:
    seen: list[TestResult] = []
    wheel = make_wheel(
        tmp_path, {"sample.py": "VALUE = 7\n", "sample_broken.py": "import nothing_at_all\n"}
    )
    result = check(wheel, ORDINARY, skipped={"*::test_left_out": "not here"}, on_result=seen.append)
    assert outcomes(result) == {
        "import sample": "passed",
        "import sample_broken": "failed",
        "test_left_out": "skipped",
        "test_passes": "passed",
        "test_each[1]": "passed",
        "test_each[2]": "failed",
        "test_skips": "skipped",
        "test_expected": "skipped",
        "test_exits": "failed",
        "test_setup": "error",
        "test_noise": "passed",
    }
    assert tuple(seen) == result.results
    assert not result.ok
    assert result.summary == "1 import, 3 tests passed, 3 failed, 1 error, 3 skipped"
    assert "No module named 'nothing_at_all'" in reason(result, "import sample_broken")
    assert "two is too many" in reason(result, "test_each[2]")
    assert reason(result, "test_skips").endswith("no reason is good enough")
    assert reason(result, "test_expected") == "expected to fail: known"
    assert reason(result, "test_left_out") == "not here"
    assert "from inside" in reason(result, "test_exits")
    assert "no such luck" in reason(result, "test_setup")
    assert all(len(test.reason.splitlines()) <= 40 for test in result.results)


DEADLY = """
import os


def test_before():
    pass


def test_abort():
    os.abort()


def test_between():
    pass


def test_memory():
    import ctypes

    ctypes.memset(0xFFFFFF00, 1, 4096)


def test_exit():
    os._exit(0)


def test_recursion():
    deep = []
    for _ in range(300_000):
        deep = [deep]
    import pickle

    pickle._dumps  # the C pickler recurses on JavaScript's stack
    repr(deep)


def test_after():
    pass
"""


def test_a_runtime_that_dies_fails_one_test_and_the_others_go_on(
    check: Check, tmp_path: Path
) -> None:
    result = check(make_wheel(tmp_path, {"sample.py": ""}), DEADLY)
    found = outcomes(result)
    for name in ("import sample", "test_before", "test_between", "test_after"):
        assert found[name] == "passed", name
    for name in ("test_abort", "test_memory", "test_exit"):
        assert found[name] == "failed", name
        assert reason(result, name).startswith("the runtime died"), name
        assert len(reason(result, name)) < 600
    assert len(found) == 8


def test_a_hang_is_a_failure_with_its_limit(check: Check, tmp_path: Path) -> None:
    tests = "def test_hang():\n    while True:\n        pass\n\n\ndef test_after():\n    pass\n"
    result = check(make_wheel(tmp_path, {"sample.py": ""}), tests, timeout=15.0)
    assert outcomes(result)["test_hang"] == "failed"
    assert reason(result, "test_hang") == "no answer after 15 s"
    assert outcomes(result)["test_after"] == "passed"


def test_what_kills_every_runtime_is_given_up(check: Check, tmp_path: Path) -> None:
    tests = "import os\nimport pytest\n\n\n@pytest.mark.parametrize('n', range(9))\n"
    tests += "def test_dies(n):\n    os._exit(1)\n"
    result = check(make_wheel(tmp_path, {"sample.py": ""}), tests)
    died = [test for test in result.results if test.outcome == Outcome.FAILED]
    unrun = [test for test in result.results if test.outcome == Outcome.ERROR]
    assert (len(died), len(unrun)) == (6, 3)
    assert unrun[0].reason == "not run: the runtime died before it"


def test_a_package_that_kills_the_runtime_when_imported(check: Check, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"sample.py": "import os\nos.abort()\n"})
    result = check(wheel, "import sample\n\n\ndef test_x():\n    pass\n")
    assert outcomes(result)["import sample"] == "failed"
    assert not result.ok


def test_a_test_file_that_cannot_be_read_and_a_requirement_that_is_missing(
    check: Check, tmp_path: Path
) -> None:
    wheel = make_wheel(
        tmp_path,
        {"sample.py": ""},
        [
            "absent>=2",
            "packaging",
            "pluggy>99",
            "other; sys_platform == 'win32'",
            "e; extra == 'e'",
        ],
    )
    result = check(wheel, "def test_x(:\n")
    assert outcomes(result) == {
        "requires absent>=2": "error",
        "requires pluggy>99": "error",
        "import sample": "passed",
        "test_sample.py": "error",
    }
    assert "SyntaxError" in reason(result, "test_sample.py")


def test_tests_that_the_wheel_carries(check: Check, tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        {
            "sample/__init__.py": "",
            "sample/tests/test_inner.py": "def test_inner():\n    assert True\n",
        },
    )
    result = check(wheel, shipped=["sample"])
    assert outcomes(result) == {
        "import sample": "passed",
        "sample/tests/test_inner.py::test_inner": "passed",
    }
    assert result.ok


def test_a_file_without_tests_is_an_error(check: Check, tmp_path: Path) -> None:
    result = check(make_wheel(tmp_path, {"sample.py": ""}), "x = 1\n")
    assert reason(result, "tests") == "none were found"


def test_what_is_not_a_wheel(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "sample-1.0-py3-none-any.whl"
    path.write_text("no zip")
    with pytest.raises(ConfigurationError, match="is not a wheel"):
        check(path)
