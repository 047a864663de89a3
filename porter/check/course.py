"""What is known of a run so far, as its events tell it; pure but for the callback."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from porter.check.model import Outcome, TestResult

# A test file that kills the runtime more often than this is not worth more waiting.
DEATHS_A_FILE = 3
# However many files there are.
DEATHS = 60


@dataclass(slots=True, kw_only=True)
class Course:
    """The results so far, and the state of the runtime that is running now."""

    on_result: Callable[[TestResult], None] | None = None
    on_phase: Callable[[str], None] | None = None
    results: list[TestResult] = field(default_factory=list)
    collected: dict[str, None] = field(default_factory=dict)
    deaths: Counter[str] = field(default_factory=Counter)
    output: list[str] = field(default_factory=list)
    running: str | None = None
    since: float = 0.0
    started: bool = False
    finished: bool = False
    ended: bool = False
    died: str = ""
    stopped: str = ""

    @property
    def done(self) -> list[str]:
        """Names that need not run again."""
        return [result.name for result in self.results]

    @property
    def given_up(self) -> list[str]:
        """Test files that killed the runtime too often."""
        return [name for name, count in self.deaths.items() if count >= DEATHS_A_FILE]

    @property
    def over(self) -> bool:
        """Whether the runtime that is running has no more to tell."""
        return self.finished or self.ended or bool(self.died)

    def begin(self) -> None:
        """A fresh runtime starts."""
        self.running, self.started, self.finished, self.ended = None, False, False, False
        self.died, self.stopped = "", ""

    def learn(self, lines: Iterable[bytes]) -> None:
        """Events, one JSON document a line."""
        for line in lines:
            self._learn(json.loads(line))

    def _learn(self, event: Mapping[str, Any]) -> None:
        match event:
            case {"kind": "started" | "finished" | "ended" as state}:
                setattr(self, state, True)
            case {"kind": "died", "reason": reason}:
                self.died = self.died or reason
            case {"kind": "stopped", "reason": reason}:
                self.stopped = reason
            case {"kind": "output", "text": text}:
                self.output.append(text)
            case {"kind": "phase", "text": text} if self.on_phase is not None:
                self.on_phase(text)
            case {"kind": "collected", "names": names}:
                self.collected |= dict.fromkeys(names)
            case {"kind": "running", "name": name, "at": since}:
                self.running, self.since = name, since
            case {"kind": "result"}:
                self.running = None
                self.add(
                    TestResult(
                        name=event["name"],
                        outcome=Outcome(event["outcome"]),
                        seconds=round(event["seconds"], 4),
                        reason=event["reason"],
                    )
                )

    def add(self, result: TestResult) -> None:
        """One more result."""
        self.results.append(result)
        if self.on_result is not None:
            self.on_result(result)

    def bury(self, reason: str, now: float) -> bool:
        """Give the death of a runtime to what was running; whether another start makes sense."""
        name = self.running or ("between two tests" if self.started else "the runtime's start")
        self.add(
            TestResult(
                name=name,
                outcome=Outcome.FAILED if self.running else Outcome.ERROR,
                seconds=round(max(0.0, now - self.since), 4) if self.running else 0.0,
                reason=self.stopped or (f"the runtime died: {self.died}" if self.died else reason),
            )
        )
        if self.running is None:
            # Nothing to leave out the next time: it would end the same way.
            return False
        self.deaths[name.partition("::")[0]] += 1
        return self.deaths.total() < DEATHS

    def add_unrun(self, names: Iterable[str]) -> None:
        """An error for each name that was never run."""
        done = self.done
        reason = "not run: the runtime died before it"
        for name in dict.fromkeys([*names, *self.collected]):
            # A test file of which nothing was collected stands for its tests.
            if not any(known == name or known.startswith(f"{name}::") for known in done):
                self.add(TestResult(name=name, outcome=Outcome.ERROR, reason=reason))
