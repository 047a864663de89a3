"""Several sources in one run: each on its own, as many at once as asked for."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from porter.errors import Interrupted, PorterError
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
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            _wait_all(futures)
        except KeyboardInterrupt:
            children.stop()
            for future in futures:
                future.cancel()
            pool.shutdown(wait=True, cancel_futures=True)
            raise Interrupted(
                "interrupted; what was finished is kept, run it again to go on"
            ) from None
    results: list[Result] = []
    failures: list[Failure] = []
    for item, future in zip(items, futures, strict=True):
        error = future.exception()
        if error is None:
            results.append(future.result())
        elif isinstance(error, PorterError):
            failures.append(Failure(name=name(item), error=error))
        else:
            raise error
    return results, failures


def _wait_all[Result](futures: Sequence[Future[Result]]) -> None:
    # Without a time limit the main thread would not see the signal until the end.
    pending = set(futures)
    while pending:
        _, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
