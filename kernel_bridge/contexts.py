"""What proves that a request comes from a page of this server, where it can bring no header.

The worker of a browser kernel reads files, and asks for input, by synchronous requests whose
headers are not ours to set: `X-XSRFToken` cannot be among them. Their body has the context that
the page was given instead: 128 random bits, signed for the user the page was made for. Another
site's page can have the browser send such a request with the user's cookie, but cannot read a
page of this server, so it does not know a context; and a context that leaked is of no use without
that user's cookie.
"""

import hmac
import secrets
from hashlib import sha256

PURPOSE = b"porter: contexts of pages"


class Contexts:
    """Makes and checks contexts. `secret` is the server's own, the one that signs its cookies."""

    def __init__(self, secret: bytes | str) -> None:
        key = secret.encode() if isinstance(secret, str) else secret
        self._key = hmac.digest(key, PURPOSE, sha256)

    def issue(self, user: str) -> str:
        """A new context for a page of a user, by their name."""
        nonce = secrets.token_hex(16)
        return f"{nonce}.{self._sign(nonce, user)}"

    def is_of(self, context: str, user: str) -> bool:
        """Whether a context was issued to a page of this user."""
        nonce, _, signature = context.partition(".")
        return hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._sign(nonce, user).encode()
        )

    def _sign(self, nonce: str, user: str) -> str:
        text = f"{nonce}\n{user}".encode("utf-8", "replace")
        return hmac.digest(self._key, text, sha256).hex()
