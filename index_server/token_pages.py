"""The page of tokens: for people who are logged in."""

from datetime import UTC, datetime, timedelta

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from index_server.access import Permission, principal_of, require
from index_server.address import BASE, base_of
from index_server.authenticate import HOLDER
from index_server.errors import BadRequest, IndexServerError
from index_server.fields import first_of, read_fields
from index_server.grants import PATH_LIFETIME
from index_server.holdings import Holdings
from index_server.management.callers import require_anybody_known
from index_server.pages.render import send_page
from index_server.pathtokens import make_path_token
from index_server.tokens import create_token, list_tokens, revoke_token
from index_server.verify import read_key

DAYS = (7, 30, 90, 365)


def routes(index: Holdings) -> list[BaseRoute]:
    """`/tokens`, and what its forms do."""

    def show(request: Request) -> Response:
        require_anybody_known(request)
        return send_tokens(index, request)

    async def create(request: Request) -> Response:
        caller = require(request.scope, Permission.ADMIN)
        fields = await read_fields(request)

        def make() -> Response:
            try:
                chosen = [Permission(name) for name in fields.get("permission", [])]
                days = int(first_of(fields, "days") or DAYS[-1])
                token, text = create_token(
                    index.engine,
                    name=first_of(fields, "name"),
                    permissions=chosen,
                    projects=first_of(fields, "projects").replace(",", " ").split(),
                    lifetime=timedelta(days=days),
                    actor=caller.name,
                )
            except (ValueError, OverflowError) as error:
                raise BadRequest("a field of the form is not what it takes") from error
            except IndexServerError as error:
                return send_tokens(index, request, status=error.status, error=error)
            index.refresh()
            return send_tokens(index, request, made=text, name=token.name)

        return await run_sync(make)

    async def revoke(request: Request) -> Response:
        caller = require(request.scope, Permission.ADMIN)
        identity = first_of(await read_fields(request), "id")

        def act() -> Response:
            revoke_token(index.engine, identity, actor=caller.name)
            index.refresh()
            return RedirectResponse(f"{base_of(request.scope)}/tokens", 303)

        return await run_sync(act)

    def create_path(request: Request) -> Response:
        caller = require_anybody_known(request)
        text, _ = make_path_token(
            read_key(index),
            holder=request.scope[HOLDER],
            maker=caller,
            projects=(),
            lifetime=PATH_LIFETIME,
        )
        return send_tokens(index, request, path=f"{request.scope[BASE]}/t/{text}/")

    return [
        Route("/tokens", show, methods=["GET"]),
        Route("/tokens", create, methods=["POST"]),
        Route("/tokens/revoke", revoke, methods=["POST"]),
        Route("/tokens/path", create_path, methods=["POST"]),
    ]


def send_tokens(
    index: Holdings,
    request: Request,
    *,
    status: int = 200,
    error: IndexServerError | None = None,
    made: str = "",
    name: str = "",
    path: str = "",
) -> Response:
    """The page; `made` and `path` are what was just made, shown this once."""
    caller, now = principal_of(request.scope), datetime.now(UTC)
    listed = list_tokens(index.engine) if caller.may(Permission.ADMIN) else []
    response = send_page(
        "tokens.html",
        request.scope,
        status=status,
        tokens=[(token, token.is_live(now)) for token in reversed(listed)],
        problem=error.message if error else "",
        advice=error.advice if error else "",
        made=made,
        name=name,
        path=path,
        may_read=bool(caller.permissions & {Permission.READ, Permission.ADMIN}),
        permissions=tuple(Permission),
        days=DAYS,
    )
    # A token may be on it.
    response.headers["cache-control"] = "no-store"
    return response
