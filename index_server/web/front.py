"""The layer that answers the Simple API and files, before any routing."""

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Receive, Scope, Send

from index_server.errors import DatabaseAway, NotHere
from index_server.holdings import Holdings
from index_server.public.upstream import Upstream
from index_server.web.address import base_of
from index_server.web.answers import Answer, Kept, matches
from index_server.web.outside import HEADERS, ROUTE, send_answer
from index_server.web.ranges import parse_range
from index_server.web.simple import (
    FILE,
    SIMPLE,
    answer_file,
    answer_list,
    answer_project,
    canonical_path,
    parse_view,
)

# A snapshot is looked at four times a second; what one of so many seconds lacks may be there.
OLD = 5.0
PATHSEND = "http.response.pathsend"


class Front:
    """Answers what it knows, and hands the rest on to `app`."""

    def __init__(self, app: ASGIApp, index: Holdings, upstream: Upstream) -> None:
        self._app = app
        self._index = index
        self._upstream = upstream
        self._kept = Kept()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        headers = scope[HEADERS]
        key = (
            scope["path"],
            headers.get(b"accept"),
            headers.get(b"accept-encoding"),
            base_of(scope),
        )
        answer = self._kept.get(key)
        if answer is None or not self._is_new(answer):
            answer = await self._make(scope)
            if answer is None:
                await self._app(scope, receive, send)
                return
            if answer.status == 200 and (answer.project or answer.serial >= 0):
                self._kept.keep(key, answer)
        scope[ROUTE] = answer.route
        await self._send(answer, scope, send)

    def _is_new(self, answer: Answer) -> bool:
        """Whether what an answer was made from is what is there now."""
        snapshot = self._index.snapshot
        if not answer.project:
            return answer.serial == snapshot.serial
        project = snapshot.projects.get(answer.project)
        return project is not None and project.serial == answer.serial

    async def _make(self, scope: Scope) -> Answer | None:
        path = scope["path"]
        if (match := FILE.fullmatch(path)) is not None:
            scope[ROUTE] = "file"
            return await run_sync(answer_file, self._index, match)
        if "/simple" not in path or (match := SIMPLE.fullmatch(path)) is None:
            return None
        scope[ROUTE] = "simple"
        index, base = self._index, base_of(scope)
        view = parse_view(match, index)
        if (elsewhere := canonical_path(match, view)) is not None:
            return redirect(f"{base}{elsewhere}")
        asked = {
            name: scope[HEADERS].get(name.encode(), b"").decode("latin-1")
            for name in ("accept", "accept-encoding")
        }
        if not match["project"]:
            return await run_sync(answer_list, index, view, base, asked)
        name = match["project"]
        project = index.snapshot.projects.get(name)
        if project is not None:
            return answer_project(project, view, base, asked)
        found = await self._upstream.project(name)
        if found is None:
            if index.age > OLD:
                # Another server may have taken it in since: an absence would send clients elsewhere.
                raise DatabaseAway("the database does not answer", advice="see that it runs")
            raise NotHere(f"this index has no project {name}")
        # Not kept: what upstream has changes without our serial.
        fresh = await run_sync(answer_project, found, view, base, asked)
        return answer_unkept(fresh)

    async def _send(self, answer: Answer, scope: Scope, send: Send) -> None:
        headers = scope[HEADERS]
        asked = headers.get(b"if-none-match")
        head = scope["method"] == "HEAD"
        if asked is not None and answer.status == 200 and matches(asked, answer.etag):
            await send_answer(answer.not_modified(), send)
        elif answer.route == "file" and answer.status == 200:
            await self._send_file(answer, scope, send, head=head)
        else:
            await send_answer(answer, send, head=head)

    async def _send_file(self, answer: Answer, scope: Scope, send: Send, *, head: bool) -> None:
        headers = dict(answer.headers)
        size, status, start = int(headers[b"content-length"]), 200, 0
        end = size
        asked, unless = (scope[HEADERS].get(name) for name in (b"range", b"if-range"))
        if asked is not None and unless in (None, answer.etag):
            try:
                part = parse_range(asked.decode("latin-1"), size)
            except ValueError:
                await send_answer(_unsatisfiable(size), send)
                return
            if part is not None:
                status, (start, end) = 206, part
                headers[b"content-range"] = f"bytes {start}-{end - 1}/{size}".encode()
                headers[b"content-length"] = str(end - start).encode()
        begin = {"type": "http.response.start", "status": status, "headers": list(headers.items())}
        await send(begin)
        if head:
            await send({"type": "http.response.body"})
        elif answer.body:
            await send({"type": "http.response.body", "body": answer.body[start:end]})
        elif answer.path is not None and status == 200 and PATHSEND in scope.get("extensions", {}):
            await send({"type": PATHSEND, "path": str(answer.path)})
        else:
            key = scope["path"].removeprefix("/files/")
            async for chunk in self._index.store.stream(key, start, end):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})


def redirect(url: str) -> Answer:
    """A 301 (PEP 503: a name that is not normalised)."""
    headers = ((b"location", url.encode()), (b"cache-control", b"max-age=600"))
    return Answer(status=301, headers=(*headers, (b"content-length", b"0")))


def answer_unkept(answer: Answer) -> Answer:
    """The same answer, that is made anew each time."""
    return Answer(
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        etag=answer.etag,
        route="upstream",
    )


def _unsatisfiable(size: int) -> Answer:
    headers = ((b"content-range", f"bytes */{size}".encode()), (b"content-length", b"0"))
    return Answer(status=416, headers=headers, route="file")
