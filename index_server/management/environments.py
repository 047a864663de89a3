"""Environments: requirements whose lock file stays as it is."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from index_server.errors import NotHere
from index_server.holdings import Holdings
from index_server.management.documents import Document, Moment
from index_server.management.problems import problems
from index_server.people.access import Permission, require
from index_server.runtimes.environments import (
    create_environment,
    list_environments,
    read_environment,
)
from index_server.runtimes.locks import MOST
from index_server.web.address import base_of

LONGEST = 500


class NewEnvironment(Document):
    """An environment to be made."""

    platform: str = Field(max_length=16, description="A Pyodide release by its short name.")
    requirements: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=LONGEST)], ...],
        Field(min_length=1, max_length=MOST, description="PEP 508."),
    ]


class EnvironmentDocument(Document):
    """An environment: `lock_file` is the address of what it was resolved to."""

    id: str
    platform: str
    requirements: tuple[str, ...]
    packages: dict[str, str] = Field(description="The version of each package.")
    created_at: Moment
    created_by: str
    lock_file: str


class EnvironmentList(Document):
    """Every environment, the newest first."""

    environments: tuple[EnvironmentDocument, ...]


def router(index: Holdings) -> APIRouter:
    """`/environments`."""
    api = APIRouter(prefix="/environments", tags=["environments"])

    @api.get("", responses=problems())
    def show_environments(request: Request) -> EnvironmentList:
        """Every environment; `read`."""
        require(request.scope, Permission.READ)
        base = base_of(request.scope)
        found = [environment.summary(base) for environment in list_environments(index)]
        return EnvironmentList.model_validate({"environments": found})

    @api.post("", status_code=201, responses=problems(404))
    def make_environment(request: Request, wanted: NewEnvironment) -> EnvironmentDocument:
        """Resolve requirements as they are met now, and keep the answer; `upload`."""
        caller = require(request.scope, Permission.UPLOAD)
        platform = index.platforms.get(wanted.platform)
        if platform is None:
            known = ", ".join(index.platforms)
            raise NotHere(f"no such platform is served here; there are {known}")
        name = create_environment(index, platform, wanted.requirements, caller.name)
        summary = read_environment(index, name).summary(base_of(request.scope))
        return EnvironmentDocument.model_validate(summary)

    return api
