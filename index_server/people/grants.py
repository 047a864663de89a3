"""What the index signs instead of keeping it: sessions of people, and path tokens of browsers.

Neither says what its holder may do, only who that is: whoever revokes a token ends the sessions
and the path tokens that were made with it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from index_server.errors import NotAuthenticated

SESSION_LIFETIME = timedelta(hours=12)
PATH_LIFETIME = timedelta(hours=1)
LONGEST_PATH = timedelta(hours=24)


class Kind(StrEnum):
    """What a signed text is for; one kind is never taken for another."""

    SESSION = "session"
    PATH = "path"
    OPENID = "openid"


class HolderKind(StrEnum):
    """What a holder is known by: a token's id, an address of e-mail, a user of this machine."""

    TOKEN = "token"  # noqa: S105 # a word
    PERSON = "person"
    MACHINE = "cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose a session or a path token is."""

    kind: HolderKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Something signed that stands for its holder until `expires_at`.

    `projects` are patterns of the names it is for, none for all that the holder's are for.
    """

    holder: Holder
    expires_at: datetime
    projects: tuple[str, ...] = ()


def sign_grant(key: str, kind: Kind, grant: Grant) -> str:
    """The text of a grant: letters, digits, and `-`, `_` and `.`."""
    document = {"k": grant.holder.kind.value, "n": grant.holder.name}
    if grant.projects:
        document["p"] = " ".join(grant.projects)
    return sign(key, kind, document, grant.expires_at)


def read_grant(key: str, kind: Kind, text: str, now: datetime) -> Grant:
    """The grant of a text; raises NotAuthenticated where it is not ours, or too old."""
    document, expires_at = read_signed(key, kind, text, now)
    return Grant(
        holder=Holder(kind=HolderKind(document["k"]), name=document["n"]),
        expires_at=expires_at,
        projects=tuple(document.get("p", "").split()),
    )


def sign(key: str, kind: Kind, document: Mapping[str, Any], expires_at: datetime) -> str:
    """A signed text of a document."""
    return str(_serializer(key, kind).dumps({**document, "e": int(expires_at.timestamp())}))


def read_signed(key: str, kind: Kind, text: str, now: datetime) -> tuple[dict[str, Any], datetime]:
    """The document of a signed text, and when that ends; raises NotAuthenticated."""
    try:
        document = _serializer(key, kind).loads(text)
    except BadData:
        raise NotAuthenticated(f"this index did not sign that {kind}", advice=ADVICE) from None
    expires_at = datetime.fromtimestamp(document.pop("e"), UTC)
    check_time(kind, expires_at, now)
    return document, expires_at


def check_time(kind: Kind, expires_at: datetime, now: datetime) -> None:
    """Raises NotAuthenticated after the end."""
    if now >= expires_at:
        raise NotAuthenticated(f"the {kind} has expired", advice=ADVICE)


ADVICE = "log in again, or ask for a new path token"


def _serializer(key: str, kind: Kind) -> URLSafeSerializer:
    return URLSafeSerializer(
        key,
        salt=f"porter-index-{kind}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
