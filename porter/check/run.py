"""Install a wheel into the runtime as a user would; run its imports and its tests."""

import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.resources import as_file, files
from itertools import count
from pathlib import Path

from porter.audit.names import import_names
from porter.check.course import Course
from porter.check.model import CheckResult, Host, TestResult, Tests
from porter.check.site import Site, pack_tests, serve, wheels_by_hash
from porter.check.start import find_host, start_command, start_env
from porter.check.watch import watch
from porter.errors import ConfigurationError
from porter.home import Home
from porter.process import Children
from porter.runtime import Runtime, compile_stdlib, compile_wheel

# Where test files lie in the runtime's memory.
FOLDER = "/tests"


def run_check(
    *,
    wheel: Path,
    runtime: Runtime,
    home: Home,
    env: Mapping[str, str],
    log: Path,
    host: Host = Host.NODE,
    imports: Sequence[str] = (),
    tests: Tests | None = None,
    wheels: Sequence[Path] = (),
    support: Sequence[Path] = (),
    timeout: float = 300.0,
    on_result: Callable[[TestResult], None] | None = None,
    on_phase: Callable[[str], None] | None = None,
    children: Children | None = None,
) -> CheckResult:
    """Install `wheel` and run what is to be run, in the runtime that `host` runs.

    micropip installs it, with what it requires: from `wheels`, else from the configured package
    index. `support` are pytest's own wheels. Without `imports` the wheel's files tell them. A
    runtime that dies fails the import, test file or test that was running, and a fresh one goes
    on with the others; `timeout` seconds is how long one of these may take. Raises
    ConfigurationError for a file that is not a wheel, MissingRequirement without the host.
    """
    clock = time.monotonic()
    tests = tests or Tests()
    program = find_host(host, env)
    for path in (*support, *wheels):
        _members(path)
    members = _members(wheel)
    # Before the clock of the start runs: the first time it takes a while.
    compiled = [compile_wheel(path, runtime, home=home) for path in support]
    compiled.append(compile_stdlib(runtime, home=home))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    course = Course(on_result=on_result, on_phase=on_phase)
    startup = 0.0
    with ExitStack() as stack:
        # A browser that was killed may leave a file behind while its folder is removed.
        folder_of_run = tempfile.TemporaryDirectory(
            prefix="porter-test-", ignore_cleanup_errors=True
        )
        scratch = Path(stack.enter_context(folder_of_run))
        driver = stack.enter_context(as_file(files("porter.check"))) / "driver.mjs"
        named = list(import_names(members)) if not imports else list(imports)
        site = Site(
            runtime=runtime,
            wheels=wheels_by_hash([*support, *wheels, wheel]),
            tests=pack_tests(tests.files),
            compiled={path.name: path for path in compiled},
            events=scratch / "events",
            home=home,
            env=env,
        )
        stack.enter_context(serve(site))
        plan = {
            "support": [f"/compiled/{path.name}" for path in support],
            "wheels": [site.wheel_url(path) for path in (*wheels, wheel)],
            "extra": list(tests.extra),
            "distribution": next(m for m in members if _is_metadata(m)).partition("-")[0],
            "imports": named,
            "folder": FOLDER,
            "root": "/",
            **tests.as_plan(),
        }
        for number in count():
            folder = scratch / f"start-{number}"
            folder.mkdir()
            site.events = folder / "events"
            site.events.touch()
            site.plan = {**plan, "done": course.done, "given_up": course.given_up}
            (folder / "profile").mkdir()
            command = start_command(
                host,
                program,
                url=site.url,
                scratch=folder / "profile",
                runtime=runtime.folder,
                events=site.events,
                driver=driver,
            )
            course.begin()
            begun = time.monotonic()
            reason, ready = watch(
                command,
                course,
                site.events,
                log,
                start_env(env, folder / "profile"),
                timeout,
                children,
            )
            startup = startup or ready - begun
            if course.finished or (children is not None and children.stopped):
                break
            if not course.bury(reason, time.time()) or _all_given_up(course):
                break
    # A run that finished has left out the files that were given up, and nothing else.
    expected = [] if course.finished else [*(f"import {name}" for name in named), *tests.named]
    course.add_unrun(expected)
    return CheckResult(
        wheel=wheel,
        platform=runtime.platform.pyodide,
        host=host,
        results=tuple(course.results),
        seconds=time.monotonic() - clock,
        startup=max(0.0, startup),
        log=log,
    )


def _all_given_up(course: Course) -> bool:
    """Whether nothing is left but tests of files that kill the runtime again and again."""
    done, lost = set(course.done), set(course.given_up)
    left = [name for name in course.collected if name not in done]
    return bool(course.collected) and all(name.partition("::")[0] in lost for name in left)


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
