"""`porter/pyodide-lock.json` and the files that it lists: all that a browser kernel loads at start.

The lock file is the index's, with the kernel's own wheels in it, so that `loadPyodide` has the whole
kernel at once. A page loads it with `lockFileURL`; addresses in it are relative to its own.
"""

import asyncio
import gzip
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from tornado import web

from kernel_bridge.compiled import Compiled, Shelf
from kernel_bridge.errors import BridgeError, NotThere, ServiceAway
from kernel_bridge.runtime import KernelFiles, fetch_kernel_files, merge_lock
from kernel_bridge.settings import BridgeSettings
from kernel_bridge.web.handler import BridgeHandler, Route
from kernel_bridge.web.wheels import Wheels
from porter.commands.options import Machine
from porter.errors import PorterError
from porter.platform import read_platform
from porter.pypi import certificates

# Seconds that the index may take: it may have to resolve anew.
PATIENCE = 60.0
# Its lock file is some hundred kilobytes.
LARGEST = 64 << 20
FOR_EVER = "private, max-age=31536000, immutable"


class KernelRuntime:
    """The kernel's files, made ready once; and the merged lock file, kept while nothing changed."""

    def __init__(self, settings: BridgeSettings) -> None:
        self._settings = settings
        self._files: asyncio.Task[KernelFiles] | None = None
        self._client: httpx.AsyncClient | None = None
        self._asked: httpx.Response | None = None
        self._merged: tuple[tuple[httpx.Response, int] | None, bytes] = (None, b"")
        shelf = Shelf(home=Machine.here().home, platform=read_platform(settings.platform))
        self.wheels = Wheels(shelf)

    async def files(self) -> KernelFiles:
        """The files; fetched the first time, and tried again after a failure."""
        if self._files is None or (self._files.done() and _failed(self._files)):
            self._files = asyncio.create_task(asyncio.to_thread(self._fetch))
        try:
            return await asyncio.shield(self._files)
        except PorterError as error:
            raise ServiceAway(
                f"the browser kernel cannot be fetched: {error.message}", advice=error.advice
            ) from error

    async def lock(self) -> bytes:
        """The merged lock file; raises ServiceAway, or NotThere without an index."""
        lock = await self.index_lock()
        files = await self.files()
        state = (lock, self.wheels.version)
        if self._merged[0] != state:
            placed = self.wheels.place(_parse_lock(lock))
            self._merged = (state, merge_lock(placed, files))
        return self._merged[1]

    async def wheel(self, source: str) -> str | None:
        """The index's address of a wheel by its sha256, which is compiled meanwhile."""
        client = await self._asking()
        address = self.wheels.ask(source, client)
        if address is None:
            # A server that was started anew has no lock file yet.
            await self.lock()
            address = self.wheels.ask(source, client)
        return address

    async def compiled(self, digest: str) -> Compiled | None:
        """A compiled wheel by its own sha256; raises as `lock` does."""
        found = self.wheels.find(digest)
        if found is None:
            # A server that was started anew has no lock file yet.
            await self.lock()
            found = self.wheels.find(digest)
        return found

    async def index_lock(self) -> httpx.Response:
        """The index's own lock file, the same object while it is the same; raises as `lock` does."""
        if self._settings.runtime_base is None:
            raise NotThere(
                "there is no index to run a browser kernel from", advice="set c.PorterBridge.index"
            )
        self._asked = await self._ask(self._asked)
        return self._asked

    def _fetch(self) -> KernelFiles:
        return fetch_kernel_files(read_platform(self._settings.platform), Machine.here())

    async def _ask(self, before: httpx.Response | None) -> httpx.Response:
        """The index's lock file; the one before where it is the same."""
        client = await self._asking()
        etag = before.headers.get("ETag", "") if before is not None else ""
        asking = {"If-None-Match": etag} if etag else {}
        try:
            answer = await client.get(
                f"{self._settings.runtime_base}/pyodide-lock.json", headers=asking
            )
        except httpx.HTTPError as error:
            raise ServiceAway(
                f"the index {self._settings.index} does not answer ({type(error).__name__})",
                advice="is it running, and c.PorterBridge.index its address?",
            ) from error
        if before is not None and answer.status_code == httpx.codes.NOT_MODIFIED:
            return before
        if answer.status_code != httpx.codes.OK:
            raise ServiceAway(
                f"the index {self._settings.index} has no lock file for {self._settings.platform}: "
                f"it answers {answer.status_code}",
                advice=_advice(answer),
            )
        return answer

    async def _asking(self) -> httpx.AsyncClient:
        if self._client is None:
            verify = await asyncio.to_thread(certificates, Machine.here().env)
            self._client = httpx.AsyncClient(verify=verify or True, timeout=PATIENCE)
        return self._client


def _failed(task: asyncio.Task[KernelFiles]) -> bool:
    return task.cancelled() or task.exception() is not None


def _parse_lock(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        lock = json.loads(answer.content) if len(answer.content) <= LARGEST else None
    except ValueError:
        lock = None
    if not isinstance(lock, dict) or not isinstance(lock.get("packages"), dict):
        raise ServiceAway(
            "what the index sends is no lock file", advice="is c.PorterBridge.index its address?"
        )
    return lock


def _advice(answer: httpx.Response) -> str:
    """What an index that refuses says to do."""
    if answer.status_code in (401, 403):
        return "set c.PorterBridge.index_token to a path token that may read it"
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("advice", "")) if isinstance(told, dict) else ""


class RuntimeHandler(BridgeHandler):
    """What the handlers here share."""

    @property
    def runtime(self) -> KernelRuntime:
        """The server's own."""
        held: KernelRuntime = self.settings["porter_runtime"]
        return held

    async def send_revalidated(self, content: bytes, kind: str) -> None:
        """The content, or 304 where who asks has it."""
        self.set_header("ETag", f'"{sha256(content).hexdigest()}"')
        self.set_header("Cache-Control", "private, no-cache")
        if self.check_etag_header():
            self.set_status(304)
            await self.finish()
            return
        await self.finish(content, set_content_type=kind)


class LockHandler(RuntimeHandler):
    """The merged lock file."""

    @web.authenticated
    async def get(self) -> None:
        """The lock file; 304 where who asks has it."""
        await self.send_revalidated(await self.runtime.lock(), "application/json")


class StdlibHandler(RuntimeHandler):
    """The runtime's standard library with its bytecode, for `loadPyodide({stdLibURL})`."""

    @web.authenticated
    async def get(self) -> None:
        """The archive; 304 where who asks has it."""
        files = await self.runtime.files()
        content = await asyncio.to_thread(files.stdlib.read_bytes)
        await self.send_revalidated(content, "application/zip")


class FileHandler(RuntimeHandler):
    """A wheel by its hash."""

    @web.authenticated
    async def get(self, digest: str, name: str) -> None:
        """The wheel, to be kept for ever; raises NotThere."""
        found = (await self.runtime.files()).find(digest, name)
        if found is None:
            compiled = await self.runtime.compiled(digest)
            if compiled is None:
                raise NotThere(
                    f"there is no file {name} of that hash",
                    advice="load the page again: Porter is new",
                )
            await self._send_compiled(await read(compiled.path))
            return
        self.set_header("Cache-Control", FOR_EVER)
        await self.finish(await read(found), set_content_type="application/zip")

    async def _send_compiled(self, packed: bytes) -> None:
        self.set_header("Cache-Control", FOR_EVER)
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
        else:
            packed = await asyncio.to_thread(gzip.decompress, packed)
        await self.finish(packed, set_content_type="application/zip")


class WheelHandler(RuntimeHandler):
    """A wheel of the index's that is not compiled yet."""

    @web.authenticated
    async def get(self, source: str) -> None:
        """Send who asks to the index; raises NotThere."""
        address = await self.runtime.wheel(source)
        if address is None:
            raise NotThere("there is no wheel of that hash", advice="load the page again")
        self.set_header("Cache-Control", "no-store")
        self.redirect(address, status=307)


async def read(path: Path) -> bytes:
    """A file's bytes; raises NotThere where it was removed."""
    try:
        return await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise NotThere(
            f"{path.name} is not in the cache any more", advice="start the server again"
        ) from error


def set_up(server: Any) -> None:
    """Have the kernel's files ready before the first page asks."""
    web_settings = server.web_app.settings
    settings: BridgeSettings = web_settings["porter"]
    web_settings["porter_runtime"] = runtime = KernelRuntime(settings)
    if settings.index is not None:
        server.io_loop.add_callback(_prepare, runtime, server.log)


async def _prepare(runtime: KernelRuntime, log: Any) -> None:
    try:
        await runtime.files()
    except BridgeError as error:
        log.warning("%s; %s", error.message, error.advice)


async def tear_down(server: Any) -> None:
    """Compile no more."""
    await server.web_app.settings["porter_runtime"].wheels.close()


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [
        ("/porter/pyodide-lock.json", LockHandler, {}),
        ("/porter/runtime/python_stdlib.zip", StdlibHandler, {}),
        ("/porter/wheels/([0-9a-f]{64})/[^/]+", WheelHandler, {}),
        ("/porter/files/([0-9a-f]{64})/([^/]+)", FileHandler, {}),
    ]
