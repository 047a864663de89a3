"""Which workers of a cluster can take work: each is asked once, before it is given any."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from porter.cluster.model import Address, Needs
from porter.cluster.worker import tell_lacks
from porter.errors import BadCluster, Interrupted, PorterError

if TYPE_CHECKING:
    from distributed import Client

# How long is waited for a first worker, or another where the last one went.
AWAY = 60.0
POLL = 0.5


class Roster:
    """The workers that a scheduler has; safe for several threads.

    What each lacks that cannot take work is told once.
    """

    def __init__(self, client: "Client", needs: Needs, address: Address) -> None:
        self._client, self._needs, self._address = client, needs, address
        self._lock = threading.Lock()
        # By address: whether it can take work.
        self._known: dict[str, bool] = {}
        self._lacks: list[str] = []

    def read(self) -> dict[str, int]:
        """The threads of those that can take work, by address. Raises BadCluster."""
        with self._lock:
            try:
                threads: dict[str, int] = self._client.nthreads()  # type: ignore[no-untyped-call]
                new = [address for address in threads if address not in self._known]
                self._ask(new)
            except (OSError, ValueError) as error:
                raise tell_gone(error) from error
        return {address: count for address, count in threads.items() if self._known.get(address)}

    def await_some(self, *, stopped: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """As `read`, once there is one. Raises BadCluster where none comes, Interrupted."""
        until = time.monotonic() + AWAY
        while not (found := self.read()):
            if stopped():
                raise Interrupted("interrupted")
            hopeless = self._lacks and not any(self._known.values())
            if hopeless or time.monotonic() > until:
                raise self._nobody()
            time.sleep(POLL)
        return found

    def _ask(self, new: list[str]) -> None:
        if not new:
            return
        told: dict[str, object] = self._client.run(
            tell_lacks, self._needs, workers=new, on_error="return"
        )
        for address, lacks in told.items():
            self._known[address] = lacks == []
            if lacks != []:
                self._lacks.append(f"{address} lacks {_say(lacks)}")
                self._address.warn(f"WorkerLeftOut: {self._lacks[-1]}")

    def _nobody(self) -> BadCluster:
        scheduler = self._address.scheduler
        if not self._lacks:
            return BadCluster(
                f"the cluster at {scheduler} has no worker",
                advice=f"start one: dask worker {scheduler}; what was finished is kept",
            )
        lines = "".join(f"\n  {line}" for line in self._lacks)
        return BadCluster(
            f"no worker of {scheduler} can take work:{lines}",
            advice="there: porter toolchain install; or here: --cluster-install",
        )


def tell_gone(error: Exception) -> BadCluster:
    """A cluster that answered does not any more."""
    return BadCluster(
        f"the cluster went away: {type(error).__name__}",
        advice="start it, and run this again: what was finished is kept",
    )


def _say(lacks: object) -> str:
    if isinstance(lacks, list):
        return "; ".join(lacks)
    if isinstance(lacks, ModuleNotFoundError):
        return f"the Python module {lacks.name}"
    message = lacks.message if isinstance(lacks, PorterError) else str(lacks)
    return f"something: {type(lacks).__name__}: {message}"
