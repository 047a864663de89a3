"""Wheels in the real runtime: what passes, what fails, and what kills it."""

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from audit.corpus import make_wheel as make_pure

from porter.check.model import CheckResult, Host, TestResult
from porter.check.run import run_check
from porter.check.suite import recipe_tests
from porter.errors import ConfigurationError, MissingRequirement
from porter.home import Home
from porter.recipe import Recipe
from porter.runtime import Runtime

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
    runtime: Runtime,
    support_wheels: tuple[Path, ...],
    home: Home,
    env: dict[str, str],
    tmp_path: Path,
) -> Check:
    def run(
        wheel: Path,
        tests: str | None = None,
        *,
        paths: Sequence[Path] = (),
        shipped: Sequence[str] = (),
        skip: Mapping[str, str] | None = None,
        **options: object,
    ) -> CheckResult:
        if tests is not None:
            paths = [tmp_path / "test_sample.py"]
            paths[0].write_text(tests)
        recipe = Recipe(name="sample", tests=tuple(paths))
        found = replace(
            recipe_tests(recipe), shipped=tuple(shipped), skip=tuple((skip or {}).items())
        )
        return run_check(
            wheel=wheel,
            runtime=runtime,
            home=home,
            env=env,
            tests=found,
            support=support_wheels,
            log=tmp_path / "log",
            **options,  # type: ignore[arg-type]
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


def test_start():
    import json

    assert json.__spec__.cached.endswith(".zip/json/__init__.pyc"), "compiled ahead"
    assert "def loads" in __import__("inspect").getsource(json.loads)


def test_noise():
    print("x" * 1_000_000)
    sys.stdout.buffer.write(b"\\xff\\xfe no newline at the end")


def test_left_out():
    raise AssertionError
"""


@pytest.mark.parametrize("host", list(Host))
def test_every_ordinary_end(check: Check, host: Host, tmp_path: Path) -> None:
    seen: list[TestResult] = []
    wheel = make_wheel(
        tmp_path, {"sample.py": "VALUE = 7\n", "sample_broken.py": "import nothing_at_all\n"}
    )
    result = check(
        wheel, ORDINARY, skip={"*::test_left_out": "not here"}, host=host, on_result=seen.append
    )
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
        "test_start": "passed",
        "test_noise": "passed",
    }
    assert tuple(seen) == result.results
    assert not result.ok
    assert result.summary == "1 import, 4 tests passed, 3 failed, 1 error, 3 skipped"
    assert 0 < result.startup < result.seconds
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


def test_after():
    pass
"""

ALSO_DEADLY = """
def test_host_exit():
    from js import process

    process.exit(0)


def test_recursion():
    deep = []
    for _ in range(300_000):
        deep = [deep]
    repr(deep)


def test_last():
    pass
"""

REASONS = {
    "test_abort": "the runtime died: unreachable",
    "test_memory": "the runtime died: memory access out of bounds",
    "test_exit": "the runtime died: ",
    "test_host_exit": "the runtime died: it ended itself",
    "test_recursion": "the runtime died: Maximum call stack size exceeded",
}


@pytest.mark.journey
@pytest.mark.parametrize("host", [Host.NODE, Host.CHROMIUM])
def test_each_death_fails_one_test_until_a_file_has_had_too_many(
    check: Check, host: Host, tmp_path: Path
) -> None:
    seen: list[TestResult] = []
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "test_deadly.py").write_text(DEADLY)
    rest = ALSO_DEADLY if host is Host.NODE else "def test_last():\n    pass\n"
    (folder / "test_rest.py").write_text(rest)
    wheel = make_wheel(tmp_path, {"sample.py": ""})
    result = check(wheel, paths=[folder], on_result=seen.append, host=host)
    found = {name.rpartition("::")[2]: outcome for name, outcome in outcomes(result).items()}
    assert len(found) == len(result.results), "nothing is told twice"
    assert tuple(seen) == result.results
    for name in ("import sample", "test_before", "test_between", "test_last"):
        assert found.pop(name) == "passed", name
    assert found.pop("test_after") == "error", "the file was given up"
    assert reason(result, "test_after") == "not run: the runtime died before it"
    for name, outcome in found.items():
        assert outcome == "failed", name
        assert reason(result, name).startswith(REASONS[name]), name
        assert len(reason(result, name)) < 600
    assert len(found) == (5 if host is Host.NODE else 3)


@pytest.mark.journey
def test_a_crash_and_a_hang_are_failures_and_the_rest_goes_on(check: Check, tmp_path: Path) -> None:
    tests = (
        "import os\n\n\ndef test_abort():\n    os.abort()\n\n\n"
        "def test_hang():\n    while True:\n        pass\n\n\ndef test_after():\n    pass\n"
    )
    # The start counts too, on a machine that has other things to do.
    result = check(make_wheel(tmp_path, {"sample.py": ""}), tests, timeout=30.0)
    assert outcomes(result) == {
        "import sample": "passed",
        "test_abort": "failed",
        "test_hang": "failed",
        "test_after": "passed",
    }
    assert reason(result, "test_abort") == "the runtime died: unreachable"
    assert reason(result, "test_hang") == "no answer after 30 s"


def test_a_file_that_kills_the_runtime_when_it_is_read(check: Check, tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "test_a.py").write_text("import sample\n\n\ndef test_x():\n    pass\n")
    (folder / "test_b.py").write_text("import sys\n\nsys.exit('not today')\n")
    (folder / "test_c.py").write_text("def test_y():\n    pass\n")
    wheel = make_wheel(tmp_path, {"sample.py": "import os\nos.abort()\n"})
    result = check(wheel, paths=[folder])
    assert outcomes(result) == {
        "import sample": "failed",
        "suite/test_a.py": "failed",
        "suite/test_b.py": "failed",
        "suite/test_c.py::test_y": "passed",
    }
    assert reason(result, "test_a.py") == "the runtime died: unreachable"
    assert reason(result, "test_b.py") == "it stopped pytest: SystemExit: not today"


@pytest.mark.journey
def test_a_test_file_that_cannot_be_read_and_a_requirement_that_is_missing(
    check: Check, tmp_path: Path
) -> None:
    wheel = make_wheel(
        tmp_path,
        {"sample.py": ""},
        [
            "no-such-project-in-any-index>=2",
            "packaging",
            "pluggy>99",
            "other; sys_platform == 'win32'",
            "e; extra == 'e'",
        ],
    )
    good = tmp_path / "test_good.py"
    good.write_text("def test_long():\n    raise ValueError('\\udcff' + 'x' * 5_000_000)\n")
    bad = tmp_path / "test_sample.py"
    bad.write_text("def test_x(:\n")
    result = check(wheel, paths=[bad, good])
    assert outcomes(result) == {
        "requires no-such-project-in-any-index>=2": "error",
        "requires pluggy>99": "error",
        "import sample": "passed",
        "test_sample.py": "error",
        "test_good.py::test_long": "failed",
    }
    assert "SyntaxError" in reason(result, "test_sample.py")
    assert "ValueError" in reason(result, "test_long")
    assert len(reason(result, "test_long").encode()) < 2000


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


def test_a_side_module_of_another_platform_and_a_file_without_tests(
    check: Check, tmp_path: Path
) -> None:
    wheel = make_wheel(
        tmp_path,
        {"sample/__init__.py": "", "sample/_core.cpython-313-x86_64-linux-gnu.so": "no wasm"},
    )
    result = check(wheel, "x = 1\n")
    assert outcomes(result) == {
        "import sample": "passed",
        "import sample._core": "failed",
        "tests": "error",
    }
    assert reason(result, "tests") == "none were found"


def test_a_suite_that_skips_itself_proves_nothing(check: Check, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"sample.py": ""})
    result = check(wheel, "import pytest\n\npytest.importorskip('absent')\n")
    assert outcomes(result)["test_sample.py"] == "skipped"
    assert reason(result, "tests") == "all are skipped, none ran"
    assert not result.ok


def test_what_a_wheel_requires_is_installed_from_the_index(check: Check, tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, {"sample.py": "import sortedcontainers\n"}, ["sortedcontainers==2.4.0"]
    )
    result = check(wheel)
    assert result.ok, result
    assert result.summary == "1 import"


def test_what_is_given_is_never_looked_for_in_the_index(check: Check, tmp_path: Path) -> None:
    # The index has a project of that name, in another version.
    mine = make_pure(tmp_path, {"sortedcontainers.py": b"MINE = 1\n"}, project="sortedcontainers")
    wheel = make_wheel(
        tmp_path, {"sample.py": "from sortedcontainers import MINE\n"}, ["sortedcontainers==1.0"]
    )
    result = check(wheel, wheels=[mine])
    assert outcomes(result)["import sample"] == "passed"


@pytest.mark.journey
def test_memory_that_runs_out_is_a_failure(check: Check, tmp_path: Path) -> None:
    tests = (
        "def test_memory():\n    data = [bytearray(1 << 28) for _ in range(40)]\n\n\n"
        "def test_after():\n    pass\n"
    )
    result = check(make_wheel(tmp_path, {"sample.py": ""}), tests, host=Host.CHROMIUM)
    assert outcomes(result) == {
        "import sample": "passed",
        "test_memory": "failed",
        "test_after": "passed",
    }
    assert "MemoryError" in reason(result, "test_memory") or "memory" in reason(
        result, "test_memory"
    )


def test_a_browser_that_is_not_there(
    runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(MissingRequirement, match="firefox is not on PATH"):
        run_check(
            wheel=make_wheel(tmp_path, {"sample.py": ""}),
            runtime=runtime,
            home=home,
            env={**env, "PATH": str(tmp_path)},
            log=tmp_path / "log",
            host=Host.FIREFOX,
        )


def write_text(wheel: Path) -> None:
    wheel.write_text("no zip")


def write_damage(wheel: Path) -> None:
    wheel.write_bytes(wheel.read_bytes().replace(b"VALUE = 7", b"VALUE = 8"))


def write_no_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sample.py", "")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_text, "is not a wheel: it is no zip file"),
        (write_damage, r"is not a wheel: sample\.py in it is damaged"),
        (write_no_metadata, r"is not a wheel: it has no \.dist-info/METADATA"),
    ],
)
def test_what_is_not_a_wheel(
    check: Check, tmp_path: Path, write: Callable[[Path], None], message: str
) -> None:
    path = make_wheel(tmp_path, {"sample.py": "VALUE = 7\n"})
    write(path)
    with pytest.raises(ConfigurationError, match=message):
        check(path)
