"""Projects of the public index through this one, failing closed.

What may come from there is `index_server.public.policy`'s to say. What upstream said before is given while
it is away; what it never said while it is away is an error, not an absence: told that a project is
not here, a client would look for it elsewhere.
"""

import asyncio
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog
from anyio.to_thread import run_sync
from packaging.utils import canonicalize_name
from sqlalchemy import Engine, select
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from index_server.errors import IndexServerError, NotHere, StorageAway, UpstreamFailed
from index_server.holdings import Holdings
from index_server.model import File, ProjectDetail
from index_server.public.kept import Cache, KeptPage
from index_server.public.origin import Origin, Patience, open_origin
from index_server.public.policy import normalise, parse_policy
from index_server.public.promises import Page, Promise
from index_server.records.engine import reading
from index_server.records.schema import projects
from index_server.web.answers import FILE_CACHE, matches

PATH = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})/([A-Za-z0-9][A-Za-z0-9._+!-]*)")
METADATA = ".metadata"
ABSENT = 10_000
# Another machine may have told of a file that upstream has since our last answer.
NEWER = 5.0

log = structlog.get_logger("index_server")


class Upstream:
    """The public index as far as this one lets it through.

    `patience` says how long it is waited for; `env` is where pip's configuration is looked for.
    """

    def __init__(
        self,
        index: Holdings,
        *,
        patience: Patience | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        self._index = index
        self._patience = patience or Patience()
        self._env = env
        self._policy = parse_policy(index.settings)
        self._cache = Cache(folder=index.settings.folder / "upstream")
        self._opened: Origin | None = None
        self._opening = asyncio.Lock()
        self._flights: dict[str, asyncio.Task[Any]] = {}
        self._absent: OrderedDict[str, float] = OrderedDict()
        self._paused: dict[str, float] = {}

    async def project(self, name: str) -> ProjectDetail | None:
        """A project of upstream with all its wheels and sdists; None where it may not come from it.

        One that upstream has quarantined has no files (PEP 792). Raises NotHere where upstream has
        no such project, UpstreamFailed, DatabaseAway.
        """
        normal = await run_sync(self._admitted, name)
        if normal is None:
            return None
        page = await self._page(normal, self._index.settings.upstream.fresh)
        return page.detail(await run_sync(self._cache.learned, normal))

    def known(self, name: str) -> ProjectDetail | None:
        """What is kept of a project, however old: nothing is asked of upstream.

        None where it may not come from upstream, or nothing is kept. Raises DatabaseAway.
        """
        normal = self._admitted(name)
        kept = self._cache.page(normal) if normal is not None else None
        return kept.page.detail(self._cache.learned(kept.page.name)) if kept else None

    async def find(self, filename: str, sha256: str) -> Promise:
        """The promise of a file; raises NotHere where upstream makes none, UpstreamFailed.

        What upstream no longer lists is no longer served.
        """
        normal = await run_sync(self._admitted, _project_of(filename))
        fresh = float(self._index.settings.upstream.fresh)
        for age in (fresh, min(fresh, NEWER)):
            if normal is not None:
                promise = (await self._page(normal, age)).find(filename, sha256)
                if promise is not None:
                    return promise
        raise NotHere(f"upstream never told of a file {filename} of that hash")

    async def file(self, promise: Promise) -> Path:
        """A file's bytes, fetched the first time; raises UpstreamFailed, StorageFull."""
        target = self._cache.file(promise.file)
        if not await run_sync(target.is_file):
            await self._once(promise.file.key, lambda: self._fetch(promise, target))
        return target

    async def metadata(self, promise: Promise) -> bytes:
        """A wheel's METADATA; raises NotHere where none is listed, UpstreamFailed."""
        file = promise.file
        learned = await run_sync(self._cache.learned, file.project)
        digest = learned.get(file.sha256, file.metadata_sha256)
        if not digest:
            raise NotHere(f"{file.filename} has no metadata file")
        body = await run_sync(self._cache.metadata, file, digest)
        if body is None:
            body = await self._once(
                f"{file.key}{METADATA}", lambda: self._fetch_metadata(promise, digest)
            )
        return body

    async def close(self) -> None:
        """Stop what is under way, and close the connections."""
        for task in list(self._flights.values()):
            task.cancel()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)
        if self._opened is not None:
            await self._opened.client.aclose()
            self._opened = None

    def _admitted(self, name: str) -> str | None:
        """The normalised name of what may come from upstream.

        The database is asked itself: the snapshot of a server that cannot reach it is old, and
        what became private meanwhile is not in it.
        """
        if not self._policy.admits(name, self._index.snapshot.projects):
            return None
        normal = normalise(name)
        return None if normal is None or _is_known(self._index.engine, normal) else normal

    async def _page(self, name: str, fresh: float) -> Page:
        """A page that was confirmed within so many seconds, or an older one while upstream is away."""
        kept = await run_sync(self._cache.page, name)
        now = time.monotonic()
        if kept is not None and (kept.age < fresh or now < self._paused.get(name, 0.0)):
            return kept.page
        if now < self._absent.get(name, 0.0):
            raise NotHere(f"neither this index nor upstream has a project {name}")
        asking = self._once(name, lambda: self._ask(name, kept))
        if kept is None:
            return await asking
        try:
            return await asyncio.wait_for(asking, self._patience.stale)
        except NotHere:
            raise
        except (IndexServerError, TimeoutError) as error:
            cause = getattr(error, "message", "it takes long")
            log.warning("upstream stale", project=name, age=round(kept.age), cause=cause)
            return kept.page

    async def _ask(self, name: str, kept: KeptPage | None) -> Page:
        try:
            origin = await self._origin()
            page = await origin.page(name, kept.page if kept else None)
            if kept is not None and page is kept.page:
                await run_sync(self._cache.confirm_page, name)
            else:
                await run_sync(self._cache.keep_page, page)
        except NotHere:
            await run_sync(self._cache.forget_page, name)
            self._absent[name] = time.monotonic() + self._index.settings.upstream.fresh
            while len(self._absent) > ABSENT:
                self._absent.popitem(last=False)
            raise
        except UpstreamFailed:
            if kept is not None:
                self._paused[name] = time.monotonic() + self._patience.pause
            raise
        except OSError as error:
            raise StorageAway(f"upstream's answer cannot be kept: {error.strerror}") from error
        self._paused.pop(name, None)
        return page

    async def _fetch(self, promise: Promise, target: Path) -> None:
        origin = await self._origin()
        partial, largest = self._cache.partial, self._index.settings.largest
        await origin.file(promise, target, partial=partial, largest=largest)
        file = promise.file
        if file.is_wheel and not file.metadata_sha256:
            await run_sync(self._cache.learn, file)

    async def _fetch_metadata(self, promise: Promise, digest: str) -> bytes:
        origin, file = await self._origin(), promise.file
        body = await origin.metadata(promise) if digest == file.metadata_sha256 else None
        if body is not None:
            await run_sync(self._cache.keep_metadata, file, body)
            return body
        # The wheel itself knows. Where it says something else, that is listed from now on.
        await self.file(promise)
        found = await run_sync(self._cache.learn, file)
        kept = await run_sync(self._cache.metadata, file, digest)
        if kept is None:
            raise UpstreamFailed(
                f"{file.filename}: upstream promised METADATA of the sha256 {digest}, "
                f"the wheel's has {found or 'none'}",
                advice="look the project up again",
            )
        return kept

    async def _origin(self) -> Origin:
        async with self._opening:
            if self._opened is None:
                await run_sync(self._cache.tidy)
                wanted = self._index.settings.upstream.index
                self._opened = await run_sync(open_origin, wanted, self._env, self._patience)
            return self._opened

    async def _once[T](self, key: str, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do it once for all who wait for it; it goes on when they go away."""
        task = self._flights.get(key)
        if task is None:
            task = self._flights[key] = asyncio.create_task(make())
            task.add_done_callback(lambda done: self._landed(key, done))
        result: T = await asyncio.shield(task)
        return result

    def _landed(self, key: str, task: asyncio.Task[Any]) -> None:
        self._flights.pop(key, None)
        if not task.cancelled():
            # Nobody may be left who would look at it.
            task.exception()


def _is_known(engine: Engine, name: str) -> bool:
    """Whether a normalised name is or ever was a project's here."""
    with reading(engine) as connection:
        query = select(projects.c.name).where(projects.c.name == name)
        return connection.scalar(query) is not None


def _project_of(filename: str) -> str:
    """The project of a file's name; of an sdist's, the version is what follows the last hyphen."""
    name = filename.partition("-") if filename.endswith(".whl") else filename.rpartition("-")
    return canonicalize_name(name[0])


def routes(upstream: Upstream) -> list[BaseRoute]:
    """`/upstream/…`: files whose hash upstream promised, and no others."""

    async def answer_file(request: Request) -> Response:
        match = PATH.fullmatch(request.path_params["key"])
        if match is None:
            raise NotHere("there is no file of this name")
        filename = match[3].removesuffix(METADATA)
        promise = await upstream.find(filename, match[1] + match[2])
        if match[3].endswith(METADATA):
            return _metadata_response(await upstream.metadata(promise))
        return _file_response(promise.file, await upstream.file(promise), request)

    return [Route("/upstream/{key:path}", answer_file, methods=["GET"])]


def _metadata_response(body: bytes) -> Response:
    # It may be learned better: not for ever, unlike the file.
    return Response(body, media_type="text/plain", headers={"cache-control": "max-age=600"})


def _file_response(file: File, path: Path, request: Request) -> Response:
    headers = {"etag": f'"{file.sha256}"', "cache-control": FILE_CACHE}
    asked = request.headers.get("if-none-match", "")
    if asked and matches(asked.encode(), headers["etag"].encode()):
        return Response(status_code=304, headers=headers)
    headers |= {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "cross-origin"}
    kind = "application/zip" if file.is_wheel else "application/gzip"
    return FileResponse(path, media_type=kind, headers=headers)
