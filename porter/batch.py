"""Several sources in one run: each once what it waits for is done, as many at once as asked for."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from porter.errors import BuildFailed, Interrupted, PorterError
from porter.process import Children
from porter.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A subject that did not come through, and why.

    `blocked_by` is the one whose failure kept it from being begun, empty where it failed itself.
    """

    name: str
    error: PorterError
    blocked_by: str = ""


def run_batch[Item, Result](
    items: Sequence[Item],
    work: Callable[[Item], Result],
    *,
    name: Callable[[Item], str],
    jobs: int,
    children: Children,
) -> tuple[list[Result], list[Failure]]:
    """`work` on every item, `jobs` at a time; one failure stops no other.

    Results and failures are in the order of `items`. Ctrl-C ends every child process, lets each
    piece of work clean up after itself, and raises Interrupted.
    """
    return run_graph(
        dict(enumerate(items)),
        {},
        lambda item, _below, _share: work(item),
        name=lambda number: name(items[number]),
        jobs=jobs,
        children=children,
    )


def run_graph[Key: Hashable, Item, Result](
    items: Mapping[Key, Item],
    waits: Mapping[Key, Sequence[Key]],
    work: Callable[[Item, Mapping[Key, Result], int], Result],
    *,
    name: Callable[[Key], str],
    jobs: int,
    children: Children,
    seconds: Mapping[Key, float] | None = None,
    spare: int = 0,
    fail_fast: bool = False,
    on_blocked: Callable[[Key, Key], None] | None = None,
) -> tuple[list[Result], list[Failure]]:
    """`work` on every item once all that it waits for is done.

    It is given the results of those, and how many of the `jobs` are its share: all where nothing
    else can run. As many as are `spare` are begun beyond these. `seconds` is how long each is
    thought to take, for the longest way to come first (`Schedule`). What waits for a failure fails too, and says for whom it waited; `fail_fast`
    begins nothing after a failure, and ends nothing that runs. `on_blocked` is told of each that
    will not be begun, and of whose failure keeps it. The rest is as of `run_batch`.
    """
    run: _Run[Key, Item, Result] = _Run(
        items, name, Schedule({key: waits.get(key, ()) for key in items}, seconds)
    )
    running: dict[Future[Result], Key] = {}
    jobs = max(1, jobs)
    most = jobs + spare
    with ThreadPoolExecutor(max_workers=most) as pool:
        try:
            while True:
                while len(running) < most and (key := run.take(fail_fast=fail_fast)) is not None:
                    at_once = min(jobs, len(running) + 1 + run.schedule.ready)
                    below = {other: run.results[other] for other in waits.get(key, ())}
                    running[pool.submit(work, items[key], below, jobs // at_once)] = key
                if not running:
                    break
                for future in _next_done(running):
                    key = running.pop(future)
                    for lost in run.settle(key, future):
                        if on_blocked is not None:
                            on_blocked(lost, key)
        except KeyboardInterrupt:
            children.stop()
            for future in running:
                future.cancel()
            pool.shutdown(wait=True, cancel_futures=True)
            raise Interrupted(
                "interrupted; what was finished is kept, run it again to go on"
            ) from None
    return run.outcome()


class _Run[Key: Hashable, Item, Result]:
    """What came of each item so far."""

    def __init__(
        self,
        items: Mapping[Key, Item],
        name: Callable[[Key], str],
        schedule: Schedule[Key],
    ) -> None:
        self.schedule = schedule
        self.results: dict[Key, Result] = {}
        self._failures: dict[Key, Failure] = {}
        self._items, self._name = items, name

    def take(self, *, fail_fast: bool) -> Key | None:
        """The next to begin, if there is one."""
        return None if fail_fast and self._failures else self.schedule.take()

    def settle(self, key: Key, future: Future[Result]) -> Collection[Key]:
        """Note how an item ended: what is never begun now. A mistake of ours is raised."""
        error = future.exception()
        if error is None:
            self.results[key] = future.result()
            self.schedule.finish(key)
            return ()
        if not isinstance(error, PorterError):
            raise error
        name = self._name
        self._failures[key] = Failure(name=name(key), error=error)
        blocked = self.schedule.fail(key)
        for lost, below in blocked.items():
            why = BuildFailed(f"{name(lost)} waits for {name(below)}, which failed")
            self._failures[lost] = Failure(name=name(lost), error=why, blocked_by=name(key))
        return blocked

    def outcome(self) -> tuple[list[Result], list[Failure]]:
        """Results and failures in the order of the items."""
        failures = dict(self._failures)
        for key in self.schedule.left:
            first = next(each.name for each in failures.values() if not each.blocked_by)
            why = BuildFailed(f"{self._name(key)} was not begun, since {first} failed")
            failures[key] = Failure(name=self._name(key), error=why, blocked_by=first)
        return (
            [self.results[key] for key in self._items if key in self.results],
            [failures[key] for key in self._items if key in failures],
        )


def _next_done[Result](running: Collection[Future[Result]]) -> set[Future[Result]]:
    done: set[Future[Result]] = set()
    # Without a time limit the main thread would not see the signal until the end.
    while running and not done:
        done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
    return done
