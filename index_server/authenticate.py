"""The layer that finds out who asks, before anything is answered.

Without credentials, and where everybody may read, it costs two look-ups in the headers.
"""

from typing import Final
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index_server.access import ANYBODY, PRINCIPAL, Permission, principal_of
from index_server.address import BASE, PREFIX, base_of
from index_server.answers import Answer
from index_server.credentials import (
    SESSION,
    find_cookie,
    find_origin,
    find_token,
    session_name,
)
from index_server.errors import NotAllowed, NotAuthenticated
from index_server.holdings import Holdings
from index_server.outside import HEADERS, send_answer
from index_server.subject import read_subject
from index_server.verify import Verified, Verifier

HOLDER = "porter.holder"
PATH_PREFIX: Final = "/t/"
SAFE = frozenset(("GET", "HEAD"))
# What those who watch the server and those who log in need is there for everybody.
NO_ONE = ("/healthz", "/readyz")
STATIC = "/static/"
LOGIN = ("/login", "/logout")
BROWSER = b"text/html,application/xhtml+xml"


class Authenticate:
    """Sets who asks in the scope, or refuses; then hands the request to `app`."""

    def __init__(self, app: ASGIApp, index: Holdings) -> None:
        self._app = app
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
        path: str = scope["path"]
        if path in NO_ONE or path.startswith(STATIC):
            await self._app(scope, receive, send)
            return
        if await self._credentials_answer(scope, send):
            return
        if not self._open and await self._closed_answers(scope, send):
            return
        if prefixed or not self._open:
            send = _private(send, hide=not self._open, quiet=prefixed)
        await self._app(scope, receive, send)

    async def _credentials_answer(self, scope: Scope, send: Send) -> bool:
        """Find out who asks; whether that alone has answered the request."""
        headers = scope[HEADERS]
        authorization = headers.get(b"authorization")
        if authorization is not None:
            if scope["method"] not in SAFE and is_ambient(scope):
                require_own_origin(scope)
            self._set(scope, await self._verifier.token(find_token(authorization)))
        elif PREFIX in scope:
            if scope["method"] not in SAFE:
                raise NotAllowed("a path token only reads", advice="use a token for what changes")
        elif SESSION.encode() in (cookies := headers.get(b"cookie", b"")):
            return await self._session_answers(scope, cookies, send)
        return False

    async def _take_prefix(self, scope: Scope) -> None:
        """Take `/t/TOKEN` off the path; addresses in answers keep it (`base_of`)."""
        token, _, rest = scope["path"].removeprefix(PATH_PREFIX).partition("/")
        raw = scope.get("raw_path")
        scope["path"] = f"/{rest}"
        if raw:
            scope["raw_path"] = b"/" + raw.removeprefix(PATH_PREFIX.encode()).partition(b"/")[2]
        self._set(scope, await self._verifier.path(token))
        scope[PREFIX] = f"{PATH_PREFIX}{token}"

    async def _session_answers(self, scope: Scope, cookies: bytes, send: Send) -> bool:
        """Find out who is logged in; whether that alone has answered the request.

        A session that has ended sends a browser to log in. On the way there it is nobody's.
        """
        text = find_cookie(cookies, session_name(scope[BASE]))
        if text is None:
            return False
        try:
            verified = await self._verifier.session(text)
        except NotAuthenticated:
            if scope["path"].startswith(LOGIN):
                return False
            if not is_page(scope):
                raise
            await send_answer(_to_login(scope, forget=True), send)
            return True
        if scope["method"] not in SAFE:
            require_own_origin(scope)
        self._set(scope, verified)
        return False

    async def _closed_answers(self, scope: Scope, send: Send) -> bool:
        """Let in who may read; whether the request is answered. Raises for those it keeps out."""
        path = scope["path"]
        if path.startswith(LOGIN):
            return False
        principal = principal_of(scope)
        if principal is ANYBODY:
            if is_page(scope):
                await send_answer(_to_login(scope), send)
                return True
            raise NotAuthenticated("this index is not open", advice=f"{ADVICE}, or log in")
        # What changes something is checked where it is done.
        if scope["method"] in SAFE:
            subject = read_subject(path)
            if subject is not None and not principal.may(Permission.READ, subject):
                what = f"read {subject or 'this'}"
                raise NotAllowed(f"{principal.name} may not {what}", advice="ask for another token")
        return False

    @staticmethod
    def _set(scope: Scope, verified: Verified) -> None:
        scope[PRINCIPAL] = verified.principal
        scope[HOLDER] = verified.holder


ADVICE = "user __token__, password the token"


def is_page(scope: Scope) -> bool:
    """Whether a browser asks for a page. pip and uv take HTML too, and are no browsers."""
    headers = scope[HEADERS]
    if scope["method"] not in SAFE:
        return False
    mode: bytes | None = headers.get(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    accept: bytes = headers.get(b"accept", b"")
    return accept.startswith(BROWSER)


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


def _to_login(scope: Scope, *, forget: bool = False) -> Answer:
    """A redirect to the login page that leads back."""
    query = scope.get("query_string", b"").decode("latin-1")
    after = f"{scope['path']}?{query}" if query else scope["path"]
    location = f"{base_of(scope)}/login?next={quote(after, safe='')}"
    headers = [
        (b"location", location.encode()),
        (b"content-length", b"0"),
        (b"cache-control", b"no-store"),
    ]
    if forget:
        name = session_name(scope[BASE])
        secure = "; Secure" if name != SESSION else ""
        gone = f"{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}"
        headers.append((b"set-cookie", gone.encode()))
    return Answer(status=303, headers=tuple(headers), route="login")


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
