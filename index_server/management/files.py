"""Files: shown, yanked, promoted, let out of quarantine, deleted."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from index_server.errors import NotHere
from index_server.holdings import Holdings
from index_server.management.documents import Audit, Because, FileDocument, Reason
from index_server.management.problems import problems
from index_server.model import File
from index_server.pages.overview import seen
from index_server.people.access import Permission, Principal, require
from index_server.records.database import promote, release, unyank, yank
from index_server.uploads.removal import remove_file
from index_server.web.address import base_of

# What a wheel's or an sdist's name is made of (PEP 427, 625).
FILENAME = r"^[A-Za-z0-9_.!+-]{1,255}$"
type Filename = Annotated[str, Path(pattern=FILENAME)]


def router(index: Holdings) -> APIRouter:  # noqa: C901 # one operation beside the other
    """`/files`."""
    api = APIRouter(prefix="/files", tags=["files"])

    @api.get("/{filename}", responses=problems(404))
    def show_file(request: Request, filename: Filename) -> FileDocument:
        """A file with its audits; `read`, and `upload` for one in staging or quarantine."""
        project = project_of(filename)
        caller = require(request.scope, Permission.READ, project)
        return _show(request, filename, hidden=caller.may(Permission.UPLOAD, project))

    @api.post("/{filename}/yank", responses=problems(404))
    def yank_file(request: Request, filename: Filename, because: Because) -> FileDocument:
        """Withdraw a file, which stays for those who pinned it (PEP 592); `upload`."""

        def act(caller: Principal) -> None:
            yank(index.engine, filename, because.reason, actor=caller.name)

        return _change(request, filename, Permission.UPLOAD, act)

    @api.post("/{filename}/unyank", responses=problems(404))
    def unyank_file(request: Request, filename: Filename) -> FileDocument:
        """Take a yank back; `upload`."""

        def act(caller: Principal) -> None:
            unyank(index.engine, filename, actor=caller.name)

        return _change(request, filename, Permission.UPLOAD, act)

    @api.post("/{filename}/promote", responses=problems(404, 409))
    def promote_file(request: Request, filename: Filename) -> FileDocument:
        """From staging to production; `upload`."""

        def act(caller: Principal) -> None:
            promote(index.engine, filename, actor=caller.name)

        return _change(request, filename, Permission.UPLOAD, act)

    @api.post("/{filename}/release", responses=problems(404, 409))
    def release_file(request: Request, filename: Filename, because: Because) -> FileDocument:
        """Out of quarantine; `admin`."""

        def act(caller: Principal) -> None:
            release(index.engine, filename, actor=caller.name, reason=because.reason)

        return _change(request, filename, Permission.ADMIN, act)

    @api.delete("/{filename}", status_code=204, responses=problems(404))
    def delete_file(
        request: Request, filename: Filename, reason: Annotated[Reason, Query()] = ""
    ) -> None:
        """Take a file away for good; its name is never used again; `admin`."""
        caller = require(request.scope, Permission.ADMIN, project_of(filename))
        remove_file(index, filename, actor=caller.name, reason=reason)

    def _change(
        request: Request,
        filename: str,
        permission: Permission,
        act: Callable[[Principal], None],
    ) -> FileDocument:
        act(require(request.scope, permission, project_of(filename)))
        index.refresh()
        return _show(request, filename, hidden=True)

    def _show(request: Request, filename: str, *, hidden: bool) -> FileDocument:
        project = index.snapshot.projects.get(project_of(filename))
        if project is not None:
            for file in seen(project, hidden=hidden):
                if file.filename == filename:
                    return describe_file(request, file)
        raise NotHere(f"there is no file {filename}")

    return api


def project_of(filename: str) -> str:
    """The project of a file, by its name; empty where the name is no file's."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[0]
        return parse_sdist_filename(filename)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""


def list_files(request: Request, files: Iterable[File]) -> tuple[FileDocument, ...]:
    """Files in the order of their versions."""
    ordered = sorted(files, key=lambda file: (file.parsed_version, file.filename))
    return tuple(describe_file(request, file) for file in ordered)


def describe_file(request: Request, file: File) -> FileDocument:
    """A file's document."""
    told = {
        entry.name: getattr(file, entry.name)
        for entry in fields(file)
        if entry.name in FileDocument.model_fields and entry.name != "audits"
    }
    head, tail = file.sha256[:2], file.sha256[2:]
    return FileDocument(
        **told,
        url=f"{base_of(request.scope)}/files/{head}/{tail}/{quote(file.filename)}",
        audits=tuple(Audit(**asdict(audit)) for audit in file.audits),
    )
