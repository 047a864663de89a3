"""How the server is: for those that start it again, send it requests, or watch it."""

from collections.abc import Callable
from http import HTTPStatus

from anyio import create_task_group, move_on_after
from anyio.to_thread import run_sync
from prometheus_client import exposition
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from index_server.errors import IndexServerError
from index_server.holdings import Holdings
from index_server.records.database import read_serial
from index_server.web.metrics import expose, flush

# The snapshot is looked at four times a second; older than this, what is served may be wrong.
OLD = 5.0
# A part that has not answered by then, in seconds, is away.
PATIENCE = 4.0
UNKNOWN_KEY = "00/readiness"


def routes(index: Holdings) -> list[BaseRoute]:
    """`/healthz`, `/readyz` and `/metrics`."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=NO_STORE)

    async def readyz(_request: Request) -> Response:
        away = await find_away(index)
        status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.OK
        return JSONResponse({"ready": not away, "away": away}, status, headers=NO_STORE)

    async def metrics(request: Request) -> Response:
        encode, kind = exposition.choose_encoder(request.headers.get("accept", ""))
        flush()
        body = await run_sync(lambda: encode(expose(index)))
        return Response(body, headers={**NO_STORE, "content-type": kind})

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


NO_STORE = {"cache-control": "no-store"}


async def find_away(index: Holdings) -> dict[str, str]:
    """Which of `database`, `store` and `snapshot` do not do what they should, and why."""
    away: dict[str, str] = {}

    async def ask(part: str, question: Callable[[], object]) -> None:
        away[part] = f"no answer in {PATIENCE:.0f} seconds"
        with move_on_after(PATIENCE):
            try:
                # Left to itself where it takes too long: it ends at its own limit.
                await run_sync(question, abandon_on_cancel=True)
                del away[part]
            except IndexServerError as error:
                away[part] = error.message

    async with create_task_group() as tasks:
        tasks.start_soon(ask, "database", lambda: read_serial(index.engine))
        tasks.start_soon(ask, "store", lambda: index.store.size(UNKNOWN_KEY))
    if index.age > OLD:
        away["snapshot"] = f"last refreshed {index.age:.0f} seconds ago"
    return away
