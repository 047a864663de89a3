"""Projects as the Simple repository API writes them, in JSON and in HTML; pure.

JSON is PEP 691's with the fields of PEP 700 (versions, size, upload-time), PEP 714
(core-metadata, and the older name of PEP 658 that old clients know), PEP 740 (provenance) and
PEP 792 (project-status); HTML is PEP 503's with the attributes of PEP 592, 629, 714, 740 and 792.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from index_server.model import UNKNOWN_TIME, File, ProjectDetail, ProjectList

API_VERSION = "1.4"
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
LEGACY_HTML = "text/html"


def file_url(file: File, base: str) -> str:
    """The absolute address of a file: micropip takes no relative ones."""
    place = "upstream" if file.uploaded_by == "upstream" else "files"
    return f"{base}/{place}/{quote(file.key)}"


def provenance_url(file: File, base: str) -> str:
    """Where a file's attestations are (PEP 740)."""
    parts = (file.project, file.version, file.filename, "provenance")
    return f"{base}/integrity/{'/'.join(quote(part) for part in parts)}"


def serialize_list(projects: ProjectList) -> bytes:
    """The list of projects in JSON."""
    document = {
        "meta": {"api-version": API_VERSION, "_last-serial": projects.serial},
        "projects": [{"name": name} for name in projects.names],
    }
    return _dump(document)


def serialize_detail(project: ProjectDetail, files: Sequence[File], base: str) -> bytes:
    """A project with those of its files that a view lists, in JSON."""
    status = {"status": project.status.value}
    if project.status_reason:
        status["reason"] = project.status_reason
    document = {
        "meta": {"api-version": API_VERSION, "_last-serial": project.serial},
        "name": project.name,
        "project-status": status,
        "versions": list(dict.fromkeys(file.version for file in files)),
        "files": [_file(file, base) for file in files],
    }
    return _dump(document)


def _file(file: File, base: str) -> dict[str, object]:
    entry: dict[str, object] = {
        "filename": file.filename,
        "url": file_url(file, base),
        "hashes": {"sha256": file.sha256},
    }
    if file.size:
        entry["size"] = file.size
    if file.uploaded_at != UNKNOWN_TIME:
        entry["upload-time"] = format_moment(file.uploaded_at)
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.yanked is not None:
        # A reason, where there is one; an empty text would read as no (PEP 691).
        entry["yanked"] = file.yanked or True
    # Left out where there is none: to micropip even `false` means that it can be had.
    if file.metadata_sha256:
        entry["core-metadata"] = {"sha256": file.metadata_sha256}
        entry["data-dist-info-metadata"] = {"sha256": file.metadata_sha256}
    if file.attested:
        entry["provenance"] = provenance_url(file, base)
    return entry


def render_list(projects: ProjectList, base: str, path: str) -> bytes:
    """The list of projects in HTML; `path` is the view's."""
    links = (
        f'<a href="{escape(f"{base}{path}/simple/{name}/")}">{escape(name)}</a><br>'
        for name in projects.names
    )
    return _page("Projects", [], links)


def render_detail(project: ProjectDetail, files: Sequence[File], base: str) -> bytes:
    """A project with those of its files that a view lists, in HTML."""
    metas = [("pypi:project-status", project.status.value)]
    if project.status_reason:
        metas.append(("pypi:project-status-reason", project.status_reason))
    return _page(project.name, metas, (_link(file, base) for file in files))


def _link(file: File, base: str) -> str:
    attributes = {"href": f"{file_url(file, base)}#sha256={file.sha256}"}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not None:
        attributes["data-yanked"] = file.yanked
    if file.metadata_sha256:
        attributes["data-core-metadata"] = f"sha256={file.metadata_sha256}"
        attributes["data-dist-info-metadata"] = f"sha256={file.metadata_sha256}"
    if file.attested:
        attributes["data-provenance"] = provenance_url(file, base)
    words = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {words}>{escape(file.filename)}</a><br>"


def _page(title: str, metas: Sequence[tuple[str, str]], links: Iterable[str]) -> bytes:
    head = "".join(
        f'<meta name="{name}" content="{escape(value)}">\n'
        for name, value in [("pypi:repository-version", API_VERSION), *metas]
    )
    body = "\n".join(links)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{head}'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{body}\n</body>\n</html>\n"
    ).encode()


def format_moment(moment: datetime) -> str:
    """A moment as PEP 700 has it: `2026-11-25T21:49:35.968989Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _dump(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
