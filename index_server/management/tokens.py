"""Tokens: made, listed, revoked."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from index_server.holdings import Holdings
from index_server.management.callers import require_anybody_known
from index_server.management.documents import MadeToken, NewToken, TokenDocument, TokenList
from index_server.management.problems import problems
from index_server.people.access import Permission, require
from index_server.people.authenticate import HOLDER
from index_server.people.grants import Holder, HolderKind
from index_server.people.tokens import Token, create_token, list_tokens, revoke_token

type Identity = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]


def router(index: Holdings) -> APIRouter:
    """`/tokens`."""
    api = APIRouter(prefix="/tokens", tags=["tokens"])

    @api.get("", responses=problems())
    def show_tokens(request: Request) -> TokenList:
        """Every token, revoked and expired ones too; `admin`."""
        require(request.scope, Permission.ADMIN)
        found = list_tokens(index.engine)
        return TokenList(tokens=tuple(TokenDocument(**describe_token(token)) for token in found))

    @api.post("", status_code=201, responses=problems(409))
    def make_token(request: Request, wanted: NewToken) -> MadeToken:
        """Make a token, whose text is told this once; `admin`."""
        caller = require(request.scope, Permission.ADMIN)
        token, text = create_token(
            index.engine,
            name=wanted.name,
            permissions=wanted.permissions,
            projects=wanted.projects,
            lifetime=None if wanted.days is None else timedelta(days=wanted.days),
            actor=caller.name,
        )
        index.refresh()
        return MadeToken(**describe_token(token), token=text)

    @api.delete("/{identity}", status_code=204, responses=problems(404))
    def remove_token(request: Request, identity: Identity) -> None:
        """Revoke a token; `admin`, or the token itself."""
        caller = require_anybody_known(request)
        if request.scope[HOLDER] != Holder(kind=HolderKind.TOKEN, name=identity):
            require(request.scope, Permission.ADMIN)
        revoke_token(index.engine, identity, actor=caller.name)
        index.refresh()

    return api


def describe_token(token: Token) -> dict[str, Any]:
    """What may be told of a token."""
    return {
        "id": token.id,
        "name": token.name,
        "permissions": tuple(sorted(token.permissions)),
        "projects": token.projects,
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
