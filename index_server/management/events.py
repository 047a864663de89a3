"""The audit log."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from packaging.utils import canonicalize_name

from index_server.holdings import Holdings
from index_server.management.documents import EventDocument, EventPage
from index_server.management.problems import problems
from index_server.people.access import Permission, require
from index_server.records.changes import read_entries

# The database's numbers go up to here.
LAST = 2**31 - 1
type Of = Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]*$", max_length=255)]
type Before = Annotated[int | None, Query(ge=1, le=LAST)]


def router(index: Holdings) -> APIRouter:
    """`/events`."""
    api = APIRouter(tags=["events"])

    @api.get("/events", responses=problems())
    def list_events(
        request: Request,
        project: Of = "",
        before: Before = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> EventPage:
        """The log, the newest first, older than the line `before`; `admin`, of one project's too."""
        name = canonicalize_name(project)
        require(request.scope, Permission.ADMIN, name)
        found = read_entries(index.engine, project=name, limit=limit + 1, before=before)
        shown = found[:limit]
        return EventPage(
            events=tuple(EventDocument(**asdict(entry)) for entry in shown),
            next=shown[-1].id if len(found) > limit else None,
        )

    return api
