"""The server's application: its layers, its routes, and what runs beside them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.types import ASGIApp

from index_server import management
from index_server.errors import IndexServerError, NotHere
from index_server.holdings import Holdings
from index_server.pages import routes as pages
from index_server.people import login
from index_server.people.authenticate import Authenticate
from index_server.public import upstream as public
from index_server.public.upstream import Upstream
from index_server.web import health, legacy, metrics, runtime_routes
from index_server.web.front import Front
from index_server.web.mounts import load_mounts
from index_server.web.outside import Outside

# How often a server looks for what others changed, in seconds: they see it within one.
LOOK = 0.25
PARTS = (legacy, runtime_routes, management, health, login, pages)

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
            await upstream.close()

    async def not_here(*_: object) -> None:
        raise NotHere("there is nothing at this address")

    upstream = Upstream(index)
    mounts = load_mounts(index)
    routes = [*mounts.routes(), *(route for part in PARTS for route in part.routes(index))]
    inner = Starlette(routes=[*routes, *public.routes(upstream)], lifespan=lifespan)
    # Errors go to the outermost layer as they are; what no route knows is one of them.
    inner.router.default = not_here
    # Its redirects would know nothing of proxies and path tokens.
    inner.router.redirect_slashes = False
    guarded = Authenticate(Front(inner.router, index, upstream), index, reading=mounts.paths)
    mounts.index_app = guarded
    return Outside(guarded, index.settings)


async def _follow(index: Holdings) -> None:
    """Keep the snapshot new; a database that is away is looked for again."""
    away = False
    while True:
        await asyncio.sleep(LOOK)
        metrics.flush()
        try:
            await run_sync(index.refresh)
        except IndexServerError as error:
            if not away:
                # What failed is told in one line; a trace of it tells no more.
                log.error("refresh failed", error=error.message)  # noqa: TRY400
            away = True
        except Exception:  # a mistake of ours must not end the looking
            log.exception("refresh failed")
        else:
            if away:
                log.info("refresh works again")
            away = False
