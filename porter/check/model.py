"""What came of running a wheel."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """How one import or test ended; an error is one that could not be run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One import (`import NAME`) or one test (pytest's node id).

    `reason` is why it failed or was skipped: its last lines, empty where it passed.
    """

    # pytest would take the name for a class of tests.
    __test__ = False

    name: str
    outcome: Outcome
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Everything that ran for one wheel; `log` holds all that was printed."""

    wheel: Path
    results: tuple[TestResult, ...]
    seconds: float
    log: Path

    @property
    def ok(self) -> bool:
        """Whether something passed and nothing failed."""
        counts = self.counts
        return counts[Outcome.PASSED] > 0 and not (counts[Outcome.FAILED] or counts[Outcome.ERROR])

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many ended in each way."""
        return Counter(result.outcome for result in self.results)

    @property
    def summary(self) -> str:
        """One line, such as `2 imports, 31 tests passed, 1 skipped`."""
        imports = sum(
            result.name.startswith("import ") and result.outcome == Outcome.PASSED
            for result in self.results
        )
        counts = self.counts
        parts = [f"{imports} import{'' if imports == 1 else 's'}"] if imports else []
        if tests := counts[Outcome.PASSED] - imports:
            parts.append(f"{tests} test{'' if tests == 1 else 's'} passed")
        others = (Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED)
        parts += [f"{counts[outcome]} {outcome}" for outcome in others if counts[outcome]]
        return ", ".join(parts) or "nothing ran"

    def as_json(self) -> dict[str, object]:
        """The result for a program to read."""
        return {
            "wheel": str(self.wheel),
            "ok": self.ok,
            "summary": self.summary,
            "seconds": round(self.seconds, 2),
            "log": str(self.log),
            "results": [asdict(result) for result in self.results],
        }
