"""The server's application: its layers, its routes, and what runs beside them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.types import ASGIApp

import importlib
from index_server.errors import IndexServerError, NotHere
from index_server.front import Front
from index_server.holdings import Holdings
from index_server.outside import Outside

# How often a server looks for what others changed, in seconds: they see it within one.
LOOK = 0.25
NAMES = ("legacy", "runtime_routes", "upstream", "management", "health", "login", "token_pages", "pages.routes")


def _load(name):  # TEMPORARY while parts land
    try:
        return importlib.import_module(f"index_server.{name}")
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("index_server"):
            raise
        return None


PARTS = [part for name in NAMES if (part := _load(name)) is not None and hasattr(part, "routes")]

log = structlog.get_logger("index_server")


def create_app(index: Holdings) -> ASGIApp:
    """The application that serves an open index."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await run_sync(index.refresh)
        looking = asyncio.create_task(_follow(index))
        try:
            yield
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking

    async def not_here(scope: object, *_: object) -> None:
        raise NotHere("there is nothing at this address")

    inner = Starlette(
        routes=[route for part in PARTS for route in part.routes(index)], lifespan=lifespan
    )
    # Errors go to the outermost layer as they are; what no route knows is one of them.
    inner.router.default = not_here
    upstream = _load("upstream")
    front = Front(inner.router, index, upstream.Upstream(index) if upstream else None)
    authenticate = _load("authenticate")
    guarded = authenticate.Authenticate(front, index) if authenticate else front
    metrics = _load("metrics")
    observe = metrics.observe if metrics else lambda *_: None
    return Outside(guarded, index.settings, observe)


async def _follow(index: Holdings) -> None:
    """Keep the snapshot new; a database that is away is looked for again."""
    away = False
    while True:
        await asyncio.sleep(LOOK)
        try:
            await run_sync(index.refresh)
        except IndexServerError as error:
            if not away:
                log.error("refresh failed", error=error.message)
            away = True
        else:
            if away:
                log.info("refresh works again")
            away = False
