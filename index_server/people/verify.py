"""From a credential to who asks: remembered while nothing in the index changes.

A change of tokens raises the index's serial as any other does, and every server looks for a new
serial four times a second. So what is remembered is forgotten with the next serial, and a token
that was revoked is refused everywhere within a second.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from anyio.to_thread import run_sync

from index_server.errors import NotAuthenticated
from index_server.holdings import Holdings
from index_server.people.access import Permission, Principal
from index_server.people.grants import Grant, Holder, HolderKind, Kind, check_time, read_grant
from index_server.people.members import find_person
from index_server.people.tokens import Token, check_token, parse_token, read_token
from index_server.records.database import read_state

# So many tokens and signed texts are remembered at most.
LIMIT = 4096
# For so many seconds what is remembered counts while the database does not answer.
GRACE = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Who asks, and whose the credential is."""

    principal: Principal
    holder: Holder


class Verifier:
    """Verifies for one server process; used by its event loop alone."""

    def __init__(self, index: Holdings) -> None:
        self._index = index
        self._serial = -1
        self._tokens: dict[str, Token] = {}
        self._grants: dict[tuple[Kind, str], Grant] = {}
        self._key = ""

    async def key(self) -> str:
        """The key the index signs with: made once, kept in the database."""
        if not self._key:
            self._key = await run_sync(read_key, self._index)
        return self._key

    async def token(self, text: str) -> Verified:
        """Who has this token; raises NotAuthenticated, DatabaseAway."""
        identity = parse_token(text)
        token = check_token(await self._token(identity), text, datetime.now(UTC))
        holder = Holder(kind=HolderKind.TOKEN, name=token.id)
        return Verified(principal=token.principal, holder=holder)

    async def session(self, text: str) -> Verified:
        """Who is logged in with this cookie; raises NotAuthenticated, DatabaseAway."""
        grant = await self._grant(Kind.SESSION, text)
        return Verified(principal=await self._principal(grant.holder), holder=grant.holder)

    async def path(self, text: str) -> Verified:
        """Who reads with this path token: never more than read; raises as `session` does."""
        grant = await self._grant(Kind.PATH, text)
        maker = await self._principal(grant.holder)
        if not maker.permissions & {Permission.READ, Permission.ADMIN}:
            raise NotAuthenticated(f"{maker.name}, who made that path token, may not read")
        projects = grant.projects or maker.projects
        reader = Principal(
            name=maker.name, permissions=frozenset((Permission.READ,)), projects=projects
        )
        return Verified(principal=reader, holder=grant.holder)

    async def _principal(self, holder: Holder) -> Principal:
        """What a holder may do now, whatever it was when this was signed."""
        match holder.kind:
            case HolderKind.TOKEN:
                token = await self._token(holder.name)
                if token is None or not token.is_live(datetime.now(UTC)):
                    raise NotAuthenticated("the token behind this was revoked, or has expired")
                return token.principal
            case HolderKind.PERSON:
                found = find_person(self._index.settings.login, holder.name)
                if found is None:
                    raise NotAuthenticated(f"{holder.name} may not use this index any more")
                return found
            case HolderKind.MACHINE:
                return Principal(name=holder.name, permissions=frozenset((Permission.READ,)))

    async def _token(self, identity: str) -> Token | None:
        index = self._index
        serial = index.snapshot.serial
        if serial != self._serial or index.age > GRACE:
            self._tokens.clear()
            self._serial = serial
        found = self._tokens.get(identity)
        if found is None:
            found = await run_sync(read_token, index.engine, identity)
            # A change meanwhile may be one of this token. Who guesses ids fills nothing.
            if found is not None and index.snapshot.serial == serial == self._serial:
                _make_room(self._tokens)
                self._tokens[identity] = found
        return found

    async def _grant(self, kind: Kind, text: str) -> Grant:
        now = datetime.now(UTC)
        grant = self._grants.get((kind, text))
        if grant is None:
            grant = read_grant(await self.key(), kind, text, now)
            _make_room(self._grants)
            self._grants[kind, text] = grant
        check_time(kind, grant.expires_at, now)
        return grant


def read_key(index: Holdings) -> str:
    """The key that the index signs with; it is made when it is first asked for."""
    return read_state(index.engine, "signing-key", secrets.token_urlsafe(48))


def _make_room(kept: dict[str, Token] | dict[tuple[Kind, str], Grant]) -> None:
    if len(kept) >= LIMIT:
        kept.clear()
