"""What a request brings along to say who asks; pure."""

import base64
import binascii

from index_server.errors import NotAuthenticated

ADVICE = "user __token__, password the token"
# Browsers keep a cookie of this prefix to this very host and to https.
SESSION = "porter-session"
SECURE_SESSION = f"__Host-{SESSION}"
TOKEN_PREFIX = "porter_"  # noqa: S105 # what all tokens begin with


def find_token(authorization: bytes) -> str:
    """The token of an `Authorization` header, Basic (RFC 7617) or Bearer (RFC 6750).

    With Basic the password is the token, whatever the user's name, or the name is where there is
    no password (`https://TOKEN@host/` in pip's settings). Raises NotAuthenticated for all else.
    """
    scheme, _, rest = authorization.strip().partition(b" ")
    value = rest.strip()
    match scheme.lower():
        case b"bearer":
            return value.decode("latin-1")
        case b"basic":
            try:
                text = base64.b64decode(value, validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                raise NotAuthenticated(
                    "the credentials cannot be read (RFC 7617)", advice=ADVICE
                ) from None
            user, _, password = text.partition(":")
            return user if not password and user.startswith(TOKEN_PREFIX) else password
    raise NotAuthenticated("this index takes Basic and Bearer credentials", advice=ADVICE)


def session_name(base: str) -> str:
    """The session cookie's name at an address."""
    return SECURE_SESSION if base.startswith("https:") else SESSION


def find_cookie(cookies: bytes, name: str) -> str | None:
    """The value of a cookie (RFC 6265), the first of that name."""
    wanted = f"{name}=".encode()
    for part in cookies.split(b";"):
        stripped = part.strip()
        if stripped.startswith(wanted):
            return stripped.removeprefix(wanted).strip(b'"').decode("latin-1")
    return None


def find_origin(base: str) -> str:
    """The web origin of an address: `https://host:port`."""
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}".lower()
