"""People log in through an OpenID Connect provider: the code flow with PKCE, state and nonce.

Authlib speaks the protocol. What it has to remember until the browser returns is signed and goes
with the browser, so that any server process can take it from there.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.starlette_client import (  # type: ignore[import-untyped]
    OAuth,
    OAuthError,
    StarletteOAuth2App,
)
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from index_server.errors import BadSettings, IndexServerError, NotAllowed
from index_server.people.credentials import find_cookie
from index_server.people.fields import safe_path
from index_server.people.grants import Holder, HolderKind, Kind, read_signed, sign
from index_server.people.members import find_person
from index_server.settings import LOOPBACK, Login
from index_server.web.address import BASE

COOKIE = "porter-openid"
CALLBACK = "/login/openid/callback"
PATIENCE = timedelta(minutes=10)
TIMEOUT = 10.0


class ProviderFailed(IndexServerError):
    """The provider does not answer, or not as OpenID Connect says."""

    status = 502
    exit_code = 4


class OpenId:
    """The way to one provider and back."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._client = make_client(login)

    async def leave(self, request: Request, key: str, after: str) -> Response:
        """A redirect to the provider; raises ProviderFailed."""
        session: dict[str, Any] = {"after": after}
        request.scope["session"] = session
        try:
            response = await self._client.authorize_redirect(request, callback_of(request))
        except Exception as error:
            raise _failed(error) from error
        end = datetime.now(UTC) + PATIENCE
        _set_cookie(request, response, sign(key, Kind.OPENID, session, end))
        return response  # type: ignore[no-any-return]

    async def arrive(self, request: Request, key: str) -> tuple[Holder, str]:
        """Who the provider says has come, and where they wanted to go.

        Raises NotAllowed for those whom the settings do not name and those whose address it has
        not verified, NotAuthenticated without the cookie of `leave`, ProviderFailed.
        """
        client = self._client
        cookies = request.headers.get("cookie", "").encode("latin-1")
        text = find_cookie(cookies, COOKIE) or ""
        session, _ = read_signed(key, Kind.OPENID, text, datetime.now(UTC))
        request.scope["session"] = session
        # The issuer is the one of the settings, whatever the provider calls itself (OIDC, 3.1.3.7).
        issuers = [self._login.issuer, self._login.issuer.rstrip("/")]
        options = {"iss": {"essential": True, "values": issuers}}
        try:
            token = await client.authorize_access_token(request, claims_options=options)
            claims = dict(token.get("userinfo") or {})
            if claims and "email" not in claims:
                told = await client.userinfo(token=token)
                claims |= told if told.get("sub") == claims.get("sub") else {}
        except Exception as error:
            raise _failed(error) from error
        return self._admit(claims), safe_path(str(session.get("after", "/")))

    def forget(self, request: Request, response: Response) -> None:
        """Drop what was remembered for the way back: it is used once."""
        _set_cookie(request, response, "")

    def _admit(self, claims: dict[str, Any]) -> Holder:
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") not in (True, "true"):
            raise NotAllowed(
                "the provider has verified no address of yours",
                advice="have it verify your address, or log in with a token",
            )
        if find_person(self._login, email) is None:
            raise NotAllowed(
                "your address is not among those that may use this index",
                advice="ask who runs it to add you to its settings, or log in with a token",
            )
        return Holder(kind=HolderKind.PERSON, name=email.lower())


def make_client(login: Login) -> StarletteOAuth2App:
    """Authlib's client of the settings' provider; raises BadSettings."""
    parts = urlsplit(login.issuer)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise BadSettings("login.issuer is no https:// address", advice="its answers are believed")
    if not login.client_id:
        raise BadSettings("login.issuer is set, and login.client-id is not")
    secret = None
    if login.client_secret_file:
        try:
            secret = Path(login.client_secret_file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(f"login.client-secret-file cannot be read: {error}") from error
    found: StarletteOAuth2App = OAuth().register(
        "openid",
        client_id=login.client_id,
        client_secret=secret,
        server_metadata_url=f"{login.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email",
            "code_challenge_method": "S256",
            "timeout": TIMEOUT,
            **({} if secret else {"token_endpoint_auth_method": "none"}),
        },
    )
    return found


def callback_of(request: Request) -> str:
    """Where the provider sends the browser: register this address with it."""
    return f"{request.scope[BASE]}{CALLBACK}"


def _set_cookie(request: Request, response: Response, text: str) -> None:
    response.set_cookie(
        COOKIE,
        text,
        max_age=int(PATIENCE.total_seconds()) if text else 0,
        httponly=True,
        secure=request.scope[BASE].startswith("https:"),
        samesite="lax",
    )


def _failed(error: Exception) -> IndexServerError:
    """What went wrong, by whose fault it was."""
    if isinstance(error, OAuthError):
        return NotAllowed(f"the provider did not log you in ({error.error})", advice="try again")
    if isinstance(error, JoseError):
        return NotAllowed("the provider's token does not hold", advice="try again")
    return ProviderFailed(
        f"the provider did not answer as it should ({type(error).__name__})",
        advice="log in with a token, or try again later",
    )
