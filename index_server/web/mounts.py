"""Applications of other packages that answer at addresses of the index, and read what it has.

An entry point of the group `porter.index.mounts` leads to a function. Called with `home` and
`platforms`, it returns ASGI applications by their paths (`/api/decisions`). They change nothing: who
may read may ask them, and what they read of the index they read as whoever asks.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index_server.errors import IndexServerError, NotHere
from index_server.holdings import Holdings
from index_server.people.access import Permission, principal_of, require
from index_server.web.address import BASE, PREFIX
from index_server.web.outside import HEADERS, ROUTE
from porter.errors import PorterError

GROUP = "porter.index.mounts"
READING = "porter.reading"
# What answers to an application's own questions call the index; no such host is ever asked.
INSIDE = "index.invalid"
CREDENTIALS = (b"authorization", b"cookie")

type Got = tuple[int, dict[str, str], bytes]

log = structlog.get_logger("index_server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one request may read: its scope has it as `porter.reading`.

    `who` is the same for those whom the index tells the same; `serial` rises with each change;
    `base` is the index's address as the client sees it, without a token. `ask` answers a GET of a
    path, with headers, as it would answer this client: status, headers and a body of at most so
    many bytes. Addresses in answers are below `inside`. It raises ValueError for a larger body.
    """

    who: str
    serial: int
    base: str
    inside: str
    ask: Callable[[str, Mapping[str, str], int], Awaitable[Got]]


class Mounts:
    """What is mounted. `index_app` answers what the applications ask of the index."""

    def __init__(self, index: Holdings, apps: Mapping[str, ASGIApp]) -> None:
        self._index = index
        self._apps = dict(apps)
        self.index_app: ASGIApp = _nothing

    @property
    def paths(self) -> frozenset[str]:
        """Addresses at which every method only reads."""
        return frozenset(self._apps)

    def routes(self) -> list[BaseRoute]:
        """One for each application: what of its path it answers is its own."""
        return [Route(path, self._guard(app)) for path, app in self._apps.items()]

    def _guard(self, app: ASGIApp) -> Callable[..., Any]:
        return _Guarded(app, self)

    def reading(self, scope: Scope) -> Reading:
        """What a request may read; raises NotAuthenticated, NotAllowed."""
        index = self._index
        who = "anybody"
        if not index.settings.open_reading:
            # One that is limited to some projects may read those: a pattern stands for itself.
            project = next(iter(principal_of(scope).projects), "")
            who = repr(require(scope, Permission.READ, project))

        async def ask(path: str, headers: Mapping[str, str], most: int) -> Got:
            return await _ask(self.index_app, _inner(scope, path, headers), most)

        return Reading(
            who=who,
            serial=index.snapshot.serial,
            base=scope[BASE],
            inside=_inside(scope),
            ask=ask,
        )


class _Guarded:
    """An application behind the question who may read."""

    def __init__(self, app: ASGIApp, mounts: Mounts) -> None:
        self._app = app
        self._mounts = mounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = "api"
        scope[READING] = self._mounts.reading(scope)
        await self._app(scope, receive, send)


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise NotHere("the index is not there yet")


def load_mounts(index: Holdings) -> Mounts:
    """What the packages that are installed have; one whose requirements are not is left out."""
    apps: dict[str, ASGIApp] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            mount = entry.load()
            apps |= mount(home=index.home, platforms=index.platforms)
        except ImportError as error:
            log.info("not mounted", name=entry.name, missing=error.name)
    return Mounts(index, apps)


def _inside(scope: Scope) -> str:
    """The index's address inside; the client's scheme, by which session cookies are named."""
    return f"{scope[BASE].partition('://')[0]}://{INSIDE}"


def _inner(scope: Scope, path: str, headers: Mapping[str, str]) -> Scope:
    """The scope of a GET with the credentials of another request."""
    given = {name: scope[HEADERS][name] for name in CREDENTIALS if name in scope[HEADERS]}
    given |= {name.lower().encode(): value.encode("latin-1") for name, value in headers.items()}
    given[b"host"] = INSIDE.encode()
    prefix: str = scope.get(PREFIX, "")
    plain, _, query = path.removeprefix(prefix).partition("?")
    raw = f"{prefix}{plain}".encode()
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": scope["scheme"],
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": query.encode(),
        "root_path": "",
        "headers": list(given.items()),
        "client": scope.get("client"),
        "server": (INSIDE, 80),
        HEADERS: given,
        BASE: _inside(scope),
    }


async def _ask(app: ASGIApp, scope: Scope, most: int) -> Got:
    status, told, body = 500, dict[str, str](), bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, told
        if message["type"] == "http.response.start":
            status = message["status"]
            told = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in message["headers"]}
        else:
            body.extend(message.get("body", b""))
            if len(body) > most:
                raise ValueError(f"the answer has more than {most} bytes")

    try:
        await app(scope, receive, send)
    except IndexServerError as error:
        return error.status, {}, error.message.encode()
    except PorterError as error:
        return 503, {}, error.message.encode()
    return status, told, bytes(body)
