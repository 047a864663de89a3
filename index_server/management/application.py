"""The application below `/api`: its operations by noun, and the document that tells of them."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import APIKeyCookie, HTTPBasic, HTTPBearer
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from index_server.holdings import Holdings
from index_server.management import callers, environments, events, files, projects, tokens
from index_server.management.problems import answer_problems
from index_server.people.credentials import SESSION
from index_server.web.address import base_of
from index_server.web.outside import ROUTE
from porter import __version__

ABOUT = """\
Looks after an index: its projects, files, tokens and log. Every operation needs a credential: a token
as the password of Basic (with any user) or as Bearer, or the session of somebody who is logged in.
`read` sees what is served; `upload` sees what is in staging and quarantine, and yanks and promotes;
`admin` does the rest. Every change is in the log, and seen by every server within a second.
"""


def routes(index: Holdings) -> list[BaseRoute]:
    """`/api/…`."""
    api = make_application(index)
    return [Mount("/api", app=_labelled(api))]


def make_application(index: Holdings) -> FastAPI:
    """The application of one index."""
    # Who asks is found out further out: these are for the document.
    credentials = [
        Depends(HTTPBasic(scheme_name="basic", auto_error=False)),
        Depends(HTTPBearer(scheme_name="bearer", auto_error=False)),
        Depends(APIKeyCookie(scheme_name="session", name=SESSION, auto_error=False)),
    ]
    api = FastAPI(
        title="Porter's index",
        version=__version__,
        description=ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for noun in (callers, projects, files, environments, events, tokens):
        api.include_router(noun.router(index), dependencies=credentials)
    answer_problems(api)
    made = api.openapi()

    def document(request: Request) -> JSONResponse:
        told: dict[str, Any] = {**made, "servers": [{"url": f"{base_of(request.scope)}/api"}]}
        return JSONResponse(told, headers={"cache-control": "no-cache"})

    api.add_route("/openapi.json", document, methods=["GET"])
    return api


def _labelled(api: ASGIApp) -> ASGIApp:
    """The same, counted under one name."""

    async def labelled(scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = "api"
        await api(scope, receive, send)

    return labelled
