"""Who asks, and path tokens for their browsers."""

from datetime import timedelta

from fastapi import APIRouter, Request

from index_server.errors import NotAuthenticated
from index_server.holdings import Holdings
from index_server.management.documents import Caller, NewPathToken, PathTokenDocument
from index_server.management.problems import problems
from index_server.people.access import ANYBODY, Principal, principal_of
from index_server.people.authenticate import HOLDER
from index_server.people.pathtokens import make_path_token
from index_server.people.verify import read_key
from index_server.web.address import BASE


def router(index: Holdings) -> APIRouter:
    """`/whoami` and `/path-tokens`."""
    api = APIRouter(tags=["callers"])

    @api.get("/whoami", responses=problems())
    def who_am_i(request: Request) -> Caller:
        """Who the credential is, and what it may do."""
        caller = require_anybody_known(request)
        return Caller(
            name=caller.name,
            permissions=tuple(sorted(caller.permissions)),
            projects=caller.projects,
        )

    @api.post("/path-tokens", status_code=201, responses=problems())
    def create_path_token(request: Request, wanted: NewPathToken) -> PathTokenDocument:
        """Make a token that reads, to be put into the path of addresses for browsers; `read`."""
        caller = require_anybody_known(request)
        text, grant = make_path_token(
            read_key(index),
            holder=request.scope[HOLDER],
            maker=caller,
            projects=wanted.projects,
            lifetime=timedelta(seconds=wanted.seconds),
        )
        return PathTokenDocument(
            token=text,
            url=f"{request.scope[BASE]}/t/{text}/",
            projects=grant.projects,
            expires_at=grant.expires_at,
        )

    return api


def require_anybody_known(request: Request) -> Principal:
    """Who asks; raises NotAuthenticated where that is not known."""
    caller = principal_of(request.scope)
    if caller is ANYBODY:
        raise NotAuthenticated("this needs a token", advice="user __token__, password the token")
    return caller
