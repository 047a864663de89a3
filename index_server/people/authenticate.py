"""The layer that finds out who asks, before anything is answered.

Without credentials, and where everybody may read, it costs two look-ups in the headers.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index_server.errors import NotAllowed, NotAuthenticated
from index_server.holdings import Holdings
from index_server.people.access import ANYBODY, PRINCIPAL, Permission, principal_of
from index_server.people.credentials import (
    SESSION,
    find_cookie,
    find_origin,
    find_token,
    session_name,
)
from index_server.people.subject import read_subject
from index_server.people.verify import Verified, Verifier
from index_server.web.address import BASE, PREFIX
from index_server.web.outside import HEADERS

HOLDER = "porter.holder"
PATH_PREFIX: Final = "/t/"
SAFE = frozenset(("GET", "HEAD"))
# What those who watch the server and those who log in need is there for everybody.
NO_ONE = ("/healthz", "/readyz")
STATIC = "/static/"
LOGIN = ("/login", "/logout")
ADVICE = "user __token__, password the token"


class Authenticate:
    """Sets who asks in the scope, or refuses; then hands the request to `app`.

    `reading` are paths at which every method changes nothing.
    """

    def __init__(
        self, app: ASGIApp, index: Holdings, *, reading: frozenset[str] = frozenset()
    ) -> None:
        self._app = app
        self._reading = reading
        self._open = index.settings.open_reading
        self._verifier = Verifier(index)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        prefixed = scope["path"].startswith(PATH_PREFIX)
        if prefixed:
            await self._take_prefix(scope)
        if self._is_for_everybody(scope):
            await self._app(scope, receive, send)
            return
        await self._find_principal(scope)
        if not self._open:
            self._check_reading(scope)
        if prefixed or not self._open:
            send = _private(send, hide=not self._open, quiet=prefixed)
        await self._app(scope, receive, send)

    def _is_for_everybody(self, scope: Scope) -> bool:
        """Whether nothing depends on who asks: most requests where everybody may read."""
        headers = scope[HEADERS]
        anonymous = b"authorization" not in headers and b"cookie" not in headers
        if self._open and anonymous and PREFIX not in scope:
            return True
        path: str = scope["path"]
        return path in NO_ONE or path.startswith(STATIC)

    async def _find_principal(self, scope: Scope) -> None:
        """Find out who asks; raises NotAuthenticated for a credential that is not good."""
        headers = scope[HEADERS]
        authorization = headers.get(b"authorization")
        if authorization is not None:
            if scope["method"] not in SAFE and is_ambient(scope):
                require_own_origin(scope)
            self._set(scope, await self._verifier.token(find_token(authorization)))
        elif PREFIX in scope:
            if scope["method"] not in SAFE and scope["path"] not in self._reading:
                raise NotAllowed("a path token only reads", advice="use a token for what changes")
        elif SESSION.encode() in (cookies := headers.get(b"cookie", b"")):
            await self._enter_session(scope, cookies)

    async def _take_prefix(self, scope: Scope) -> None:
        """Take `/t/TOKEN` off the path; addresses in answers keep it (`base_of`)."""
        token, _, rest = scope["path"].removeprefix(PATH_PREFIX).partition("/")
        raw = scope.get("raw_path")
        scope["path"] = f"/{rest}"
        if raw:
            scope["raw_path"] = b"/" + raw.removeprefix(PATH_PREFIX.encode()).partition(b"/")[2]
        self._set(scope, await self._verifier.path(token))
        scope[PREFIX] = f"{PATH_PREFIX}{token}"

    async def _enter_session(self, scope: Scope, cookies: bytes) -> None:
        """Find out who is logged in. A session that has ended is no hindrance to log in again."""
        text = find_cookie(cookies, session_name(scope[BASE]))
        if text is None:
            return
        try:
            verified = await self._verifier.session(text)
        except NotAuthenticated:
            if scope["path"].startswith(LOGIN):
                return
            raise
        if scope["method"] not in SAFE:
            require_own_origin(scope)
        self._set(scope, verified)

    @staticmethod
    def _check_reading(scope: Scope) -> None:
        """Let in who may read a closed index; raises NotAuthenticated, NotAllowed."""
        path = scope["path"]
        if path.startswith(LOGIN):
            return
        principal = principal_of(scope)
        if principal is ANYBODY:
            raise NotAuthenticated("this index is not open", advice=f"{ADVICE}; or log in")
        # What changes something is checked where it is done.
        if scope["method"] in SAFE:
            subject = read_subject(path)
            if subject is not None and not principal.may(Permission.READ, subject):
                what = f"read {subject or 'this'}"
                raise NotAllowed(f"{principal.name} may not {what}", advice="ask for another token")

    @staticmethod
    def _set(scope: Scope, verified: Verified) -> None:
        scope[PRINCIPAL] = verified.principal
        scope[HOLDER] = verified.holder


def is_ambient(scope: Scope) -> bool:
    """Whether a browser may have added the credentials by itself, as it does with Basic ones."""
    headers = scope[HEADERS]
    is_browser = b"origin" in headers or b"sec-fetch-site" in headers
    return is_browser and headers[b"authorization"][:5].lower() == b"basic"


def require_own_origin(scope: Scope) -> None:
    """Raises NotAllowed where another site has sent a browser here to change something.

    Browsers say where a request comes from: `Origin` with each that changes something, else
    `Sec-Fetch-Site` (Fetch; Fetch Metadata).
    """
    headers = scope[HEADERS]
    origin: bytes | None = headers.get(b"origin")
    if origin is not None:
        own = origin.decode("latin-1").lower() == find_origin(scope[BASE])
    else:
        own = headers.get(b"sec-fetch-site") == b"same-origin"
    if not own:
        raise NotAllowed(
            "this was sent by another site than the index's own",
            advice="use the index's own pages, or a token without cookies",
        )


def _private(send: Send, *, hide: bool, quiet: bool) -> Send:
    """Send with headers that keep an answer from others.

    `hide`: caches that others share do not keep it; `quiet`: its address, which has a token in it,
    is told to no other site.
    """

    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message["headers"]]
            if hide:
                headers = [
                    (name, _keep_private(value) if name == b"cache-control" else value)
                    for name, value in headers
                ]
            if quiet and not any(name == b"referrer-policy" for name, _ in headers):
                headers.append((b"referrer-policy", b"no-referrer"))
            message = {**message, "headers": headers}
        await send(message)

    return send_private


def _keep_private(value: bytes) -> bytes:
    if b"private" in value or b"no-store" in value:
        return value
    return b"private, " + value
