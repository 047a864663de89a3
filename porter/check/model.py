"""What came of running a wheel."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path


class Host(StrEnum):
    """What runs the runtime."""

    NODE = "node"
    CHROMIUM = "chromium"
    FIREFOX = "firefox"


class Outcome(StrEnum):
    """How one import or test ended; an error is one that could not be run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One import (`import NAME`) or one test (pytest's node id).

    `reason` is why it failed or was skipped: its last lines, empty where it passed. `native` is
    how it ended on this machine's own Python, None where that was not tried.
    """

    # pytest would take the name for a class of tests.
    __test__ = False

    name: str
    outcome: Outcome
    seconds: float = 0.0
    reason: str = ""
    native: Outcome | None = None

    @property
    def bad(self) -> bool:
        """Whether it did not do what it should."""
        return self.outcome in (Outcome.FAILED, Outcome.ERROR)

    @property
    def is_import(self) -> bool:
        """Whether it is an import, not a test."""
        return self.name.startswith("import ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """What pytest is to run, in the runtime or natively.

    `files` are copied below one folder: (name there, file here) each; `named` those of them that
    are run, files or folders. `installed` are test files of the wheel, relative to where it is
    installed, `shipped` packages of it whose own tests are run. `skip` pairs patterns of test
    names with reasons; `extra` are requirements the tests have beyond the wheel's.
    """

    files: tuple[tuple[str, Path], ...] = ()
    named: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    shipped: tuple[str, ...] = ()
    skip: tuple[tuple[str, str], ...] = ()
    extra: tuple[str, ...] = ()

    def as_plan(self) -> dict[str, object]:
        """What harness.py is told."""
        return {
            "tests": list(self.named),
            "installed": list(self.installed),
            "shipped": list(self.shipped),
            "skipped": dict(self.skip),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Everything that ran for one wheel; `log` holds all that was printed.

    `startup` is how long it took until the runtime was ready and the wheel installed.
    """

    wheel: Path
    platform: str
    host: Host
    results: tuple[TestResult, ...]
    seconds: float
    startup: float
    log: Path

    @property
    def ok(self) -> bool:
        """Whether something passed, and nothing failed but what fails natively too."""
        return self.counts[Outcome.PASSED] > 0 and not self.faults

    @property
    def faults(self) -> tuple[TestResult, ...]:
        """What failed here; of what was run natively too, only what passed there."""
        known = (Outcome.FAILED, Outcome.ERROR)
        return tuple(r for r in self.results if r.bad and r.native not in known)

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many ended in each way."""
        return Counter(result.outcome for result in self.results)

    @property
    def summary(self) -> str:
        """One line, such as `2 imports, 31 tests passed, 1 skipped`."""
        imports = sum(
            result.is_import and result.outcome == Outcome.PASSED for result in self.results
        )
        counts = self.counts
        parts = [f"{imports} import{'' if imports == 1 else 's'}"] if imports else []
        if tests := counts[Outcome.PASSED] - imports:
            parts.append(f"{tests} test{'' if tests == 1 else 's'} passed")
        others = (Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED)
        parts += [f"{counts[outcome]} {outcome}" for outcome in others if counts[outcome]]
        if any(result.native for result in self.results):
            parts.append(f"{len(self.faults)} only here")
        return ", ".join(parts) or "nothing ran"

    def as_json(self) -> dict[str, object]:
        """The result for a program to read."""
        return {
            "wheel": str(self.wheel),
            "platform": self.platform,
            "runtime": self.host,
            "ok": self.ok,
            "summary": self.summary,
            "seconds": round(self.seconds, 2),
            "startup": round(self.startup, 2),
            "log": str(self.log),
            "results": [asdict(result) for result in self.results],
        }


def compare(result: CheckResult, native: Iterable[TestResult]) -> CheckResult:
    """The result with how each import and test ended natively."""
    outcomes = {test.name: test.outcome for test in native}
    results = tuple(replace(test, native=outcomes.get(test.name)) for test in result.results)
    return replace(result, results=results)
