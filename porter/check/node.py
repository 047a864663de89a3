"""Install a wheel into the runtime under Node; run its imports and its tests."""

import json
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from porter.audit.names import import_names
from porter.check.model import CheckResult, Outcome, TestResult
from porter.errors import CommandFailed, CommandTimedOut, ConfigurationError
from porter.process import Children, read_tail, run

# A suite that kills the runtime more often than this is not worth more waiting.
RESTARTS = 5
TESTS = "/tests"


@dataclass(slots=True, kw_only=True)
class _Course:
    """What is known so far; grows as events arrive."""

    results: list[TestResult] = field(default_factory=list)
    collected: list[str] = field(default_factory=list)
    running: str | None = None
    since: float = 0.0
    started: bool = False
    finished: bool = False
    reason: str = ""
    stopped: str = ""

    @property
    def done(self) -> list[str]:
        return [result.name for result in self.results]


def run_check(
    *,
    wheel: Path,
    runtime: Path,
    node: Path,
    imports: Sequence[str],
    tests: Sequence[Path],
    shipped: Sequence[str] = (),
    skipped: Mapping[str, str] | None = None,
    wheels: Sequence[Path] = (),
    support: Sequence[Path] = (),
    log: Path,
    env: Mapping[str, str],
    timeout: float = 300.0,
    on_result: Callable[[TestResult], None] | None = None,
    children: Children | None = None,
) -> CheckResult:
    """Install `wheel` (after `wheels` and `support`, pytest's own) and run what is to be run.

    `runtime` is the folder of pyodide.mjs. Without `imports` the wheel's files tell them. `tests`
    are pytest files or folders, copied into the runtime's memory, `shipped` packages of the
    wheel whose own tests are run, `skipped` patterns of test names to leave out, with the reason
    of each. A runtime that dies fails the import, test file or test that was running, and a
    fresh one goes on with the others; `timeout` seconds is what one runtime may take. Raises
    ConfigurationError for a file that is not a wheel.
    """
    clock = time.monotonic()
    for path in (*support, *wheels):
        _members(path)
    members = _members(wheel)
    distribution = next(name for name in members if _is_metadata(name)).partition("-")[0]
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    course = _Course()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porter-test-")))
        package = files("porter.check")
        driver = stack.enter_context(as_file(package / "driver.mjs"))
        named = list(import_names(members)) if not imports else list(imports)
        plan = {
            "runtime": str(runtime),
            "harness": str(stack.enter_context(as_file(package / "harness.py"))),
            "events": str(scratch / "events"),
            "wheels": [str(path.resolve()) for path in (*support, *wheels, wheel)],
            "files": [(name, str(path)) for name, path in _test_files(tests)],
            "distribution": distribution,
            "imports": named,
            "skipped": dict(skipped or {}),
            "tests": [*(f"{TESTS}/{path.name}" for path in tests), *shipped],
        }
        for _ in range(RESTARTS + 1):
            reading = _reader(scratch / "events", course, on_result)
            (scratch / "plan").write_text(json.dumps({**plan, "done": course.done}))
            died = _run_once([node, driver, scratch / "plan"], log, env, timeout, reading, children)
            if course.finished:
                break
            _bury(course, died, on_result)
            if not course.started:
                break
    if not course.finished:
        expected = course.collected or [*(path.name for path in tests), *shipped]
        _add_unrun(course, [*(f"import {name}" for name in named), *expected], on_result)
    return CheckResult(
        wheel=wheel, results=tuple(course.results), seconds=time.monotonic() - clock, log=log
    )


def _run_once(
    command: Sequence[str | Path],
    log: Path,
    env: Mapping[str, str],
    timeout: float,
    reading: Callable[[], None],
    children: Children | None,
) -> str:
    """One runtime from start to end; why it ended early, empty where it did not."""
    try:
        run(
            command,
            log=log,
            env=env,
            timeout=timeout,
            on_line=lambda _: reading(),
            children=children,
        )
    except CommandTimedOut:
        return f"no answer after {timeout:g} s"
    except CommandFailed as error:
        return f"the runtime died: {_last_words(log) or error.message}"
    finally:
        reading()
    return "the runtime died: it ended itself"


def _last_words(log: Path) -> str:
    """What Node said of its own death, such as that its memory is used up."""
    for line in reversed(read_tail(log)):
        if line.startswith("FATAL ERROR: "):
            return line[:200]
        if line.startswith("$ "):
            break
    return ""


def _reader(
    events: Path, course: _Course, on_result: Callable[[TestResult], None] | None
) -> Callable[[], None]:
    events.write_bytes(b"")
    course.running, course.started, course.finished = None, False, False
    course.reason, course.stopped = "", ""
    position = 0

    def read() -> None:
        nonlocal position
        with events.open("rb") as file:
            file.seek(position)
            for line in file:
                # A line that is still being written is read the next time.
                if not line.endswith(b"\n"):
                    return
                position += len(line)
                _learn(course, json.loads(line), on_result)

    return read


def _learn(
    course: _Course, event: Mapping[str, Any], on_result: Callable[[TestResult], None] | None
) -> None:
    match event:
        case {"kind": "started"}:
            course.started = True
        case {"kind": "finished"}:
            course.finished = True
        case {"kind": "died", "reason": reason}:
            course.reason = reason
        case {"kind": "stopped", "reason": reason}:
            course.stopped = reason
        case {"kind": "collected", "names": names}:
            course.collected = names
        case {"kind": "running", "name": name, "at": since}:
            course.running, course.since = name, since
        case {"kind": "result", "name": name, "outcome": outcome}:
            course.running = None
            _add(
                course,
                TestResult(
                    name=name,
                    outcome=Outcome(outcome),
                    seconds=round(event["seconds"], 4),
                    reason=event["reason"],
                ),
                on_result,
            )


def _bury(course: _Course, died: str, on_result: Callable[[TestResult], None] | None) -> None:
    """Give the death of a runtime to what was running."""
    reason = course.stopped or (f"the runtime died: {course.reason}" if course.reason else died)
    outcome = Outcome.FAILED if course.running else Outcome.ERROR
    name = course.running or ("between two tests" if course.started else "the runtime's start")
    seconds = round(max(0.0, time.time() - course.since), 4) if course.running else 0.0
    _add(course, TestResult(name=name, outcome=outcome, seconds=seconds, reason=reason), on_result)
    if not course.running:
        # Nothing to leave out the next time: it would end the same way.
        course.started = False


def _add(
    course: _Course, result: TestResult, on_result: Callable[[TestResult], None] | None
) -> None:
    course.results.append(result)
    if on_result is not None:
        on_result(result)


def _add_unrun(
    course: _Course, names: Sequence[str], on_result: Callable[[TestResult], None] | None
) -> None:
    done = course.done
    reason = "not run: the runtime died before it"
    for name in names:
        # A test file of which nothing was collected stands for its tests.
        if not any(known == name or known.startswith(f"{name}::") for known in done):
            _add(course, TestResult(name=name, outcome=Outcome.ERROR, reason=reason), on_result)


def _test_files(tests: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """(name in the runtime, file here) of each test file and of all in test folders."""
    for test in tests:
        if test.is_dir():
            for path in sorted(test.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield f"{TESTS}/{test.name}/{path.relative_to(test).as_posix()}", path
        elif test.is_file():
            yield f"{TESTS}/{test.name}", test
        else:
            raise ConfigurationError(f"{test}: the recipe names a test file that is not there")


def _members(wheel: Path) -> list[str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            broken = archive.testzip()
            members = archive.namelist()
    except zipfile.BadZipFile as error:
        raise ConfigurationError(f"{wheel} is not a wheel: it is no zip file") from error
    except zlib.error as error:
        raise ConfigurationError(f"{wheel} is not a wheel: it is damaged ({error})") from error
    if broken is not None:
        raise ConfigurationError(f"{wheel} is not a wheel: {broken} in it is damaged")
    if not any(_is_metadata(name) for name in members):
        raise ConfigurationError(f"{wheel} is not a wheel: it has no .dist-info/METADATA")
    return members


def _is_metadata(member: str) -> bool:
    return member.count("/") == 1 and member.endswith(".dist-info/METADATA")
