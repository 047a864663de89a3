"""Log in with a token or through an OpenID Connect provider, and out again."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from index_server.errors import IndexServerError, NotAuthenticated, NotHere
from index_server.holdings import Holdings
from index_server.pages.render import send_page
from index_server.people.access import ANYBODY, principal_of
from index_server.people.authenticate import require_own_origin
from index_server.people.credentials import SESSION, session_name
from index_server.people.fields import first_of, read_fields, safe_path
from index_server.people.grants import SESSION_LIFETIME, Grant, Holder, Kind, sign_grant
from index_server.people.verify import Verifier
from index_server.records.changes import log_event
from index_server.settings import Login
from index_server.web.address import BASE, base_of

if TYPE_CHECKING:
    from index_server.people.openid import OpenId

LONGEST = 200


def routes(index: Holdings) -> list[BaseRoute]:
    """`/login` and `/logout`; below `/login/openid` the way to the provider and back."""
    login = LogIn(index)
    return [
        Route("/login", login.show, methods=["GET"]),
        Route("/login", login.enter, methods=["POST"]),
        Route("/login/openid", login.leave_for_provider, methods=["GET"]),
        Route("/login/openid/callback", login.return_from_provider, methods=["GET"]),
        Route("/logout", login.leave, methods=["POST"]),
    ]


class LogIn:
    """The ways into one index."""

    def __init__(self, index: Holdings) -> None:
        self._index = index
        self._verifier = Verifier(index)
        self._openid = open_provider(index.settings.login)

    def show(self, request: Request) -> Response:
        """The page; a session that has ended is forgotten with it."""
        response = self._page(request, safe_path(request.query_params.get("next", "/")))
        if SESSION in request.headers.get("cookie", "") and principal_of(request.scope) is ANYBODY:
            forget_session(request, response)
        return response

    async def enter(self, request: Request) -> Response:
        """A token becomes a session."""
        # Before there is a session too: nobody shall log others in as somebody else.
        require_own_origin(request.scope)
        fields = await read_fields(request)
        after = safe_path(first_of(fields, "next"))
        try:
            verified = await self._verifier.token(first_of(fields, "token"))
        except NotAuthenticated as error:
            return self._page(request, after, status=403, error=error)
        return await self._begin(request, verified.holder, verified.principal.name, after)

    async def leave_for_provider(self, request: Request) -> Response:
        """To the provider, which sends the browser back to `return_from_provider`."""
        after = safe_path(request.query_params.get("next", "/"))
        try:
            return await self._provider.leave(request, await self._verifier.key(), after)
        except IndexServerError as error:
            return self._page(request, after, status=error.status, error=error)

    async def return_from_provider(self, request: Request) -> Response:
        """What the provider says becomes a session, or the page says why it does not."""
        provider = self._provider
        try:
            holder, after = await provider.arrive(request, await self._verifier.key())
        except IndexServerError as error:
            response = self._page(request, "/", status=error.status, error=error)
        else:
            response = await self._begin(request, holder, holder.name, after)
        provider.forget(request, response)
        return response

    async def leave(self, request: Request) -> Response:
        """Forget the session."""
        require_own_origin(request.scope)
        response = RedirectResponse(f"{base_of(request.scope)}/", 303)
        forget_session(request, response)
        return response

    @property
    def _provider(self) -> "OpenId":
        if self._openid is None:
            raise NotHere("this index has no provider to log in with", advice="log in with a token")
        return self._openid

    async def _begin(self, request: Request, holder: Holder, name: str, after: str) -> Response:
        grant = Grant(holder=holder, expires_at=datetime.now(UTC) + SESSION_LIFETIME)
        text = sign_grant(await self._verifier.key(), Kind.SESSION, grant)
        subject = f"{holder.kind} {holder.name}"
        await run_sync(log_event, self._index.engine, name, "log in", subject)
        response = RedirectResponse(f"{base_of(request.scope)}{after}", 303)
        response.headers["cache-control"] = "no-store"
        cookie = session_name(request.scope[BASE])
        response.set_cookie(
            cookie,
            text,
            max_age=int(SESSION_LIFETIME.total_seconds()),
            httponly=True,
            secure=cookie != SESSION,
            samesite="lax",
        )
        return response

    def _page(
        self,
        request: Request,
        after: str,
        *,
        status: int = 200,
        error: IndexServerError | None = None,
    ) -> Response:
        response = send_page(
            "login.html",
            request.scope,
            status=status,
            after=after,
            problem=error.message[:LONGEST] if error else "",
            advice=error.advice if error else "",
            openid=self._openid is not None,
        )
        response.headers["cache-control"] = "no-store"
        return response


def open_provider(settings: Login) -> "OpenId | None":
    """The provider of the settings; raises BadSettings."""
    if not settings.issuer:
        return None
    # Takes long to import, and few need it.
    from index_server.people.openid import OpenId

    return OpenId(settings)


def forget_session(request: Request, response: Response) -> None:
    """Have the browser drop its session."""
    cookie = session_name(request.scope[BASE])
    response.delete_cookie(cookie, httponly=True, secure=cookie != SESSION, samesite="lax")
