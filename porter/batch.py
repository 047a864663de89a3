"""Several sources in one run: each once what it waits for is done, as many at once as asked for."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter

from porter.errors import BuildFailed, Interrupted, PorterError
from porter.process import Children


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A subject that did not come through, and why."""

    name: str
    error: PorterError


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
        lambda item, _: work(item),
        name=lambda number: name(items[number]),
        jobs=jobs,
        children=children,
    )


def run_graph[Key: Hashable, Item, Result](
    items: Mapping[Key, Item],
    waits: Mapping[Key, Sequence[Key]],
    work: Callable[[Item, Mapping[Key, Result]], Result],
    *,
    name: Callable[[Key], str],
    jobs: int,
    children: Children,
) -> tuple[list[Result], list[Failure]]:
    """`work` on every item once all that it waits for is done, with the results of those.

    What waits for a failure fails too, and says for whom it waited. The rest is as of `run_batch`.
    """
    sorter = TopologicalSorter({key: waits.get(key, ()) for key in items})
    sorter.prepare()
    results: dict[Key, Result] = {}
    failures: dict[Key, Failure] = {}
    running: dict[Future[Result], Key] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        try:
            while sorter.is_active():
                for key in sorter.get_ready():
                    below = waits.get(key, ())
                    if lost := [other for other in below if other in failures]:
                        why = BuildFailed(f"{name(key)} waits for {name(lost[0])}, which failed")
                        failures[key] = Failure(name=name(key), error=why)
                        sorter.done(key)
                        continue
                    needed = {other: results[other] for other in below}
                    running[pool.submit(work, items[key], needed)] = key
                for future in _next_done(running):
                    key = running.pop(future)
                    error = future.exception()
                    if error is None:
                        results[key] = future.result()
                    elif isinstance(error, PorterError):
                        failures[key] = Failure(name=name(key), error=error)
                    else:
                        raise error
                    sorter.done(key)
        except KeyboardInterrupt:
            children.stop()
            for future in running:
                future.cancel()
            pool.shutdown(wait=True, cancel_futures=True)
            raise Interrupted(
                "interrupted; what was finished is kept, run it again to go on"
            ) from None
    return (
        [results[key] for key in items if key in results],
        [failures[key] for key in items if key in failures],
    )


def _next_done[Result](running: Collection[Future[Result]]) -> set[Future[Result]]:
    done: set[Future[Result]] = set()
    # Without a time limit the main thread would not see the signal until the end.
    while running and not done:
        done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
    return done
