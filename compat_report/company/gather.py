"""The journey of many notebooks: what is known of them is looked up, the rest is read by a crew.

Reports go to disk in the order of paths, so that none has to be kept in memory.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

from compat_report.company.crew import Crew, Pending, Processes
from compat_report.company.memory import Memory
from compat_report.company.sources import Source, by_name
from compat_report.company.spool import Spool
from compat_report.company.store import Store
from compat_report.company.work import Made, Setup, Task, Worker, make_unread, parse_summary
from compat_report.model import Finding, Verdict
from compat_report.ranking import Ranking
from compat_report.report import Reporter
from porter.progress import Quiet
from porter.progress import Reporter as Progress

# Notebooks that are looked up, and given out, together.
BATCH = 32
# Batches that each of the crew may have waiting for it.
AHEAD = 4


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What came of it: reports by path, and what to port next.

    `kept` were known before, `made` were not.
    """

    spool: Spool
    ranking: Ranking
    kept: int = 0
    made: int = 0

    def put(self, name: str, summary: bytes, body: bytes) -> None:
        """Add the next by path."""
        told = parse_summary(summary)
        if told.verdict is Verdict.SERVER:
            self.ranking.add(name, told.blockers, alone=told.alone)
        self.spool.put(name, told.verdict, body)


@dataclass(slots=True, kw_only=True)
class _Batch:
    """Sources that go together: `told` has (summary, body) of each as soon as it is known."""

    sources: Sequence[Source]
    told: list[tuple[bytes, bytes] | None]
    stamps: Sequence[str]
    pending: Pending | None = None


def report_all(
    sources: Iterable[Source],
    unread: Iterable[Finding] = (),
    *,
    setup: Setup,
    reporter: Reporter,
    cache: Path | None,
    jobs: int = 1,
    crew: Crew | None = None,
    runs: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Gathered:
    """The reports on all sources, and on what could not be looked into, by path.

    `cache` is the folder of what was found out before, None for nothing; `crew` works in place of
    `jobs` processes. What is finished is kept whatever happens then: who starts again goes on.
    Raises what opening a catalogue does.
    """
    with ExitStack() as ends:
        store = ends.enter_context(Store(cache)) if cache is not None else None
        worker = Worker(reporter, index=setup.asked.index is not None)
        crew = ends.enter_context(crew or Processes(setup, worker, jobs=jobs))
        into = Gathered(spool=Spool(cache), ranking=Ranking(runs=runs or {}))
        gathering = _Gathering(Memory(setup, reporter, store), crew, into)
        try:
            gathering.run(by_name(sources), list(unread), setup.platform.name, progress or Quiet())
        except BaseException:
            gathering.keep_finished()
            into.spool.close()
            raise
        return into


class _Gathering:
    """One run over all sources."""

    def __init__(self, memory: Memory, crew: Crew, into: Gathered) -> None:
        self._memory = memory
        self._crew = crew
        self._into = into
        self._waiting: deque[_Batch] = deque()

    def run(
        self, sources: Sequence[Source], unread: list[Finding], subject: str, progress: Progress
    ) -> None:
        """Look up, give out, and put in order."""
        others = deque(sorted(unread, key=lambda finding: finding.location.path))
        done, shown = 0, 0.0
        for batch in self._in_order(sources):
            for source, told in zip(batch.sources, batch.told, strict=True):
                while others and others[0].location.path <= source.name:
                    self._put_unread(others.popleft())
                assert told is not None  # noqa: S101 — the batch is finished
                self._into.put(source.name, *told)
            done += len(batch.sources)
            self._memory.commit()
            if time.monotonic() > shown:
                progress.advance(subject, done / len(sources))
                shown = time.monotonic() + 0.1
        while others:
            self._put_unread(others.popleft())

    def keep_finished(self) -> None:
        """Keep what was made and not yet asked for."""
        for batch in self._waiting:
            if batch.pending is not None and batch.pending.done():
                self._keep(batch, batch.pending.result())
        self._memory.commit()

    def _in_order(self, sources: Sequence[Source]) -> Iterator[_Batch]:
        waiting = self._waiting
        out = 0
        for some in batched(sources, BATCH, strict=False):
            batch = self._begin(some)
            waiting.append(batch)
            out += batch.pending is not None
            while waiting and (_is_done(waiting[0]) or out > AHEAD * self._crew.hands):
                out -= waiting[0].pending is not None
                yield self._finish()
        while waiting:
            yield self._finish()

    def _begin(self, sources: Sequence[Source]) -> _Batch:
        told: list[tuple[bytes, bytes] | None] = []
        stamps: list[str] = []
        tasks: list[Task] = []
        for number, source in enumerate(sources):
            stamp, kept = self._memory.recall(source)
            stamps.append(stamp)
            told.append(None if kept is None else (kept.summary, kept.body))
            if kept is None:
                tasks.append(self._crew.ask(source, number))
        self._into.kept += len(sources) - len(tasks)
        self._into.made += len(tasks)
        batch = _Batch(sources=sources, told=told, stamps=stamps)
        if tasks:
            batch.pending = self._crew.submit(tasks)
        return batch

    def _finish(self) -> _Batch:
        batch = self._waiting[0]
        if batch.pending is not None:
            self._keep(batch, batch.pending.result())
        self._waiting.popleft()
        return batch

    def _keep(self, batch: _Batch, reports: Iterable[Made]) -> None:
        for made in reports:
            source, stamp = batch.sources[made.number], batch.stamps[made.number]
            batch.told[made.number] = (made.summary, made.body)
            self._memory.keep(source, stamp, made)

    def _put_unread(self, finding: Finding) -> None:
        made = make_unread(Task(number=0, place="", suffix=""), finding)
        self._into.put(finding.location.path, made.summary, made.body)


def _is_done(batch: _Batch) -> bool:
    return batch.pending is None or batch.pending.done()
