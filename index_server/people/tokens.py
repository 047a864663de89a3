"""Tokens: made, listed and revoked in the database. What is kept of one is a hash.

The hash is sha256, and not a slow one: 32 random bytes cannot be guessed however quick a guess is.
A slow hash is for passwords that people choose; here it would only make each request dear.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Engine, func, insert, select, update

from index_server.errors import BadRequest, Conflict, NotAuthenticated, NotHere
from index_server.holdings import Holdings
from index_server.people.access import Permission, Principal
from index_server.records.changes import changing
from index_server.records.engine import reading
from index_server.records.rows import as_utc
from index_server.records.schema import tokens

TOKEN = re.compile(r"porter_([0-9a-f]{12})_([A-Za-z0-9_-]{43,86})")
SECRET_BYTES = 32
# A name is shown and logged; one with a colon or an at sign is not a token's (`cli:ann`, `a@b.c`).
NAME = r"^[A-Za-z0-9]([A-Za-z0-9 ._+-]{0,62}[A-Za-z0-9._+-])?$"
# `*` stands for any text.
PATTERN = r"^[A-Za-z0-9*._-]{1,100}$"
PATTERNS = 50
LONGEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What the index knows of a token: anything but the token.

    `projects` are patterns of the names it is for, none for all; without `expires_at` it does not
    expire; `digest` is the sha256 of the whole token.
    """

    id: str
    name: str
    permissions: frozenset[Permission]
    projects: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    digest: str = field(repr=False)

    @property
    def principal(self) -> Principal:
        """Who asks with it."""
        return Principal(name=self.name, permissions=self.permissions, projects=self.projects)

    def is_live(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create_token(
    engine: Engine,
    *,
    name: str,
    permissions: Collection[Permission],
    projects: Collection[str] = (),
    lifetime: timedelta | None,
    actor: str,
) -> tuple[Token, str]:
    """A new token, and its text: nobody can read that again.

    Raises BadRequest, and Conflict where a live token has this name: the log tells tokens by it.
    """
    _check(name, permissions, projects, lifetime)
    now = datetime.now(UTC)
    identity = secrets.token_hex(6)
    text = f"porter_{identity}_{secrets.token_urlsafe(SECRET_BYTES)}"
    token = Token(
        id=identity,
        name=name,
        permissions=frozenset(permissions),
        projects=normalize_patterns(projects),
        created_at=now,
        created_by=actor,
        expires_at=None if lifetime is None else now + lifetime,
        revoked_at=None,
        digest=digest_of(text),
    )
    detail = " ".join((*sorted(token.permissions), *token.projects))
    with changing(engine, actor, "create token", f"{name} ({identity})", detail) as connection:
        if any(other.name == name and other.is_live(now) for other in _select(connection)):
            raise Conflict(f"there is a token {name} already", advice="choose another name")
        connection.execute(insert(tokens).values(**_row(token)))
    return token, text


def list_tokens(engine: Engine) -> list[Token]:
    """Every token there ever was, the oldest first."""
    with reading(engine) as connection:
        return _select(connection)


def revoke_token(engine: Engine, identity: str, *, actor: str) -> Token:
    """Have a token be refused from now on, by every server within a second; what it was.

    Raises NotHere where there is no such token, or it is revoked already.
    """
    token = read_token(engine, identity)
    if token is None or token.revoked_at is not None:
        raise NotHere(f"there is no token {identity} to revoke", advice="porter index token list")
    subject = f"{token.name} ({identity})"
    with changing(engine, actor, "revoke token", subject) as connection:
        live = (tokens.c.id == identity, tokens.c.revoked_at.is_(None))
        done = connection.execute(update(tokens).where(*live).values(revoked_at=datetime.now(UTC)))
        if done.rowcount == 0:
            raise NotHere(f"the token {identity} was revoked just now by somebody else")
    return token


def read_token(engine: Engine, identity: str) -> Token | None:
    """The token of an id, a revoked or expired one too."""
    with reading(engine) as connection:
        row = connection.execute(select(tokens).where(tokens.c.id == identity)).mappings().first()
    return None if row is None else _read(row)


def first_token(index: Holdings) -> str | None:
    """A token that may do everything, where there never was any token; else None."""
    engine = index.engine
    with reading(engine) as connection:
        if connection.scalar(select(func.count()).select_from(tokens)):
            return None
    try:
        return create_token(
            engine, name="first", permissions=(Permission.ADMIN,), lifetime=None, actor="serve"
        )[1]
    except Conflict:
        # Another server of the same database was first, and told it.
        return None


def parse_token(text: str) -> str:
    """The id in a token's text; raises NotAuthenticated."""
    match = TOKEN.fullmatch(text)
    if match is None:
        raise NotAuthenticated(
            "this is no token of an index", advice="user __token__, password the token"
        )
    return match[1]


def check_token(token: Token | None, text: str, now: datetime) -> Token:
    """The token, if this is its text and it may still be used; raises NotAuthenticated."""
    if token is None or not hmac.compare_digest(token.digest, digest_of(text)):
        raise NotAuthenticated("this index did not make that token", advice="ask for a new one")
    if not token.is_live(now):
        how = "expired" if token.revoked_at is None else "was revoked"
        raise NotAuthenticated(f"the token {token.name} {how}", advice="ask for a new one")
    return token


def digest_of(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def normalize_patterns(projects: Collection[str]) -> tuple[str, ...]:
    """Patterns of project names as these are compared (PEP 503), each once."""
    return tuple(dict.fromkeys(canonicalize_name(pattern) for pattern in projects))


def _check(
    name: str,
    permissions: Collection[Permission],
    projects: Collection[str],
    lifetime: timedelta | None,
) -> None:
    if not re.fullmatch(NAME, name):
        raise BadRequest(
            f"{name!r} is no name for a token", advice="letters, digits, spaces and ._+-, up to 64"
        )
    if not permissions:
        raise BadRequest("a token that may do nothing", advice="one of read, upload, admin")
    for pattern in projects:
        if not re.fullmatch(PATTERN, pattern):
            raise BadRequest(f"{pattern!r} is no pattern of project names", advice="such as acme-*")
    if len(projects) > PATTERNS:
        raise BadRequest(f"more than {PATTERNS} patterns", advice="make them wider, with *")
    if lifetime is not None and not timedelta() < lifetime <= LONGEST:
        raise BadRequest(f"a token lives at least a moment and at most {LONGEST.days} days")


def _select(connection: Connection) -> list[Token]:
    query = select(tokens).order_by(tokens.c.created_at, tokens.c.id)
    return [_read(row) for row in connection.execute(query).mappings()]


def _row(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "hash": token.digest,
        "scopes": " ".join(sorted(token.permissions)),
        "projects": " ".join(token.projects),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "created_by": token.created_by,
    }


def _read(row: Mapping[Any, Any]) -> Token:
    expires, revoked = row["expires_at"], row["revoked_at"]
    return Token(
        id=row["id"],
        name=row["name"],
        permissions=frozenset(map(Permission, row["scopes"].split())),
        projects=tuple(row["projects"].split()),
        created_at=as_utc(row["created_at"]),
        created_by=row["created_by"],
        expires_at=None if expires is None else as_utc(expires),
        revoked_at=None if revoked is None else as_utc(revoked),
        digest=row["hash"],
    )
