"""A Dask cluster that works in place of processes of this machine (https://distributed.dask.org).

Its scheduler gives what a worker that died was working on to another one. Workers read notebooks'
bytes from us; modules and data beside them they find where they have the same folder, which is
asked for; buckets they read themselves, with the credentials of their own environment.
"""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from compat_report.company.crew import KILLED
from compat_report.company.sources import STDIN, Source, read_stdin, suffix_of
from compat_report.company.work import FolderAway, Made, Setup, Task, make_lost, make_reports
from compat_report.errors import CompatReportError

if TYPE_CHECKING:
    from distributed import Client, Future

TIMEOUT = 10.0
# Larger files are read by workers where they lie.
MOST_SENT = 8 << 20


class BadCluster(CompatReportError):
    """A cluster cannot be reached, or its workers cannot do what they are to."""

    exit_code = 4


class Cluster:
    """A crew of the workers that a scheduler has, by its address: `tcp://HOST:8786`."""

    def __init__(self, address: str, setup: Setup) -> None:
        self._address = address
        self._setup = pickle.dumps(replace(setup, run=uuid4().hex))
        self._client: Client | None = None
        self.hands = 1

    def __enter__(self) -> Self:
        from distributed import Client

        try:
            self._client = Client(  # type: ignore[no-untyped-call]
                self._address, timeout=TIMEOUT, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise BadCluster(
                f"no cluster answers at {self._address}: {error}",
                advice="give the address that `dask scheduler` told",
            ) from error
        self.hands = max(1, sum(self._client.nthreads().values()))  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]

    def ask(self, source: Source, number: int) -> Task:
        """A file's bytes go with its task, unless there are very many."""
        return Task(
            number=number,
            place=source.place,
            suffix=suffix_of(source.place),
            data=_read(source.place),
        )

    def submit(self, tasks: Sequence[Task]) -> "Sent":
        """Begin."""
        return Sent(self, tasks, self.send(tasks))

    def send(self, tasks: Sequence[Task]) -> "Future[list[Made]]":
        """Tasks to the scheduler."""
        assert self._client is not None  # noqa: S101 — within the context
        # The same notebooks again may have other answers of indexes.
        return self._client.submit(make_reports, self._setup, tasks, pure=False, retries=0)


class Sent:
    """Tasks that the cluster works on."""

    def __init__(
        self, cluster: Cluster, tasks: Sequence[Task], future: "Future[list[Made]]"
    ) -> None:
        self._cluster = cluster
        self._tasks = tasks
        self._future = future

    def result(self) -> list[Made]:
        """The reports; a notebook that ends every worker it is given to is found, and told of."""
        from distributed import CancelledError, KilledWorker

        try:
            made: list[Made] = self._future.result()
        except KilledWorker:
            return [one for task in self._tasks for one in self._alone(task)]
        except FolderAway as error:
            raise BadCluster(
                f"the cluster's workers do not have the folder of {error}",
                advice="mount it there at the same path, or report without --cluster",
            ) from error
        except (CancelledError, OSError) as error:
            raise BadCluster(
                f"the cluster went away: {type(error).__name__}",
                advice="start it, and run this again: what was finished is kept",
            ) from error
        return made

    def done(self) -> bool:
        """Whether it came to a good end."""
        return bool(self._future.status == "finished")

    def _alone(self, task: Task) -> list[Made]:
        from distributed import KilledWorker

        if len(self._tasks) == 1:
            return [make_lost(task, KILLED)]
        try:
            return Sent(self._cluster, [task], self._cluster.send([task])).result()
        except KilledWorker:
            return [make_lost(task, KILLED)]


def _read(place: str) -> bytes | None:
    if place == STDIN:
        return read_stdin()
    if "://" in place:
        return None
    path = Path(place)
    try:
        return path.read_bytes() if path.stat().st_size <= MOST_SENT else None
    except (OSError, ValueError):
        return None
