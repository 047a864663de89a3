"""Projects: listed, shown, and their status."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from packaging.utils import canonicalize_name

from index_server.errors import NotHere
from index_server.holdings import Holdings
from index_server.management.documents import (
    ProjectDocument,
    ProjectPage,
    ProjectSummary,
    StatusChange,
)
from index_server.management.files import list_files
from index_server.management.problems import problems
from index_server.model import File, ProjectDetail
from index_server.pages.overview import seen
from index_server.people.access import Permission, require
from index_server.records.database import set_status

# PEP 508's names.
NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
type Name = Annotated[str, Path(pattern=NAME, max_length=255)]
type After = Annotated[str, Query(pattern=f"{NAME}|^$", max_length=255)]
type Limit = Annotated[int, Query(ge=1, le=1000)]


def router(index: Holdings) -> APIRouter:
    """`/projects`."""
    api = APIRouter(tags=["projects"])

    @api.get("/projects", responses=problems())
    def list_projects(request: Request, after: After = "", limit: Limit = 100) -> ProjectPage:
        """Projects in the order of their names, those `after` one; `read`."""
        caller = require(request.scope, Permission.READ)
        snapshot = index.snapshot
        start = canonicalize_name(after) if after else ""
        names = sorted(name for name in snapshot.projects if name > start)
        chosen = [snapshot.projects[name] for name in names[:limit]]
        return ProjectPage(
            serial=snapshot.serial,
            projects=tuple(
                summarize(
                    project, seen(project, hidden=caller.may(Permission.UPLOAD, project.name))
                )
                for project in chosen
            ),
            next=chosen[-1].name if len(names) > limit else None,
        )

    @api.get("/projects/{project}", responses=problems(404))
    def show_project(request: Request, project: Name) -> ProjectDocument:
        """A project with the files that the caller may see; `read`."""
        name = canonicalize_name(project)
        caller = require(request.scope, Permission.READ, name)
        return _document(request, name, hidden=caller.may(Permission.UPLOAD, name))

    @api.put("/projects/{project}/status", responses=problems(404))
    def change_status(request: Request, project: Name, change: StatusChange) -> ProjectDocument:
        """Archive, deprecate or quarantine a project, or make it active again; `admin`."""
        name = canonicalize_name(project)
        caller = require(request.scope, Permission.ADMIN, name)
        set_status(index.engine, name, change.status, change.reason, actor=caller.name)
        index.refresh()
        return _document(request, name, hidden=True)

    def _document(request: Request, name: str, *, hidden: bool) -> ProjectDocument:
        found = index.snapshot.projects.get(name)
        if found is None:
            raise NotHere(f"this index has no project {name}")
        return ProjectDocument(
            name=found.name,
            shown=found.shown,
            status=found.status,
            status_reason=found.status_reason,
            serial=found.serial,
            files=list_files(request, seen(found, hidden=hidden)),
        )

    return api


def summarize(project: ProjectDetail, files: tuple[File, ...]) -> ProjectSummary:
    """A project in a list, with what the caller sees of it."""
    ordered = sorted(files, key=lambda file: file.parsed_version)
    return ProjectSummary(
        name=project.name,
        shown=project.shown,
        status=project.status,
        status_reason=project.status_reason,
        serial=project.serial,
        files=len(files),
        versions=tuple(dict.fromkeys(file.version for file in ordered)),
    )
