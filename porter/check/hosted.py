"""Tests written for pytest-pyodide: pytest runs here, and drives the runtime from outside.

They are the test files that import it (`@run_in_pyodide`, the fixture `selenium`), as the recipes
of Pyodide itself have them. pytest-pyodide has an environment of its own, pinned by hash in
pytest-pyodide.lock: it needs an older pytest than others use.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from email.parser import BytesParser
from importlib.resources import as_file, files
from pathlib import Path
from shutil import which

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from porter.audit.names import import_names
from porter.check.model import Host, Outcome, TestResult
from porter.check.start import start_env
from porter.errors import CommandFailed, CommandTimedOut, MissingRequirement
from porter.home import Home, hash_file, new_folder
from porter.process import Children, run
from porter.runtime import Runtime, compile_stdlib

# What a requirement's marker asks of the runtime (PEP 508); no extras are asked for.
EMSCRIPTEN = {"sys_platform": "emscripten", "platform_system": "Emscripten", "extra": ""}
# Selenium looks for drivers and sends statistics elsewhere, unless told not to.
QUIET = {"SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}
PLUGIN = "porter_loopback"
LINES = 40
NAMES = {Host.NODE: "node", Host.CHROMIUM: "chrome", Host.FIREFOX: "firefox"}
DRIVERS = {Host.CHROMIUM: "chromedriver", Host.FIREFOX: "geckodriver"}
OUTCOMES = {Failure: Outcome.FAILED, Error: Outcome.ERROR, Skipped: Outcome.SKIPPED}


def is_hosted(test: Path) -> bool:
    """Whether a test file is written for pytest-pyodide."""
    return test.is_file() and b"pytest_pyodide" in test.read_bytes()


def run_hosted(
    tests: Sequence[Path],
    *,
    wheels: Sequence[Path],
    runtime: Runtime,
    home: Home,
    env: Mapping[str, str],
    host: Host,
    log: Path,
    timeout: float,
    children: Children | None = None,
) -> tuple[TestResult, ...]:
    """Run test files with pytest-pyodide; `wheels` are what `loadPackage` is to find.

    Raises MissingRequirement without the browser's driver, CommandFailed where pytest could not
    run them.
    """
    driver = DRIVERS.get(host)
    if driver is not None and which(driver, path=env.get("PATH")) is None:
        raise MissingRequirement(
            f"pytest-pyodide drives {host} with {driver}, which is not on PATH",
            advice="on Debian: apt-get install chromium-driver; it has no geckodriver",
        )
    python = _environment(home, env, children) / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="porter-hosted-") as name:
        scratch = Path(name)
        dist, folder = scratch / "dist", scratch / "tests"
        shutil.copytree(runtime.folder, dist)
        shutil.copyfile(compile_stdlib(runtime, home=home), dist / runtime.stdlib.name)
        for wheel in wheels:
            shutil.copyfile(wheel, dist / wheel.name)
        (dist / "pyodide-lock.json").write_text(json.dumps(hosted_lock(runtime, wheels)))
        folder.mkdir()
        plugins = scratch / "plugins"
        plugins.mkdir()
        plugin = files("porter.check").joinpath("loopback.py").read_bytes()
        (plugins / f"{PLUGIN}.py").write_bytes(plugin)
        for test in tests:
            shutil.copyfile(test, folder / test.name)
        report = scratch / "report.xml"
        command: list[str | Path] = [python, "-m", "pytest", "-v", "--color=no"]
        command += ["-p", "no:cacheprovider", "-p", PLUGIN, f"--rootdir={folder}"]
        command += [f"--runtime={NAMES[host]}", f"--dist-dir={dist}", f"--junitxml={report}"]
        try:
            run(
                [*command, folder],
                log=log,
                env={**start_env(env, scratch), **QUIET, "PYTHONPATH": str(plugins)},
                cwd=folder,
                timeout=timeout * max(1, len(tests)),
                children=children,
            )
        except CommandTimedOut as error:
            reason = f"no answer: {error.message}"
            return (TestResult(name="pytest-pyodide", outcome=Outcome.FAILED, reason=reason),)
        except CommandFailed:
            # Failed tests are told in the report.
            if not report.is_file():
                raise
        results = tuple(_results(JUnitXml.fromfile(str(report))))
    nothing = TestResult(name="pytest-pyodide", outcome=Outcome.ERROR, reason="no tests were found")
    return results or (nothing,)


def hosted_lock(runtime: Runtime, wheels: Sequence[Path]) -> dict[str, object]:
    """A lock file of these wheels alone, each with the dependencies that are among them.

    `sha256` becomes subresource integrity, `imports` drive `loadPackagesFromImports`.
    """
    names = {str(parse_wheel_filename(wheel.name)[0]) for wheel in wheels}
    packages = {}
    for wheel in wheels:
        name, version = parse_wheel_filename(wheel.name)[:2]
        with zipfile.ZipFile(wheel) as archive:
            members = archive.namelist()
            told = next(m for m in members if m.endswith(".dist-info/METADATA"))
            metadata = BytesParser().parsebytes(archive.read(told), headersonly=True)
        stated = [Requirement(str(text)) for text in metadata.get_all("Requires-Dist", [])]
        required = [r for r in stated if r.marker is None or r.marker.evaluate(EMSCRIPTEN)]
        packages[str(name)] = {
            "name": str(name),
            "version": str(version),
            "file_name": wheel.name,
            "sha256": hash_file(wheel),
            "install_dir": "site",
            "package_type": "package",
            "imports": [top for top in import_names(members) if "." not in top],
            "depends": sorted({canonicalize_name(r.name) for r in required} & names - {name}),
            "unvendored_tests": False,
        }
    return {"info": runtime.lock()["info"], "packages": packages}


def _environment(home: Home, env: Mapping[str, str], children: Children | None) -> Path:
    """pytest-pyodide's own environment, made the first time."""
    lock = files("porter.check").joinpath("pytest-pyodide.lock")
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    target = home.environments / f"pytest-pyodide-{digest}"
    with home.lock(target.name):
        if not target.is_dir():
            log = home.new_log("pytest-pyodide")
            with as_file(lock) as pinned, new_folder(target) as folder:
                venv: list[str | Path] = ["uv", "venv", "--quiet", "--relocatable", "--python"]
                run([*venv, sys.executable, folder], log=log, env=env, children=children)
                python = folder / "bin" / "python"
                install: list[str | Path] = ["uv", "pip", "install", "--quiet", "--python", python]
                install += ["--require-hashes", "--requirements", pinned]
                run(install, log=log, env=env, children=children)
    return target


def _results(report: JUnitXml) -> list[TestResult]:
    found = []
    for suite in report:
        for case in suite:
            if isinstance(case, TestCase):
                result = next(iter(case.result), None)
                found.append(
                    TestResult(
                        name=f"{str(case.classname).replace('.', '/')}.py::{case.name}",
                        outcome=OUTCOMES.get(type(result), Outcome.PASSED),
                        seconds=float(case.time or 0),
                        reason=_tail(str(result.text or result.message)) if result else "",
                    )
                )
    return found


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-LINES:])
