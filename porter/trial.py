"""The journey of a wheel's tests: its recipe's or its project's, in each runtime asked for."""

import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from packageurl import PackageURL
from packaging.utils import parse_wheel_filename

from porter.batch import Failure, run_batch
from porter.check.hosted import is_hosted, run_hosted
from porter.check.model import CheckResult, Host, TestResult, Tests, compare
from porter.check.native import run_native
from porter.check.run import run_check
from porter.check.suite import find_suite, recipe_tests
from porter.check.support import fetch_support
from porter.home import Home
from porter.pinned import fetch_pinned
from porter.platform import Platform
from porter.process import Children
from porter.progress import Reporter
from porter.recipe import Recipe
from porter.runtime import Runtime, fetch_runtime
from porter.source import Source, fetch_source, lay_source
from porter.toolchain.builder import have_interpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A wheel to try. `source` is what it was built from, None where only its name tells."""

    wheel: Path
    recipe: Recipe
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What every wheel of one run is put through.

    `needed` are wheels the others need; `suite`: the project's own tests instead of the recipe's,
    of them the files that match `only`; `native`: run them on a Python of this machine too, of the platform's version.
    """

    platform: Platform
    hosts: tuple[Host, ...]
    needed: tuple[Path, ...]
    suite: bool
    only: tuple[str, ...]
    native: bool
    timeout: float
    jobs: int
    home: Home
    env: Mapping[str, str]


def try_wheels(
    targets: Sequence[Target], trial: Trial, report: Reporter
) -> tuple[list[CheckResult], list[Failure]]:
    """Every target in every runtime, several at once; a failure stops no other."""
    children = Children()
    runtime = fetch_runtime(trial.platform, home=trial.home, env=trial.env)
    support = fetch_support(home=trial.home, env=trial.env)

    def work(item: tuple[Target, Host]) -> CheckResult:
        return _try(*item, trial, runtime, support, report, children)

    return run_batch(
        [(target, host) for target in targets for host in trial.hosts],
        work,
        name=lambda item: item[0].recipe.name,
        jobs=trial.jobs,
        children=children,
    )


def _try(
    target: Target,
    host: Host,
    trial: Trial,
    runtime: Runtime,
    support: Sequence[Path],
    report: Reporter,
    children: Children,
) -> CheckResult:
    recipe = target.recipe
    where = "" if trial.hosts == (Host.NODE,) else f" in {host}"
    subject = f"test {recipe.name}{where}"

    def follow(result: TestResult) -> None:
        report.phase(subject, f"{result.outcome}: {result.name}")

    # In a log a line a test would bury everything else.
    on_result = follow if sys.stderr.isatty() else None
    with ExitStack() as stack:
        tests = recipe_tests(recipe, leave_out=is_hosted)
        if trial.suite:
            report.phase(subject, "looking for the project's own tests")
            tests = _suite(target, trial, stack)
        requires = [fetch_pinned(purl, home=trial.home, env=trial.env) for purl in recipe.requires]
        hosted = [] if trial.suite else [test for test in recipe.tests if is_hosted(test)]
        result = run_check(
            wheel=target.wheel,
            runtime=runtime,
            home=trial.home,
            env=trial.env,
            host=host,
            imports=recipe.imports,
            tests=tests,
            wheels=trial.needed,
            support=[*support, *requires],
            log=trial.home.new_log(f"test-{recipe.name}-{host}"),
            timeout=trial.timeout,
            on_result=on_result,
            on_phase=lambda text: report.phase(subject, text),
            children=children,
        )
        if hosted:
            report.phase(subject, "the tests written for pytest-pyodide")
            results = run_hosted(
                hosted,
                wheels=[
                    *fetch_support(home=trial.home, env=trial.env, hosted=True),
                    *requires,
                    *trial.needed,
                    target.wheel,
                ],
                runtime=runtime,
                home=trial.home,
                env=trial.env,
                host=host,
                log=trial.home.new_log(f"hosted-{recipe.name}-{host}"),
                timeout=trial.timeout,
                children=children,
            )
            result = replace(result, results=(*result.results, *results))
        if trial.native:
            python = have_interpreter(trial.platform, home=trial.home, env=trial.env, report=report)
            report.phase(subject, f"the same natively, on Python {python.version}")
            native = run_native(
                interpreter=python.program,
                requirement=_native_requirement(target),
                distribution=target.wheel.name.partition("-")[0],
                imports=[r.name.partition(" ")[2] for r in result.results if r.is_import],
                tests=replace(tests, extra=(*tests.extra, *map(_pinned, recipe.requires))),
                log=trial.home.new_log(f"native-{recipe.name}"),
                env=python.compile_env(trial.env),
                timeout=trial.timeout,
                on_result=on_result,
                children=children,
            )
            result = compare(result, native)
    report.done(subject, result.summary)
    return result


def _suite(target: Target, trial: Trial, stack: ExitStack) -> Tests:
    name, version = parse_wheel_filename(target.wheel.name)[:2]
    source = target.source or Source(
        recipe=target.recipe, origin=PackageURL("pypi", None, name, str(version))
    )
    fetched = fetch_source(source, platform=trial.platform, home=trial.home, env=trial.env)
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porter-suite-")))
    log = trial.home.new_log(f"suite-{name}")
    lay_source(fetched, scratch / "src", log=log, env=trial.env)
    with zipfile.ZipFile(target.wheel) as wheel:
        members = set(wheel.namelist())
    return find_suite(scratch / "src", members, only=trial.only, recipe=target.recipe)


def _native_requirement(target: Target) -> str:
    """What pip is to install natively: the folder it was built from, else the index's project."""
    if target.source is not None and isinstance(target.source.origin, Path):
        return str(target.source.origin)
    name, version = parse_wheel_filename(target.wheel.name)[:2]
    return f"{name}=={version}"


def _pinned(purl: str) -> str:
    parsed = PackageURL.from_string(purl)
    return f"{parsed.name}=={parsed.version}"
