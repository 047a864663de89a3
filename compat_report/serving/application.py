"""`POST /api/decisions`, and the documents that tell of it."""

import asyncio
import os
from collections.abc import Mapping
from functools import cached_property

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from compat_report.deciding.document import read_schema, serialize_decision
from compat_report.serving.catalogues import Catalogues
from compat_report.serving.openapi import describe
from compat_report.serving.problems import Problem
from compat_report.serving.reading import Reading, reading_of
from compat_report.serving.request import Wanted, parse_request
from porter.errors import PorterError, UsageError
from porter.home import Home
from porter.platform import Platform, read_platform

MOST_BYTES = 32 << 20
# Deciding is work for a processor, of which Python uses one at a time: two, lest one waits for the
# index while nothing else is done.
AT_ONCE = 2
MOST_WAITING = 64
PRIVATE = {"cache-control": "no-store"}


class Decisions:
    """The application at `/api/decisions`."""

    def __init__(self, *, home: Home, platforms: Mapping[str, Platform]) -> None:
        self._platforms = dict(platforms)
        self._catalogues = Catalogues(home=home, env=os.environ)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except Problem as problem:
            response = problem.response()
        except PorterError as error:
            response = Problem.of(error).response()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        only(request, "POST")
        if self._few.statistics().tasks_waiting >= MOST_WAITING:
            raise Problem(503, "Busy", "too many decisions are waited for", "ask again")
        body = await read_body(request)
        reading, loop = reading_of(request.scope), asyncio.get_running_loop()
        made = await run_sync(self._decide, body, reading, loop, limiter=self._few)
        return Response(made, media_type="application/json", headers=PRIVATE)

    def _decide(self, body: bytes, reading: Reading, loop: asyncio.AbstractEventLoop) -> bytes:
        wanted = parse_request(body)
        platform = self._platform(wanted)
        try:
            selector = self._catalogues.selector(reading, loop, platform, wanted.policy)
        except UsageError as error:
            text = f"policy.kernel: {error.message}"
            raise Problem(422, "BadPolicy", text, error.advice) from error
        return serialize_decision(selector.decide(wanted.notebook, previous=wanted.previous))

    def _platform(self, wanted: Wanted) -> Platform:
        name = wanted.platform or read_platform().name
        found = self._platforms.get(name)
        if found is None and not wanted.platform:
            found = next(iter(self._platforms.values()), None)
        if found is None:
            known = ", ".join(self._platforms)
            raise Problem(
                422,
                "UnknownPlatform",
                f"no platform {name[:50]} is served here",
                f"there are {known}",
            )
        return found

    @cached_property
    def _few(self) -> CapacityLimiter:
        return CapacityLimiter(AT_ONCE)


async def schema(scope: Scope, receive: Receive, send: Send) -> None:
    """`GET /api/decisions/schema`: the JSON Schema of a decision."""
    await _tell(dict(read_schema()), "application/schema+json", scope, receive, send)


def document(platforms: Mapping[str, Platform]) -> ASGIApp:
    """`GET /api/decisions/openapi.json`, of an index that serves `platforms`."""

    async def tell(scope: Scope, receive: Receive, send: Send) -> None:
        told = describe(reading_of(scope).base, platforms)
        await _tell(told, "application/json", scope, receive, send)

    return tell


async def _tell(told: object, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        only(Request(scope), "GET", "HEAD")
        response: Response = JSONResponse(
            told, media_type=kind, headers={"cache-control": "no-cache"}
        )
    except Problem as problem:
        response = problem.response()
    await response(scope, receive, send)


def only(request: Request, *methods: str) -> None:
    """Raises Problem for other methods."""
    if request.method not in methods:
        text = "this address does not take this method"
        raise Problem(405, "NotHere", text, ", ".join(methods))


async def read_body(request: Request) -> bytes:
    """The body; raises Problem where it is too large, before all of it is read."""
    told = request.headers.get("content-length", "")
    body = bytearray()
    if not (told.isdecimal() and len(told) < 20 and int(told) > MOST_BYTES):
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    break
            else:
                return bytes(body)
        except ClientDisconnect as error:
            raise Problem(400, "BadRequest", "the body is not complete") from error
    raise Problem(
        413,
        "TooLarge",
        f"a notebook of more than {MOST_BYTES >> 20} MiB",
        "send the cells alone, without what they wrote",
    )
