"""`/tokens`: see, make and revoke tokens; make addresses for browsers.

That another site cannot send these forms is seen to where sessions are read (authenticate.py).
"""

from datetime import UTC, datetime, timedelta

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from index_server.errors import BadRequest, IndexServerError, NotAuthenticated
from index_server.holdings import Holdings
from index_server.pages.render import send_page
from index_server.people.access import ANYBODY, Permission, Principal, principal_of, require
from index_server.people.authenticate import HOLDER
from index_server.people.fields import first_of, read_fields
from index_server.people.grants import Holder, HolderKind
from index_server.people.pathtokens import make_path_token
from index_server.people.tokens import Token, create_token, list_tokens, revoke_token
from index_server.people.verify import read_key
from index_server.web.address import BASE, base_of

# Choices of the forms: days, and hours.
LIFETIMES = {"7": "a week", "30": "30 days", "90": "90 days", "365": "a year", "": "for ever"}
HOURS = {"1": "an hour", "8": "8 hours", "24": "a day"}


def token_routes(index: Holdings) -> list[BaseRoute]:
    """`/tokens` and its forms."""
    page = Tokens(index)
    return [
        Route("/tokens", page.show, methods=["GET"]),
        Route("/tokens", page.create, methods=["POST"]),
        Route("/tokens/revoke", page.revoke, methods=["POST"]),
        Route("/tokens/browser", page.create_address, methods=["POST"]),
    ]


class Tokens:
    """The page of one index."""

    def __init__(self, index: Holdings) -> None:
        self._index = index

    def show(self, request: Request) -> Response:
        """The tokens that the person may see: all of them, or the one they are logged in with."""
        return self._page(request)

    async def create(self, request: Request) -> Response:
        """Make a token; the page that answers is the only one that ever shows it."""
        caller = require(request.scope, Permission.ADMIN)
        fields = await read_fields(request)

        def make() -> Response:
            try:
                token, text = create_token(
                    self._index.engine,
                    name=first_of(fields, "name"),
                    permissions=_permissions(fields.get("permission", [])),
                    projects=first_of(fields, "projects").replace(",", " ").split(),
                    lifetime=_lifetime(first_of(fields, "days"), LIFETIMES),
                    actor=caller.name,
                )
            except IndexServerError as error:
                return self._page(request, status=error.status, problem=error)
            self._index.refresh()
            return self._page(request, status=201, made=token.name, secret=text)

        return await run_sync(make)

    async def revoke(self, request: Request) -> Response:
        """Revoke a token: any of them, or the one the person is logged in with."""
        caller = _known(request)
        identity = first_of(await read_fields(request), "id")
        if request.scope[HOLDER] != Holder(kind=HolderKind.TOKEN, name=identity):
            require(request.scope, Permission.ADMIN)

        def revoke() -> Response:
            try:
                revoke_token(self._index.engine, identity, actor=caller.name)
            except IndexServerError as error:
                return self._page(request, status=error.status, problem=error)
            self._index.refresh()
            return RedirectResponse(f"{base_of(request.scope)}/tokens", 303)

        return await run_sync(revoke)

    async def create_address(self, request: Request) -> Response:
        """Make a path token, and show the address it makes."""
        caller = _known(request)
        fields = await read_fields(request)

        def make() -> Response:
            try:
                lifetime = timedelta(hours=int(_choice(first_of(fields, "hours"), HOURS)))
                text, _ = make_path_token(
                    read_key(self._index),
                    holder=request.scope[HOLDER],
                    maker=caller,
                    projects=tuple(first_of(fields, "projects").replace(",", " ").split()),
                    lifetime=lifetime,
                )
            except IndexServerError as error:
                return self._page(request, status=error.status, problem=error)
            return self._page(request, status=201, address=f"{request.scope[BASE]}/t/{text}/")

        return await run_sync(make)

    def _page(
        self,
        request: Request,
        *,
        status: int = 200,
        problem: IndexServerError | None = None,
        made: str = "",
        secret: str = "",
        address: str = "",
    ) -> Response:
        caller = _known(request)
        holder = request.scope.get(HOLDER)
        own = holder.name if holder and holder.kind is HolderKind.TOKEN else ""
        found = list_tokens(self._index.engine)
        if not caller.may(Permission.ADMIN):
            found = [token for token in found if token.id == own]
        now = datetime.now(UTC)
        response = send_page(
            "tokens.html",
            request.scope,
            status=status,
            tokens=sorted(found, key=lambda token: _order(token, now)),
            live=[token.id for token in found if token.is_live(now)],
            own=own,
            permissions=tuple(Permission),
            lifetimes=LIFETIMES,
            hours=HOURS,
            problem=problem.message if problem else "",
            advice=problem.advice if problem else "",
            made=made,
            secret=secret,
            address=address,
        )
        response.headers["cache-control"] = "no-store"
        return response


def _known(request: Request) -> Principal:
    caller = principal_of(request.scope)
    if caller is ANYBODY:
        raise NotAuthenticated("tokens are for those who are logged in", advice="log in")
    return caller


def _order(token: Token, now: datetime) -> tuple[bool, float]:
    """Live ones first, then the newest."""
    return not token.is_live(now), -token.created_at.timestamp()


def _permissions(words: list[str]) -> tuple[Permission, ...]:
    try:
        return tuple(Permission(word) for word in words)
    except ValueError as error:
        raise BadRequest("a token may read, upload or admin") from error


def _lifetime(text: str, choices: dict[str, str]) -> timedelta | None:
    days = _choice(text, choices)
    return timedelta(days=int(days)) if days else None


def _choice(text: str, choices: dict[str, str]) -> str:
    if text not in choices:
        raise BadRequest("this is none of the lifetimes of the form")
    return text
