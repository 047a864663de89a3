"""The outermost layer: the address clients see, CORS on every status, errors as responses.

CORS headers belong on errors and redirects too: without them a browser shows its script a network
error, and micropip goes on to the next index.
"""

import json
import time
import traceback
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index_server.errors import IndexServerError
from index_server.pages.failure import failure_page, is_person
from index_server.people.access import principal_of
from index_server.settings import Settings
from index_server.web.address import BASE, find_base
from index_server.web.answers import Answer
from index_server.web.journal import note
from index_server.web.metrics import observe, route_of
from porter.errors import PorterError

HEADERS = "porter.headers"
ROUTE = "porter.route"
EXPOSED = b"etag, content-length, content-range, porter-left-out, x-pypi-last-serial, warning"
OPEN: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED),
)
PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
)
# For a preflight that names none: what micropip, pip in a browser and fetch() send.
ALLOWED = b"accept, authorization, content-type, if-none-match, range"

log = structlog.get_logger("index_server")


class Outside:
    """The ASGI application that all others are inside of; it counts and logs what was answered."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._origins = {origin.encode() for origin in settings.origins}
        # Without proxies an address depends on the scheme and the host alone.
        self._base = lru_cache(maxsize=256)(self._plain_base)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens inside, a response with its headers goes out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0
        headers = scope[HEADERS] = dict(scope["headers"])
        scope[BASE] = self._find_base(scope, headers)
        cors = self._cors(headers.get(b"origin", b""))

        async def send_outside(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *cors]
            await send(message)

        if scope["method"] == "OPTIONS":
            asked = headers.get(b"access-control-request-headers", ALLOWED)
            allowed = (b"access-control-allow-headers", asked)
            await send_answer(Answer(status=204, headers=(*PREFLIGHT, allowed)), send_outside)
            return
        try:
            await self._app(scope, receive, send_outside)
        except Exception as error:  # nothing goes further out than here
            if status:
                # It has begun: only cutting the connection tells the client that this is not all.
                raise
            await send_answer(error_answer(error, scope), send_outside)
        finally:
            seconds = time.perf_counter() - begun
            route = scope.get(ROUTE) or route_of(scope["path"])
            observe(route, scope["method"], status, seconds)
            who = principal_of(scope).name
            note(scope, route=route, status=status, seconds=seconds, principal=who)

    def _find_base(self, scope: Scope, headers: MutableMapping[bytes, bytes]) -> str:
        if self._settings.proxies:
            decoded = {n.decode("latin-1"): v.decode("latin-1") for n, v in headers.items()}
            return find_base(self._settings, decoded, scope)
        return self._base(scope["scheme"], headers.get(b"host", b""), scope.get("server"))

    def _plain_base(self, scheme: str, host: bytes, server: Any) -> str:
        scope = {"scheme": scheme, "server": server}
        return find_base(self._settings, {"host": host.decode("latin-1")}, scope)

    def _cors(self, origin: bytes) -> tuple[tuple[bytes, bytes], ...]:
        if origin not in self._origins:
            return OPEN
        # With credentials a browser takes an exact origin only (Fetch, "CORS protocol").
        return (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", EXPOSED),
            (b"vary", b"Origin"),
        )


async def send_answer(answer: Answer, send: Send, *, head: bool = False) -> None:
    """Send an answer that has its body in memory; `head`: without it."""
    start = {"type": "http.response.start", "status": answer.status}
    await send({**start, "headers": answer.headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def error_answer(error: Exception, scope: Scope) -> Answer:
    """What a client is told of an error: what failed and what to do; of a mistake of ours, that."""
    if isinstance(error, IndexServerError):
        status, message, advice = error.status, error.message, error.advice
    elif isinstance(error, PorterError):
        status, message, advice = 503, error.message, error.advice
    else:
        text = "".join(traceback.format_exception(error))
        log.error("mistake", path=scope["path"], error=type(error).__name__, traceback=text)
        status, message, advice = 500, "a mistake in the index itself", "its log has more"
    if is_person(scope):
        status, page_headers, page = failure_page(status, message, advice, scope)
        return Answer(status=status, headers=tuple(page_headers), body=page)
    name = type(error).__name__ if isinstance(error, PorterError) else "InternalError"
    if "/api/" in scope["path"]:
        document = {"error": name, "message": message, "advice": advice}
        body, kind = json.dumps(document).encode(), b"application/json"
    else:
        body = f"{message}\n{advice}\n".rstrip().encode() + b"\n"
        kind = b"text/plain; charset=utf-8"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="porter"'))
    if status == 503:
        headers.append((b"retry-after", b"5"))
    return Answer(status=status, headers=tuple(headers), body=body)
