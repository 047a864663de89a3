"""Who works: this process for a few notebooks, several processes for many."""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Protocol, Self

from compat_report.company.sources import STDIN, Source, read_stdin, suffix_of
from compat_report.company.work import Made, Setup, Task, Worker, make_lost, make_reports

# To start processes takes as long as reading so many notebooks here.
FEW = 200
KILLED = "reading it ended the process, for want of memory perhaps"


class Pending(Protocol):
    """Reports that are being made."""

    def result(self) -> list[Made]:
        """Those of the tasks, in their order; waits for them."""
        ...

    def done(self) -> bool:
        """Whether `result` need not wait."""
        ...


class Crew(Protocol):
    """Makes reports; a context that ends what it started."""

    @property
    def hands(self) -> int:
        """How many work at once."""
        ...

    def ask(self, source: Source, number: int) -> Task:
        """The task that a source is; its bytes with it where workers may not have them."""
        ...

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Begin to make reports."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Processes:
    """This process until there is much to do, then `jobs` others.

    A notebook that ends the process it is read in is found by reading each of those that were
    being read by itself; the others' reports are not lost.
    """

    def __init__(self, setup: Setup, worker: Worker, *, jobs: int, few: int = FEW) -> None:
        self.hands = jobs
        self._setup = pickle.dumps(setup)
        self._worker = worker
        self._left = few if jobs > 1 else None
        self._pool: ProcessPoolExecutor | None = None

    def ask(self, source: Source, number: int) -> Task:
        """Only standard input cannot be read from there."""
        data = read_stdin() if source.place == STDIN else None
        return Task(number=number, place=source.place, suffix=suffix_of(source.place), data=data)

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Begin; here, where few were begun so far."""
        if self._left is None or self._left >= len(tasks):
            if self._left is not None:
                self._left -= len(tasks)
            made: Future[list[Made]] = Future()
            made.set_result(self._worker.make_all(tasks))
            return made
        self._left = 0
        return _Sent(self, tasks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def send(self, tasks: Sequence[Task]) -> Future[list[Made]]:
        """Begin in another process."""
        if self._pool is None:
            self._pool = _open_pool(self.hands)
        try:
            return self._pool.submit(make_reports, self._setup, tasks)
        except BrokenProcessPool:
            self._end()
            self._pool = _open_pool(self.hands)
            return self._pool.submit(make_reports, self._setup, tasks)

    def make_singly(self, tasks: Sequence[Task]) -> list[Made]:
        """Each by itself, in processes of their own: one of them ends its process."""
        made: list[Made] = []
        pool = _open_pool(1)
        try:
            for task in tasks:
                try:
                    made += pool.submit(make_reports, self._setup, [task]).result()
                except BrokenProcessPool:
                    made.append(make_lost(task, KILLED))
                    pool.shutdown()
                    pool = _open_pool(1)
        finally:
            pool.shutdown(cancel_futures=True)
        return made

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)


class _Sent:
    """Tasks that other processes work on."""

    def __init__(self, crew: Processes, tasks: Sequence[Task]) -> None:
        self._crew = crew
        self._tasks = tasks
        self._future = crew.send(tasks)

    def result(self) -> list[Made]:
        try:
            return self._future.result()
        except BrokenProcessPool:
            return self._crew.make_singly(self._tasks)

    def done(self) -> bool:
        return self._future.done() and self._future.exception() is None


def _open_pool(jobs: int) -> ProcessPoolExecutor:
    # A fork of a process with threads may stop for ever.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Ctrl-C is the parent's; who has no parent any more has no work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True)
        watch.start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
