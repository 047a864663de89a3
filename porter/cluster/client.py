"""A crew that is a Dask cluster's workers: the schedule is ours, only the building is theirs."""

import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from packageurl import PackageURL

from porter import __version__
from porter.artefact import Artefact, find_artefact
from porter.build import Built, How, hand_out, have_artefact, list_inputs
from porter.cluster.model import Address, Done, Failed, Needs, SentHost, Task
from porter.cluster.roster import Roster, tell_gone
from porter.cluster.send import send_file, send_source, sent_path
from porter.cluster.worker import run_task, stop_run, topic_of
from porter.errors import BadCluster, BuildFailed, Interrupted, MissingRequirement
from porter.host import HostFile
from porter.source import Fetched, Git, Source, fetch_source
from porter.source.fetch import locate_source
from porter.source.git import is_local
from porter.workshop import Workshop

if TYPE_CHECKING:
    from distributed import Client, Future

TIMEOUT = 10.0
POLL = 0.5
LOOK = 5.0
# The scheduler gives up by itself where some workers are left; those that are started anew are others.
MOST_SENT = 4


class Cluster:
    """A crew of the workers of a scheduler; the store brings what they are sent and what they made.

    Raises BadCluster where none of them can take work.
    """

    def __init__(self, address: Address, shop: Workshop, out: Path) -> None:
        self._address, self._shop, self._out = address, shop, out
        self._run = secrets.token_hex(8)
        self._building: set[str] = set()
        self._client: Client | None = None
        self.hands, self.spare = 1, 0
        self._lock = threading.Lock()
        # How many builds each worker has of us, by address.
        self._given: Counter[str] = Counter()

    def __enter__(self) -> Self:
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            raise MissingRequirement(
                f"a cluster needs the Python module {error.name}",
                advice="pip install 'porter-wasm[cluster,store]'",
            ) from error
        scheduler = self._address.scheduler
        try:
            self._client = Client(  # type: ignore[no-untyped-call]
                scheduler, timeout=TIMEOUT, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise BadCluster(
                f"no cluster answers at {scheduler}: {error}",
                advice="give the address that `dask scheduler` told",
            ) from error
        try:
            self._needs = self._tell_needs()
            self._client.subscribe_topic(topic_of(self._run), self._hear)  # type: ignore[no-untyped-call]
            self._roster = Roster(self._client, self._needs, self._address)
            self.hands = max(1, sum(self._roster.await_some().values()))
            # On a worker builds take turns.
            self.spare = self.hands // 2
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is None:
            return
        with suppress(Exception):
            if self._shop.children.stopped:
                self._client.run(stop_run, self._run, on_error="ignore")
            self._address.objects.delete(sent_path(self._needs.mark))
        self._client.close()  # type: ignore[no-untyped-call]

    def build(self, source: Source, host: Sequence[HostFile], share: int) -> Built:  # noqa: ARG002
        """As of `Crew`; of a worker's processors the worker knows."""
        shop = self._shop
        shop.report.phase(source.name, "reading the source")
        identity, fetched = self._identify(source)
        inputs = list_inputs(source, identity, shop, host)
        note = ""

        def make(key: str) -> tuple[Artefact, How]:
            nonlocal note
            task = self._task(source, identity, fetched, host, inputs)
            done = self._await(task)
            note = done.note
            # A worker of this machine may have the same cache.
            artefact = find_artefact(shop.home, key)
            if artefact is None and shop.store is not None:
                artefact = shop.store.fetch(key, shop.home)
            if artefact is None:
                raise BadCluster(
                    f"a worker built {source.name}, and the store does not have it",
                    advice="see that the workers may write to the store",
                )
            return artefact, How.BUILT if done.how is How.BUILT else How.STORE

        # Not the lock of a build: a worker of this machine may wait for that one.
        artefact, how = have_artefact(source, inputs, shop, make, lock=f"await-{source.name}")
        return hand_out(source, artefact, how, shop, self._out, note=note)

    def _identify(self, source: Source) -> tuple[str, Fetched | None]:
        """What tells the source's content; its bytes where this machine alone has them."""
        shop, origin = self._shop, source.origin
        if isinstance(origin, Path) or (isinstance(origin, Git) and is_local(origin)):
            fetched = fetch_source(
                source,
                platform=shop.platform,
                home=shop.home,
                env=shop.env,
                out=self._out,
                sources=shop.sources,
            )
            return fetched.identity, fetched
        identity = locate_source(source, home=shop.home, env=shop.env, sources=shop.sources)
        return identity, None

    def _task(
        self,
        source: Source,
        identity: str,
        fetched: Fetched | None,
        host: Sequence[HostFile],
        inputs: dict[str, str],
    ) -> Task:
        shop, objects = self._shop, self._address.objects
        shop.report.phase(source.name, "sending the source")
        if isinstance(source.origin, PackageURL):
            # What the index said here is what a worker must get.
            source = replace(source, sha256=source.sha256 or identity)
        at_hand = fetched or Fetched(source=source, sha256=identity, path=shop.home.root)
        sent, archive = send_source(replace(at_hand, source=source), objects, shop.home)
        local = fetched is not None and isinstance(source.origin, Git)
        return Task(
            needs=self._needs,
            source=sent,
            host=tuple(
                SentHost(
                    name=file.name,
                    identity=file.identity,
                    file=send_file(file.path, objects) if file.path is not None else None,
                    recipe=file.recipe,
                )
                for file in host
            ),
            inputs=inputs,
            archive=archive,
            repository=send_file(fetched.path, objects) if fetched and local else None,
        )

    def _tell_needs(self) -> Needs:
        shop = self._shop
        with tempfile.TemporaryDirectory(prefix="porter-mark-") as folder:
            mark = Path(folder) / f"{self._run}.mark"
            mark.write_text(self._run)
            sent = send_file(mark, self._address.objects)
        return Needs(
            run=self._run,
            platform=shop.platform,
            toolchain=shop.toolchain.identity,
            provider=shop.toolchain.provider,
            install=self._address.install,
            python=sys.version,
            porter=__version__,
            pyodide_build=version("pyodide-build"),
            store=self._address.store,
            mark=sent,
            sources=shop.sources.resolve() if shop.sources is not None else None,
        )

    def _hear(self, event: tuple[float, Any]) -> None:
        """What a worker tells of its progress; of what has ended it may be late."""
        kind, name, what = event[1]
        if name in self._building:
            (self._shop.report.phase if kind == "phase" else self._shop.report.advance)(name, what)

    def _await(self, task: Task) -> Done:
        name = task.source.name
        self._building.add(name)
        try:
            told = self._result(task)
        finally:
            self._building.discard(name)
        for warning in told.warnings:
            self._address.warn(warning)
        if isinstance(told, Done):
            return told
        error = told.error
        error.log = None
        if told.log is not None:
            error.log = self._shop.home.new_log(f"build-{name}")
            error.log.write_bytes(told.log)
        raise error

    def _result(self, task: Task) -> Done | Failed:
        from distributed import CancelledError, KilledWorker

        name = task.source.name
        worker, future = self._submit(task)
        looked, sent = time.monotonic(), 1
        try:
            while True:
                if self._shop.children.stopped:
                    raise Interrupted("interrupted")
                try:
                    return future.result(timeout=POLL)
                except TimeoutError:
                    pass
                if time.monotonic() - looked > LOOK:
                    looked = time.monotonic()
                    # Where the worker that has it went, another gets it.
                    if worker not in self._roster.read():
                        future.cancel()  # type: ignore[no-untyped-call]
                        if sent == MOST_SENT:
                            raise _deadly(name)
                        with self._lock:
                            self._given[worker] -= 1
                        worker, future = self._submit(task)
                        sent += 1
        except KilledWorker as error:
            raise _deadly(name) from error
        except (CancelledError, OSError) as error:
            raise tell_gone(error) from error
        finally:
            with self._lock:
                self._given[worker] -= 1
            with suppress(Exception):
                future.cancel()  # type: ignore[no-untyped-call]

    def _submit(self, task: Task) -> "tuple[str, Future[Done | Failed]]":
        """Give it to the worker that has least to do: the scheduler does not count what takes turns."""
        assert self._client is not None  # noqa: S101 — within the context
        threads = self._roster.await_some(stopped=lambda: self._shop.children.stopped)
        with self._lock:
            worker = min(threads, key=lambda address: self._given[address] / threads[address])
            self._given[worker] += 1
        return worker, self._client.submit(
            run_task, task, pure=False, retries=0, workers=[worker], allow_other_workers=False
        )


def _deadly(name: str) -> BuildFailed:
    return BuildFailed(
        f"{name}: every worker that built it ended, for want of memory perhaps",
        advice="start workers with fewer threads, or more memory",
    )
