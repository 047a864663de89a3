"""The gateway's addresses for pages and for kernels: what those of all services share.

docs/reference/gateway.md says what goes in and out.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing

import pyarrow as pa  # type: ignore[import-untyped]
from tornado import web
from tornado.iostream import StreamClosedError

from kernel_bridge.errors import BridgeError, ServiceAway
from kernel_bridge.gateway.asked import limit_of, optional_text
from kernel_bridge.gateway.errors import Cancelled, TooSlow
from kernel_bridge.gateway.frames import (
    ARROW,
    CONTENT_TYPE,
    DONE,
    PROGRESS,
    error_frame,
    frame,
    told_frame,
)
from kernel_bridge.gateway.outgoing import Limits, Outgoing, make_limits
from kernel_bridge.gateway.running import Queries, Running
from kernel_bridge.gateway.services import Service, kind_of
from kernel_bridge.gateway.trust import HEADER, check_kernel, check_named
from kernel_bridge.settings import BridgeSettings
from kernel_bridge.web.handler import Route
from kernel_bridge.web.kernel import KernelHandler

# Seconds: after the first, an answer begins though nothing came; after the other, it tells so.
BEGIN, BEAT = 1.0, 5.0

# What a service says: its columns and then rows, or before them how many rows it has by now.
type Found = AsyncGenerator[pa.Schema | pa.RecordBatch | int]


class GatewayHandler(KernelHandler):
    """What every address of the gateway knows."""

    @property
    def bridge(self) -> BridgeSettings:
        """The bridge's settings."""
        found: BridgeSettings = self.settings["porter"]
        return found

    @property
    def queries(self) -> Queries:
        """Those that run."""
        found: Queries = self.settings.setdefault("porter_queries", Queries())
        return found


class QueryHandler(GatewayHandler):
    """One query: who may ask, then frames as rows come."""

    _running: Running | None = None
    _left = False
    _began = 0.0
    _rows = _bytes = 0

    @web.authenticated
    async def post(self) -> None:
        """Ask a service; what it says no to at once has an error's status."""
        await self._check_notebook()
        body = self.json_body()
        limits = make_limits(self.bridge.rows_limit, self.bridge.bytes_limit, limit_of(body))
        service, found = self.ask(body, limits)
        query = optional_text(body, "id") or secrets.token_hex(16)
        self._running = running = self.queries.admit(query, self.owner, service)
        self._began = time.monotonic()
        slow = TooSlow(
            f"the query took longer than {service.timeout} s, the most on {service.name!r}",
            advice="ask for less",
        )
        loop = asyncio.get_running_loop()
        clock = loop.call_later(service.timeout, running.stop, slow)
        if self._left:
            running.stop(Cancelled("who asked went away"))
        try:
            async with aclosing(self._frames(found, limits)) as frames:
                await self._send(running, frames)
        except StreamClosedError:
            return
        finally:
            clock.cancel()
            self.queries.leave(running)

    def ask(self, body: Mapping[str, object], limits: Limits) -> tuple[Service, Found]:
        """Which service is asked, and what it is to say; raises BridgeError."""
        raise NotImplementedError

    def on_connection_close(self) -> None:
        """Who asked went away: nobody wants the rest."""
        super().on_connection_close()
        self._left = True
        if self._running is not None:
            self._running.stop(Cancelled("who asked went away"))

    async def _send(self, running: Running, frames: AsyncGenerator[bytes]) -> None:
        while True:
            task = running.task = asyncio.create_task(_after(frames))
            if running.reason is not None:
                task.cancel()
            try:
                payload = await self._await_payload(running, task)
            except (BridgeError, asyncio.CancelledError) as error:
                told = error if isinstance(error, BridgeError) else running.reason
                if told is None:
                    raise
                await self._refuse(running, told)
                return
            except (StreamClosedError, web.HTTPError):
                raise
            except Exception:  # a defect: its traceback is the log's alone
                if not self._headers_written:
                    raise
                self.log.exception("a query of service %r failed", running.service)
                await self._refuse(running, ServiceAway("the gateway failed; its log says where"))
                return
            if payload is None:
                return
            await self._write(running, payload)

    async def _await_payload(
        self, running: Running, task: asyncio.Task[bytes | None]
    ) -> bytes | None:
        try:
            while not task.done():
                patience = BEAT if self._headers_written else BEGIN
                await asyncio.wait({task}, timeout=patience)
                if not task.done():
                    await self._write(running, self._progress())
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        return task.result()

    async def _refuse(self, running: Running, told: BridgeError) -> None:
        if not self._headers_written:
            raise told from None
        self.log.info("%s: %s", type(told).__name__, told)
        await self._write(running, error_frame(told))

    async def _write(self, running: Running, payload: bytes) -> None:
        if not self._headers_written:
            self.set_header("Content-Type", CONTENT_TYPE)
            self.set_header("Cache-Control", "no-store")
            self.set_header("Porter-Query", running.id)
            self.set_header("X-Accel-Buffering", "no")
        self.write(payload)
        await self.flush()

    async def _frames(self, found: Found, limits: Limits) -> AsyncGenerator[bytes]:
        async with aclosing(found):
            while isinstance(step := await anext(found), int):
                self._rows = step
                yield self._progress()
            outgoing = Outgoing(step, limits)
            yield frame(ARROW, outgoing.begin())
            async for step in found:
                payload = await asyncio.to_thread(outgoing.add, step)
                self._rows, self._bytes = outgoing.rows, outgoing.bytes
                if payload:
                    yield frame(ARROW, payload) + self._progress()
                if outgoing.truncated:
                    break
        ended = frame(ARROW, outgoing.end())
        told = {"rows": outgoing.rows, "bytes": outgoing.bytes, "truncated": outgoing.truncated}
        yield ended + told_frame(DONE, told)

    def _progress(self) -> bytes:
        seconds = round(time.monotonic() - self._began, 3)
        told = {"rows": self._rows, "bytes": self._bytes, "seconds": seconds}
        return told_frame(PROGRESS, told)

    async def _check_notebook(self) -> None:
        if self.kernel is None:
            await check_named(self.contents_manager, self.request.headers.get(HEADER))
        else:
            await check_kernel(self.contents_manager, self.session_manager, self.kernel)


class ServicesHandler(GatewayHandler):
    """`porter/services`."""

    @web.authenticated
    async def get(self) -> None:
        """What notebooks may ask by name: no more than names and kinds."""
        told = [{"name": name, "kind": kind_of(one)} for name, one in self.bridge.services.items()]
        await self.finish({"services": told})


class CancelHandler(GatewayHandler):
    """`porter/queries/ID`."""

    @web.authenticated
    async def delete(self, query: str) -> None:
        """End one of one's own."""
        self.queries.cancel(query, self.owner)
        self.set_status(202)
        await self.finish({"id": query})


async def _after(frames: AsyncIterator[bytes]) -> bytes | None:
    return await anext(frames, None)


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [
        ("/porter/services", ServicesHandler, {}),
        ("/porter/queries/([A-Za-z0-9-]+)", CancelHandler, {}),
    ]
