"""The same tests on a Python of this machine, to tell what fails only in the runtime."""

import contextlib
import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from packageurl import PackageURL

from porter.check.course import Course
from porter.check.model import TestResult, Tests
from porter.check.watch import watch
from porter.errors import CommandFailed
from porter.process import Children, run


def run_native(
    *,
    interpreter: Path,
    requirement: str,
    distribution: str,
    imports: Sequence[str],
    tests: Tests,
    log: Path,
    env: Mapping[str, str],
    timeout: float,
    on_result: Callable[[TestResult], None] | None = None,
    children: Children | None = None,
) -> tuple[TestResult, ...]:
    """Install `requirement` into an environment of its own, and run the same imports and tests.

    `interpreter` is the Python that the environment is made of. Raises CommandFailed where it
    cannot be installed natively, with pip's output in `log`.
    """
    course = Course(on_result=on_result)
    with tempfile.TemporaryDirectory(prefix="porter-native-") as name:
        scratch = Path(name)
        python = scratch / "venv" / "bin" / "python"
        venv: list[str | Path] = [
            "uv",
            "venv",
            "--quiet",
            "--python",
            interpreter,
            scratch / "venv",
        ]
        install: list[str | Path] = ["uv", "pip", "install", "--quiet", "--python", python]
        run(venv, log=log, env=env, children=children)
        run([*install, *_runner(), requirement], log=log, env=env, children=children)
        for extra in tests.extra:
            # As in the runtime: a test that needs it will say so.
            with contextlib.suppress(CommandFailed):
                run([*install, extra], log=log, env=env, children=children)
        folder = scratch / "tests"
        for inside, path in tests.files:
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / inside)
        events = scratch / "events"
        plan = {
            "distribution": distribution,
            "imports": list(imports),
            "folder": str(folder),
            "root": str(scratch),
            "done": [],
            "given_up": [],
            **tests.as_plan(),
        }
        with as_file(files("porter.check") / "harness.py") as harness:
            while True:
                events.write_bytes(b"")
                plan["done"], plan["given_up"] = course.done, course.given_up
                (scratch / "plan").write_text(json.dumps(plan))
                course.begin()
                reason, _ = watch(
                    [python, harness, scratch / "plan", events],
                    course,
                    events,
                    log,
                    env,
                    timeout,
                    children,
                )
                if course.finished or (children is not None and children.stopped):
                    break
                if not course.bury(reason, 0.0):
                    break
    return tuple(course.results)


def _runner() -> list[str]:
    """pytest at the version the runtime's tests have."""
    text = files("porter.check").joinpath("support.toml").read_text("utf-8")
    parsed = [PackageURL.from_string(purl) for purl in tomllib.loads(text)["wheels"]]
    return [f"{purl.name}=={purl.version}" for purl in parsed]
