"""Which of many pieces of work is begun next: what most waits for. Pure: no clock, no threads."""

from collections.abc import Collection, Hashable, Mapping
from graphlib import TopologicalSorter


class Schedule[Key: Hashable]:
    """Pieces of work that wait for each other, each taken once, then finished or failed.

    Of those that wait for nothing any more the one is taken first from which the longest way leads
    to the end (the critical path), by the `seconds` each is thought to take; of equal ones the
    first of `waits`. A piece that fails takes with it what waits for it, and nothing else.
    """

    def __init__(
        self, waits: Mapping[Key, Collection[Key]], seconds: Mapping[Key, float] | None = None
    ) -> None:
        self._waits = {key: set(below) for key, below in waits.items()}
        self._users: dict[Key, list[Key]] = {key: [] for key in waits}
        for key, below in self._waits.items():
            for other in below:
                self._users[other].append(key)
        self._rank = _ranks(self._waits, self._users, seconds or {})
        self._place = {key: number for number, key in enumerate(waits)}
        self._left = dict.fromkeys(waits)
        self._ready = [key for key, below in self._waits.items() if not below]

    @property
    def ready(self) -> int:
        """How many could be taken now."""
        return len(self._ready)

    @property
    def left(self) -> tuple[Key, ...]:
        """What was not taken, and is not lost."""
        return tuple(self._left)

    def take(self) -> Key | None:
        """The next to begin, None where all that is left waits."""
        if not self._ready:
            return None
        key = min(self._ready, key=lambda key: (-self._rank[key], self._place[key]))
        self._ready.remove(key)
        del self._left[key]
        return key

    def finish(self, key: Key) -> None:
        """It is done: what waited for it alone can be taken."""
        for user in self._users[key]:
            self._waits[user].discard(key)
            if not self._waits[user] and user in self._left:
                self._ready.append(user)

    def fail(self, key: Key) -> dict[Key, Key]:
        """It failed: what is never begun now, and for whom each of these waits."""
        lost: dict[Key, Key] = {}
        failed = [key]
        for below in failed:
            for user in self._users[below]:
                if user in self._left:
                    del self._left[user]
                    lost[user] = below
                    failed.append(user)
        return lost


def _ranks[Key: Hashable](
    waits: Mapping[Key, Collection[Key]],
    users: Mapping[Key, Collection[Key]],
    seconds: Mapping[Key, float],
) -> dict[Key, float]:
    """Of each the seconds from its beginning to the end of the last that waits for it.

    What has never been done is thought to take as long as the middle one of those that were.
    """
    known = sorted(seconds[key] for key in waits if key in seconds)
    middle = known[len(known) // 2] if known else 1.0
    ranks: dict[Key, float] = {}
    for key in reversed([*TopologicalSorter(waits).static_order()]):
        above = max((ranks[user] for user in users[key]), default=0.0)
        ranks[key] = seconds.get(key, middle) + above
    return ranks
