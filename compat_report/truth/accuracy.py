"""How right verdicts are, measured by what became of the notebooks; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from compat_report.model import Verdict
from compat_report.reported import End, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One notebook: what was foretold of it, and what became of it."""

    path: str
    verdict: Verdict
    outcome: Outcome

    @property
    def agrees(self) -> bool | None:
        """Whether both say the same; None where one of them says nothing."""
        return self.outcome.agrees(self.verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """All trials, by path."""

    trials: tuple[Trial, ...]

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> "Accuracy":
        """The trials given, in their order of paths."""
        return cls(trials=tuple(sorted(trials, key=lambda trial: trial.path)))

    def count(self, verdict: Verdict, *, ran: bool | None) -> int:
        """How many of a verdict ran to their end, did not, or could not be tried (None)."""
        return sum(
            trial.verdict is verdict and how_it_ended(trial.outcome) is ran for trial in self.trials
        )

    @property
    def precision(self) -> float | None:
        """Of those foretold to run in a browser and tried, the share that ran."""
        ran = self.count(Verdict.BROWSER, ran=True)
        return _share(ran, ran + self.count(Verdict.BROWSER, ran=False))

    @property
    def recall(self) -> float | None:
        """Of those that ran, the share that was foretold; one that is unknown was not."""
        ran = [self.count(verdict, ran=True) for verdict in Verdict]
        return _share(self.count(Verdict.BROWSER, ran=True), sum(ran))

    @property
    def disagreements(self) -> tuple[Trial, ...]:
        """Those whose verdict says something else than what became of them."""
        return tuple(trial for trial in self.trials if trial.agrees is False)

    @property
    def untested(self) -> tuple[Trial, ...]:
        """Those that could not be tried here."""
        return tuple(trial for trial in self.trials if trial.outcome.end is End.UNTESTED)


def how_it_ended(outcome: Outcome) -> bool | None:
    """Whether a notebook ran to its end; None where that could not be tried."""
    return None if outcome.end is End.UNTESTED else outcome.end is End.RUNS


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
