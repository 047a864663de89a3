"""Runs inside the runtime: requirements, imports, then pytest; each step is told as it happens."""

import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from typing import Any

LINES = 40


class Telling:
    """A pytest plugin that tells of each test's start and end."""

    def __init__(self, tell: Callable[..., None], done: set[str]) -> None:
        self._tell = tell
        self._done = done
        self._worst: tuple[str, str] = ("passed", "")
        self._seconds = 0.0

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Leave out what an earlier start of the runtime has run already."""
        left = [item for item in items if item.nodeid not in self._done]
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in self._done])
        items[:] = left
        self._tell(kind="collected", names=[item.nodeid for item in left])

    def pytest_collectreport(self, report: Any) -> None:
        """A file that could not be read is an error of its own."""
        if report.failed:
            self._tell_result(report.nodeid, "error", 0.0, str(report.longrepr))
        elif report.skipped:
            self._tell_result(report.nodeid, "skipped", 0.0, report.longrepr[2])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say what is running, in case nothing is said any more."""
        self._worst, self._seconds = ("passed", ""), 0.0
        self._tell(kind="running", name=nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Gather set-up, call and teardown into one outcome."""
        self._seconds += report.duration
        if report.failed:
            kind = "failed" if report.when == "call" else "error"
            self._worst = (kind, str(report.longrepr))
        elif report.skipped and self._worst[0] == "passed":
            expected = getattr(report, "wasxfail", None)
            reason = report.longrepr[2] if expected is None else f"expected to fail: {expected}"
            self._worst = ("skipped", reason)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tell the outcome."""
        outcome, reason = self._worst
        self._tell_result(nodeid, outcome, self._seconds, reason)

    def _tell_result(self, name: str, outcome: str, seconds: float, reason: str) -> None:
        self._tell(
            kind="result", name=name, outcome=outcome, seconds=seconds, reason=shorten(reason)
        )


def shorten(text: str) -> str:
    """The last lines of a traceback."""
    return "\n".join(text.strip().splitlines()[-LINES:])


def main(plan_text: str, tell_text: Callable[[str], None]) -> None:
    """Run the plan that the driver was given."""
    plan = json.loads(plan_text)
    done = set(plan["done"])

    def tell(**event: object) -> None:
        tell_text(json.dumps(event))

    importlib.invalidate_caches()
    for requirement in missing_requirements(plan["distribution"]):
        tell(
            kind="result",
            name=f"requires {requirement}",
            outcome="error",
            seconds=0.0,
            reason="not installed: give its wheel with --with",
        )
    for name in plan["imports"]:
        if f"import {name}" not in done:
            try_import(name, tell)
    if plan["tests"]:
        run_tests(plan["tests"], done, tell)


def missing_requirements(distribution: str) -> list[str]:
    """Requirements of the wheel that hold for this runtime and are not met (PEP 508)."""
    from packaging.requirements import Requirement

    found = []
    for text in importlib.metadata.requires(distribution) or ():
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            version = None
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            found.append(str(requirement))
    return found


def try_import(name: str, tell: Callable[..., None]) -> None:
    """Import one module and tell how it went."""
    tell(kind="running", name=f"import {name}")
    started, outcome, reason = time.monotonic(), "passed", ""
    try:
        importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 # whatever a module raises is its answer
        outcome, reason = "failed", f"{type(error).__name__}: {error}"
    tell(
        kind="result",
        name=f"import {name}",
        outcome=outcome,
        seconds=time.monotonic() - started,
        reason=shorten(reason),
    )


def run_tests(paths: list[str], done: set[str], tell: Callable[..., None]) -> None:
    """Run pytest on files of the runtime's own file system."""
    import pytest

    sys.path.insert(0, "/tests")
    options = [
        "-v",
        "--color=no",
        "--tb=short",
        "--rootdir=/tests",
        "-p",
        "no:cacheprovider",
        "--pyargs",
    ]
    code = pytest.main([*options, "-p", "no:faulthandler", *paths], plugins=[Telling(tell, done)])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and not done:
        tell(kind="result", name="tests", outcome="error", seconds=0.0, reason="none were found")
    elif code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        tell(kind="result", name="tests", outcome="error", seconds=0.0, reason="pytest could not run them: the log says why")
