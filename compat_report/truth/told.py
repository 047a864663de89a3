"""What one run tells, event by event, and the outcome that follows; pure."""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compat_report.reported import End, Outcome
from compat_report.truth.beside import Beside

# What the runtime says where the engine has no JSPI (WebAssembly's JavaScript Promise
# Integration): Node 20 has none, and browsers do.
NO_SWITCHING = "WebAssembly stack switching not supported"
# What runtimes say of memory that is used up, in lower case: V8's and Emscripten's words.
FULL = ("out of memory", "memory allocation failed", "heap limit", "could not allocate memory")


@dataclass(slots=True, kw_only=True)
class Telling:
    """The state of a run (see porter.check.watch.Listener).

    A notebook can reach what tells of it: what makes no sense is passed over, and one that has
    more than `most` events says more than its cells can.
    """

    most: int = 10_000
    started: bool = False
    finished: bool = False
    ended: bool = False
    died: str = ""
    cell: int | None = None
    silent: int | None = None
    seconds: float = 0.0
    heap: int = 0
    asked: tuple[str, ...] = ()
    raised: "_Raised | None" = None
    output: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether the runtime has no more to tell."""
        return self.finished or self.ended or bool(self.died or self.raised)

    def learn(self, lines: Iterable[bytes]) -> None:
        """Events, one JSON document a line."""
        for line in lines:
            self.most -= 1
            with contextlib.suppress(ValueError, TypeError, AttributeError, RecursionError):
                self._learn(json.loads(line))
        if self.most < 0:
            self.died = self.died or "it tells more than its cells can"

    def _learn(self, event: Mapping[str, Any]) -> None:
        self.heap = max(self.heap, int(event.get("heap", 0)))
        self.asked = tuple(map(str, event.get("asked", self.asked)))
        match event:
            case {"kind": "started" | "finished" | "ended" as state}:
                setattr(self, state, True)
            case {"kind": "running", "cell": int(cell)}:
                self.cell = cell
            case {"kind": "ran", "cell": int(cell), "seconds": int() | float() as seconds}:
                self.seconds += seconds
                if event.get("silent") and self.silent is None:
                    self.silent = cell
            case {"kind": "raised"}:
                self.raised = _Raised.parse(event)
            case {"kind": "died", "reason": str(reason)}:
                self.died = self.died or reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raised:
    """What ended a notebook; see inside.py."""

    text: str
    memory: bool
    place: str
    missed: tuple[str, ...]
    unmet: tuple[str, ...]
    typed: bool

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> "_Raised":
        return cls(
            text=str(event.get("text", "")),
            memory=bool(event.get("memory")),
            place=str(event.get("place", "")),
            missed=tuple(map(str, event.get("missed", ()))),
            unmet=tuple(map(str, event.get("unmet", ()))),
            typed=bool(event.get("typed")),
        )


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
    raised = told.raised
    if raised is None:
        return made(*_how_it_died(told.died, why))
    if raised.memory:
        return made(End.OUT_OF_MEMORY, raised.text)
    untested = _why_untested(raised, told.asked, beside, away, imports)
    end = End.UNTESTED if untested else End.FAILS
    return made(end, f"{untested} ({raised.text})" if untested else raised.text)


def _how_it_died(died: str, why: str) -> tuple[End, str]:
    if not died and why.startswith("no answer"):
        return End.HANGS, why
    reason = died or why
    full = any(word in reason.lower() for word in FULL)
    return End.OUT_OF_MEMORY if full else End.CRASHES, reason


def _why_untested(
    raised: _Raised,
    asked: Sequence[str],
    beside: Beside,
    away: Mapping[str, str],
    imports: Mapping[str, frozenset[str]],
) -> str:
    """Why what was raised may be this machine's doing, "" where it is the browser's."""
    tops = [name.partition(".")[0] for name in raised.missed]
    lost = [*raised.unmet]
    # What was missed last mostly is what it ended with.
    lost += [project for top in reversed(tops) for project in away if top in imports[project]]
    for project in lost:
        if project in away:
            return f"{project} could not be had here: {away[project]}"
    if NO_SWITCHING in raised.text:
        return "it waits for a coroutine where it stands, which this host's engine cannot"
    if raised.typed:
        return "it asks for something to be typed"
    if asked:
        return f"it asks {asked[0]}, and the network is off"
    if beside.kept_back(raised.place):
        return f"{raised.place} was not copied into the runtime"
    return ""
