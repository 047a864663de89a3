"""The compute tier: a Dask cluster that is there (https://distributed.dask.org), or one of our own.

Our own is started when the first job comes, listens on loopback with certificates of this process
alone, and ends when nobody has used it for a while.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from kernel_bridge.jobs.errors import TierAway
from kernel_bridge.jobs.settings import JobSettings

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

TIMEOUT = 20.0


class Tier:
    """Clients of one cluster, for jobs of one event loop."""

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None
        self._users = 0
        self._lock = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def client(self) -> AsyncIterator["Client"]:
        """A client that is connected; raises TierAway."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self._users += 1
        try:
            async with self._lock:
                if self._client is None or self._client.status != "running":
                    await self._stop()
                    await self._start()
            assert self._client is not None  # noqa: S101 — started, or an error was raised
            yield self._client
        finally:
            self._users -= 1
            if self._users == 0:
                loop = asyncio.get_running_loop()
                self._ending = loop.call_later(self._settings.idle, self._end)

    async def close(self) -> None:
        """End what was started here."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        async with self._lock:
            await self._stop()

    def _end(self) -> None:
        task = asyncio.ensure_future(self._close_unused())
        self._closing.add(task)  # a loop alone does not keep its tasks
        task.add_done_callback(self._closing.discard)

    async def _close_unused(self) -> None:
        async with self._lock:
            if self._users == 0:
                await self._stop()

    async def _start(self) -> None:
        from distributed import Client

        where = self._settings.cluster
        try:
            if where is None:
                self._cluster = await _start_cluster(self._settings)
            self._client = await Client(  # type: ignore[no-untyped-call]
                where or self._cluster,
                asynchronous=True,
                set_as_default=False,
                timeout=TIMEOUT,
            )
        except (OSError, ValueError, TimeoutError, RuntimeError) as error:
            await self._stop()
            raise TierAway(
                f"the compute tier {where or 'on this machine'} cannot be reached: {error}",
                advice="ask those who run the server about c.PorterJobs.cluster",
            ) from error

    async def _stop(self) -> None:
        client, self._client = self._client, None
        cluster, self._cluster = self._cluster, None
        if client is not None:
            await client._close(fast=True)  # noqa: SLF001 # what close() awaits
        if cluster is not None:
            closing: Any = cluster.close()
            await closing


async def _start_cluster(settings: JobSettings) -> "LocalCluster":
    from distributed import LocalCluster
    from distributed.security import Security

    security = Security.temporary()  # type: ignore[no-untyped-call]
    cluster: LocalCluster = await LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=settings.workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        memory_limit=settings.worker_memory,
        # Dask serves its pages whatever one says: on loopback, then, at a port that is free.
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.ERROR,
        security=security,
        asynchronous=True,
    )
    return cluster
