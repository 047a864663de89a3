"""What a runtime asks for: its own files, lock files, environments, and piplite's index.

| below `/r/PLATFORM/` | kept by clients |
|---|---|
| `pyodide-lock.json`, `runtime/pyodide-lock.json`, `left-out.json`, `all.json` | asked again each time, a 304 while nothing changed |
| `runtime/FILE` | ten minutes: it changes with the release that the platform names |
| `runtime/SHA256/FILE`, `environments/ID/pyodide-lock.json` | for ever: the address tells the content |
"""

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from anyio.to_thread import run_sync
from packaging.utils import canonicalize_name
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from index_server.errors import NotHere
from index_server.holdings import Holdings
from index_server.model import File
from index_server.people.access import Permission, principal_of, require
from index_server.public.upstream import Upstream
from index_server.runtimes.borrowing import Borrowing
from index_server.runtimes.environments import list_environments, read_environment
from index_server.runtimes.fetching import Runtimes
from index_server.runtimes.lockfile import render_lock
from index_server.runtimes.locks import Borrowed, Locks, Resolved, split_requirements
from index_server.runtimes.packing import WORTH_IT, find_packed
from index_server.runtimes.piplite import serialize_all
from index_server.runtimes.shelf import LOCK
from index_server.views import visible
from index_server.web.address import base_of
from index_server.web.answers import API_CACHE, FILE_CACHE, Answer, Kept, answer_body, matches
from index_server.web.negotiate import choose_among, choose_encoding
from index_server.web.outside import ROUTE
from index_server.web.serialize import file_url
from porter.platform import Platform

FRESH = "no-cache"
LEFT_OUT = "porter-left-out"
NAMES_TOLD = 20
ANSWERS = 32 << 20
ISOLATED = (b"cross-origin-resource-policy", b"cross-origin")


def routes(index: Holdings) -> list[BaseRoute]:
    """`/r/PLATFORM/…` but for the Simple API. Begins to fetch the runtimes."""
    runtimes = Runtimes(index)
    serving = RuntimeRoutes(index, runtimes, Upstream(index))
    runtimes.start()
    return [
        Route("/r/{platform}/pyodide-lock.json", serving.lock),
        Route("/r/{platform}/left-out.json", serving.left_out),
        Route("/r/{platform}/all.json", serving.all_json),
        Route(f"/r/{{platform}}/runtime/{LOCK}", serving.lock),
        Route("/r/{platform}/runtime/{name}", serving.runtime_file),
        Route("/r/{platform}/runtime/{sha256}/{name}", serving.runtime_file),
        Route("/r/{platform}/environments/", serving.environments),
        Route("/r/{platform}/environments/{id}/pyodide-lock.json", serving.environment),
    ]


class RuntimeRoutes:
    """The endpoints; what takes time runs in threads."""

    def __init__(self, index: Holdings, runtimes: Runtimes, upstream: Upstream) -> None:
        self._index = index
        self._runtimes = runtimes
        self._upstream = upstream
        self._locks = Locks(index, runtimes)
        self._borrowing = Borrowing(index, upstream, self._locks)
        self._kept = Kept(ANSWERS)

    async def lock(self, request: Request) -> Response:
        """The lock file, of everything or of `?requirements=`; `?files=relative` for Node."""
        platform = self._platform(request)
        requirements = split_requirements(request.query_params.getlist("requirements"))
        readable = self._readable(request)
        borrowed = await self._borrowing.borrow(platform, requirements, readable)
        return await run_sync(self._lock, request, platform, requirements, readable, borrowed)

    def _lock(
        self,
        request: Request,
        platform: Platform,
        requirements: tuple[str, ...],
        readable: tuple[str, ...],
        borrowed: Borrowed,
    ) -> Response:
        resolved = self._locks.resolve(platform, requirements, readable, borrowed)
        base, relative = base_of(request.scope), _is_relative(request)

        def render() -> bytes:
            return render_lock(resolved.info, resolved.packages, base=base, relative=relative)

        key = ("lock", platform.name, requirements, readable, resolved.stamp, base, relative)
        answer = self._answer(request, key, render)
        return _send(answer, request, headers=_tell_left_out(resolved))

    async def left_out(self, request: Request) -> Response:
        """Which projects are not in the lock file of everything, and why."""
        platform = self._platform(request)
        borrowed = await self._borrowing.borrow(platform, ())
        resolved = await run_sync(self._locks.resolve, platform, (), (), borrowed)
        document = {"platform": platform.name, "left_out": dict(resolved.left_out)}
        key = ("left-out", platform.name, resolved.stamp)
        return _send(self._answer(request, key, lambda: json.dumps(document).encode()), request)

    def all_json(self, request: Request) -> Response:
        """piplite's index of every wheel that the platform can install."""
        platform = self._platform(request)
        snapshot, base = self._index.snapshot, base_of(request.scope)
        key = ("all", platform.name, snapshot.serial, base)

        def render() -> bytes:
            projects = sorted(snapshot.projects.values(), key=lambda project: project.name)
            listed = ((project, visible(project, platform=platform)) for project in projects)
            return serialize_all(listed, base)

        return _send(self._answer(request, key, render), request)

    def environments(self, request: Request) -> Response:
        """The environments of a platform."""
        platform = self._platform(request)
        base = base_of(request.scope)
        found = [
            environment.summary(base) for environment in list_environments(self._index, platform)
        ]
        body = json.dumps({"environments": found}).encode()
        return _send(answer_body(body, "application/json", cache=FRESH), request)

    def environment(self, request: Request) -> Response:
        """The lock file of an environment."""
        platform = self._platform(request)
        environment = read_environment(self._index, request.path_params["id"], platform)
        base, relative = base_of(request.scope), _is_relative(request)

        def render() -> bytes:
            return render_lock(environment.info, environment.packages, base=base, relative=relative)

        key = ("environment", environment.id, base, relative)
        return _send(self._answer(request, key, render, cache=FILE_CACHE), request)

    def runtime_file(self, request: Request) -> Response:
        """A file of the runtime, compressed ahead of time; else a wheel of the index, by name."""
        request.scope[ROUTE] = "runtime"
        platform = self._platform(request)
        name, sha256 = request.path_params["name"], request.path_params.get("sha256", "")
        # A name is looked up among those that are there: none leads out of a folder.
        file = self._runtimes.shelf(platform).files.get(name)
        if file is None or (sha256 and sha256 != file.sha256):
            wheel = None if sha256 else self._wheel(name, self._readable(request))
            if wheel is None:
                raise NotHere(f"the runtime of Pyodide {platform.pyodide} has no file {name} here")
            headers = {"cache-control": API_CACHE}
            return RedirectResponse(file_url(wheel, base_of(request.scope)), 307, headers)
        packed = find_packed(self._index.home, file.sha256)
        encoding = choose_among(request.headers.get("accept-encoding", ""), packed)
        etag = f'"{file.sha256[:32]}-{encoding.value}"'
        headers = {
            "etag": etag,
            "cache-control": FILE_CACHE if sha256 else API_CACHE,
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "cross-origin",
        }
        if file.path.suffix in WORTH_IT:
            headers["vary"] = "Accept-Encoding"
        if _is_known(request, etag):
            return Response(status_code=304, headers=headers)
        if encoding in packed:
            headers["content-encoding"] = encoding.value
        path = packed.get(encoding, file.path)
        return FileResponse(path, headers=headers, media_type=file.content_type)

    def _platform(self, request: Request) -> Platform:
        request.scope.setdefault(ROUTE, "lock")
        name = request.path_params["platform"]
        platform = self._index.platforms.get(name)
        if platform is None:
            known = ", ".join(self._index.platforms)
            raise NotHere(f"no platform {name} is served here", advice=f"there are {known}")
        return platform

    def _readable(self, request: Request) -> tuple[str, ...]:
        """Patterns of the projects that who asks may read, none for all."""
        if self._index.settings.open_reading:
            return ()
        # One that is limited to some projects may read those: a pattern stands for itself.
        project = next(iter(principal_of(request.scope).projects), "")
        return require(request.scope, Permission.READ, project).projects

    def _wheel(self, name: str, readable: tuple[str, ...]) -> File | None:
        """Where Node looks for what a lock file with relative names lists."""
        asked = canonicalize_name(name.partition("-")[0])
        project = self._index.snapshot.projects.get(asked) or self._upstream.known(asked)
        if project is None:
            return None
        if readable and not any(fnmatchcase(project.name, pattern) for pattern in readable):
            return None
        for file in project.files:
            if file.filename == name and not file.quarantine:
                return file
        return None

    def _answer(
        self,
        request: Request,
        key: tuple[object, ...],
        render: Callable[[], bytes],
        cache: str = FRESH,
    ) -> Answer:
        encoding = choose_encoding(request.headers.get("accept-encoding", ""))
        answer = self._kept.get((*key, encoding))
        if answer is None:
            answer = answer_body(
                render(),
                "application/json",
                cache=cache,
                encoding=encoding,
                vary="Accept-Encoding",
                route="lock",
            )
            self._kept.keep((*key, encoding), answer)
        return answer


def _send(answer: Answer, request: Request, headers: Mapping[str, str] | None = None) -> Response:
    """The answer, or the 304 that the client has it already."""
    if _is_known(request, answer.etag.decode()):
        answer = answer.not_modified()
    response = Response(answer.body, answer.status, headers)
    raw = [*answer.headers, ISOLATED]
    told = {name for name, _ in raw}
    response.raw_headers = [*raw, *(pair for pair in response.raw_headers if pair[0] not in told)]
    return response


def _is_known(request: Request, etag: str) -> bool:
    asked = request.headers.get("if-none-match")
    return asked is not None and matches(asked.encode("latin-1"), etag.encode())


def _is_relative(request: Request) -> bool:
    return request.query_params.get("files") == "relative"


def _tell_left_out(resolved: Resolved) -> dict[str, str]:
    """The names of what was left out, the first few; `left-out.json` has all of them and why."""
    if not resolved.left_out:
        return {}
    names = list(resolved.left_out)
    more = [f"and {len(names) - NAMES_TOLD} more"] if len(names) > NAMES_TOLD else []
    return {LEFT_OUT: ", ".join([*names[:NAMES_TOLD], *more])}
