"""Runs inside the runtime, and natively to compare with: requirements, imports, then pytest.

Each step is told as it happens.
"""

import importlib
import importlib.metadata
import json
import os
import re
import site
import sys
import time
import traceback
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

LINES, WIDTH = 40, 500
NOT_INSTALLED = "not installed: the index has no wheel of it for this runtime; give it with --with"
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Telling:
    """A pytest plugin that tells of each test's start and end.

    The plan's `done` are names that an earlier start of the runtime has run, `given_up` files
    that killed it too often, `skipped` patterns of names that the recipe leaves out, with its
    reasons.
    """

    def __init__(self, tell: Callable[..., None], plan: dict[str, Any]) -> None:
        self._tell = tell
        self._done = {*plan["done"], *plan["given_up"]}
        self._skipped: dict[str, str] = plan["skipped"]
        # Names are told without where the files lie.
        site_folder = os.path.relpath(site.getsitepackages()[0], plan["root"])
        tests_folder = os.path.relpath(plan["folder"], plan["root"])
        self._prefixes = (f"{tests_folder}/", f"{site_folder}/")
        self._root = plan["root"]
        self._worst: tuple[str, str] = ("passed", "")
        self._seconds = 0.0
        self._running: str | None = None
        self.told = False
        self.stopped = False

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out a file that an earlier start could not read."""
        name = os.path.relpath(collection_path, self._root)
        return True if self.shorten_name(name) in self._done else None

    def pytest_collectstart(self, collector: Any) -> None:
        """Say what is being read: a test file runs code too."""
        import pytest

        if isinstance(collector, pytest.File):
            self._run(self.shorten_name(collector.nodeid))

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Keep what is to be run now."""
        kept = []
        for item in items:
            name = self.shorten_name(item.nodeid)
            if name in self._done:
                continue
            reason = next((r for p, r in self._skipped.items() if fnmatchcase(name, p)), None)
            if reason is None:
                kept.append(item)
            else:
                self._tell_result(name, "skipped", 0.0, reason)
        items[:] = kept
        self._tell(kind="collected", names=[self.shorten_name(item.nodeid) for item in kept])

    def pytest_collectreport(self, report: Any) -> None:
        """Tell of a file that could not be read: an error of its own."""
        name = self.shorten_name(report.nodeid)
        if name == self._running:
            self._run(None)
        if name not in self._done and not report.passed:
            outcome = "error" if report.failed else "skipped"
            reason = str(report.longrepr) if report.failed else report.longrepr[2]
            self._tell_result(name, outcome, 0.0, reason)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say what is running, in case nothing is said any more."""
        self._worst, self._seconds = ("passed", ""), 0.0
        self._run(self.shorten_name(nodeid))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Gather set-up, call and teardown into one outcome."""
        self._seconds += report.duration
        if report.failed:
            kind = "failed" if report.when == "call" else "error"
            # A teardown that fails after its test has failed mostly fails because of it.
            if self._worst[0] != "failed":
                self._worst = (kind, str(report.longrepr))
        elif report.skipped and self._worst[0] == "passed":
            expected = getattr(report, "wasxfail", None)
            reason = report.longrepr[2] if expected is None else f"expected to fail: {expected}"
            self._worst = ("skipped", reason)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tell the outcome."""
        outcome, reason = self._worst
        self._running = None
        self._tell_result(self.shorten_name(nodeid), outcome, self._seconds, reason)

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        """Tell of what ends pytest: the other tests need another start."""
        self._stop(excinfo.value)

    def pytest_internalerror(self, excinfo: Any) -> None:
        """Tell of what ends pytest, such as `sys.exit` at the top of a test file."""
        self._stop(excinfo.value)

    def fail(self, reason: str) -> None:
        """Tell of tests that could not be run at all."""
        self._tell_result("tests", "error", 0.0, reason)

    def shorten_name(self, nodeid: str) -> str:
        """A test's name as its owner knows it."""
        for prefix in self._prefixes:
            nodeid = nodeid.removeprefix(prefix)
        return nodeid

    def _stop(self, error: BaseException) -> None:
        if self._running is not None:
            self.stopped = True
            self._tell(kind="stopped", reason=f"it stopped pytest: {shorten(describe(error))}")

    def _run(self, name: str | None) -> None:
        self._running = name
        self._tell(kind="running", name=name, at=time.time())

    def _tell_result(self, name: str, outcome: str, seconds: float, reason: str) -> None:
        self.told = True
        self._tell(
            kind="result", name=name, outcome=outcome, seconds=seconds, reason=shorten(reason)
        )


def shorten(text: str) -> str:
    """The last lines of a traceback, of a width that can be read, in characters of UTF-8."""
    text = ESCAPES.sub("", text).encode("utf-8", "backslashreplace").decode()
    lines = text.strip().splitlines()[-LINES:]
    return "\n".join(line if len(line) <= WIDTH else f"{line[:WIDTH]}…" for line in lines)


def describe(error: BaseException) -> str:
    """An exception as the last line of its traceback has it."""
    return "".join(traceback.format_exception_only(error)).strip()


def main(plan_text: str, tell_text: Callable[[str], None]) -> None:
    """Run the plan that the driver was given."""
    plan = json.loads(plan_text)
    done = set(plan["done"])

    def tell(**event: object) -> None:
        tell_text(json.dumps(event))

    importlib.invalidate_caches()
    for requirement in missing_requirements(plan["distribution"]):
        name = f"requires {requirement}"
        if name not in done:
            tell(kind="result", name=name, outcome="error", seconds=0.0, reason=NOT_INSTALLED)
    for name in plan["imports"]:
        if f"import {name}" not in done:
            try_import(name, tell)
    telling = Telling(tell, plan)
    site_folder = site.getsitepackages()[0]
    left = [
        *(f"{plan['folder']}/{name}" for name in plan["tests"] if name not in done),
        *(f"{site_folder}/{name}" for name in plan["installed"] if name not in done),
        *plan["shipped"],
    ]
    if left:
        run_tests(left, telling, root=plan["root"], again=bool(done))
    if not telling.stopped:
        tell(kind="finished")


async def install(plan_text: str, base: str, tell_text: Callable[[str], None]) -> None:
    """Install the wheel as a user would: micropip, with the server's index as the only one.

    Where it refuses, that is a failure of its own, and the imports are tried all the same.
    """
    plan = json.loads(plan_text)
    wheels = [base + path for path in plan["wheels"]]
    index = f"{base}/simple"
    refused = await attempt(wheels, index)
    # micropip says with a ValueError what cannot be had; that is told below, by its name.
    if refused and not isinstance(refused, ValueError) and "install" not in plan["done"]:
        result = {"kind": "result", "name": "install", "outcome": "failed", "seconds": 0.0}
        tell_text(json.dumps({**result, "reason": shorten(describe(refused))}))
    if refused:
        for wheel in wheels:
            await attempt([wheel], index, deps=False)
    for requirement in plan["extra"]:
        # A test that needs it will say so.
        await attempt([requirement], index)


async def attempt(wanted: list[str], index: str, *, deps: bool = True) -> Exception | None:
    """Install with micropip; what it raised, None where it did not."""
    import micropip

    try:
        await micropip.install(wanted, keep_going=True, deps=deps, index_urls=index)
    except Exception as error:  # noqa: BLE001 # whatever it raises is its answer
        print(f"micropip: {describe(error)}")
        return error
    return None


def missing_requirements(distribution: str) -> list[str]:
    """Requirements of the wheel that hold for this runtime and are not met (PEP 508)."""
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        # Part of what pytest needs; a wheel without tests may be run without it.
        return []
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
    tell(kind="running", name=f"import {name}", at=time.time())
    started, outcome, reason = time.monotonic(), "passed", ""
    try:
        importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 # whatever a module raises is its answer
        outcome, reason = "failed", describe(error)
        traceback.print_exc()
    tell(
        kind="result",
        name=f"import {name}",
        outcome=outcome,
        seconds=time.monotonic() - started,
        reason=shorten(reason),
    )


def run_tests(paths: list[str], telling: Telling, *, root: str, again: bool) -> None:
    """Run pytest on files of the runtime's own file system, and on packages that carry tests."""
    import pytest

    options = ["-v", "--color=no", "--tb=short", f"--rootdir={root}", "--pyargs"]
    # One file that cannot be read says nothing of the others.
    options += ["--continue-on-collection-errors"]
    options += ["-p", "no:cacheprovider", "-p", "no:faulthandler"]
    code = pytest.main([*options, *paths], plugins=[telling])
    if telling.stopped:
        return
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and not again:
        telling.fail("all are skipped, none ran" if telling.told else "none were found")
    elif code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        telling.fail("pytest could not run them: the log says why")


if __name__ == "__main__" and sys.platform != "emscripten":
    # Natively: a file of what to do, and one for what happens.
    with Path(sys.argv[2]).open("a", encoding="utf-8", buffering=1) as events:
        main(Path(sys.argv[1]).read_text("utf-8"), lambda text: print(text, file=events))
