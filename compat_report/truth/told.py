"""What one run tells, event by event, and the outcome that follows; pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compat_report.model import End, Outcome
from compat_report.truth.beside import Beside

# What runtimes say of memory that is used up, in lower case: V8's and Emscripten's words.
FULL = ("out of memory", "memory allocation failed", "heap limit", "could not allocate memory")


@dataclass(slots=True, kw_only=True)
class Telling:
    """The state of a run (see porter.check.watch.Listener)."""

    started: bool = False
    finished: bool = False
    ended: bool = False
    died: str = ""
    cell: int | None = None
    silent: int | None = None
    seconds: float = 0.0
    heap: int = 0
    asked: tuple[str, ...] = ()
    raised: Mapping[str, Any] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether the runtime has no more to tell."""
        return self.finished or self.ended or bool(self.died or self.raised)

    def learn(self, lines: Iterable[bytes]) -> None:
        """Events, one JSON document a line."""
        for line in lines:
            self._learn(json.loads(line))

    def _learn(self, event: Mapping[str, Any]) -> None:
        self.heap = max(self.heap, int(event.get("heap", 0)))
        self.asked = tuple(event.get("asked", self.asked))
        match event:
            case {"kind": "started" | "finished" | "ended" as state}:
                setattr(self, state, True)
            case {"kind": "running", "cell": cell}:
                self.cell = cell
            case {"kind": "ran", "cell": cell, "seconds": seconds, "silent": silent}:
                self.seconds += seconds
                if silent and self.silent is None:
                    self.silent = cell
            case {"kind": "raised"}:
                self.raised = event
            case {"kind": "died", "reason": reason}:
                self.died = self.died or reason
            case {"kind": "output", "text": text}:
                self.output.append(text)


def judge_run(
    told: Telling,
    why: str,
    *,
    host: str,
    beside: Beside,
    away: Mapping[str, str],
    imports: Mapping[str, frozenset[str]],
) -> Outcome:
    """The outcome of a run that is over.

    `why` is what the watcher says where the run does not say itself how it ended: it hung, or
    died. `away` are projects that could not be installed, each with the reason, and `imports`
    the names that each of those would have brought.
    """

    def made(end: End, reason: str = "", cell: int | None = told.cell) -> Outcome:
        seconds = round(told.seconds, 3)
        return Outcome(
            end=end, host=host, reason=reason, cell=cell, seconds=seconds, heap=told.heap
        )

    if not told.started:
        reason = told.died or why
        return made(End.UNTESTED, f"the runtime did not come to the first cell: {reason}")
    if told.finished and told.silent is not None:
        return made(End.FAILS, "os.system did nothing, in silence", told.silent)
    if told.finished:
        return made(End.RUNS, cell=None)
    if not told.raised:
        return made(*_how_it_died(told.died, why))
    text = str(told.raised["text"])
    if told.raised["memory"]:
        return made(End.OUT_OF_MEMORY, text)
    untested = _why_untested(told, beside, away, imports)
    return made(End.UNTESTED, f"{untested} ({text})") if untested else made(End.FAILS, text)


def _how_it_died(died: str, why: str) -> tuple[End, str]:
    if not died and why.startswith("no answer"):
        return End.HANGS, why
    reason = died or why
    full = any(word in reason.lower() for word in FULL)
    return End.OUT_OF_MEMORY if full else End.CRASHES, reason


def _why_untested(
    told: Telling,
    beside: Beside,
    away: Mapping[str, str],
    imports: Mapping[str, frozenset[str]],
) -> str:
    """Why what was raised may be this machine's doing, "" where it is the browser's."""
    tops = [name.partition(".")[0] for name in told.raised["missed"]]
    lost = [*told.raised["unmet"]]
    # What was missed last mostly is what it ended with.
    lost += [project for top in reversed(tops) for project in away if top in imports[project]]
    for project in lost:
        if project in away:
            return f"{project} could not be had here: {away[project]}"
    if told.raised["typed"]:
        return "it asks for something to be typed"
    if told.asked:
        return f"it asks {told.asked[0]}, and the network is off"
    place = str(told.raised["place"])
    if beside.kept_back(place):
        return f"{place} was not copied into the runtime"
    return ""
