"""The Simple repository API and the files: what clients ask for most, answered first.

Requests are looked up as they come, by path and the headers that matter; what was answered before
and did not change is sent again without looking further.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from packaging.utils import canonicalize_name

from index_server.errors import NotHere
from index_server.holdings import Holdings
from index_server.model import File, ProjectDetail, ProjectList
from index_server.views import View, visible
from index_server.web.answers import API_CACHE, FILE_CACHE, Answer, answer_body
from index_server.web.negotiate import choose_encoding, choose_type
from index_server.web.serialize import (
    JSON,
    render_detail,
    render_list,
    serialize_detail,
    serialize_list,
)

SIMPLE = re.compile(
    r"(?P<staging>/staging)?(?:/r/(?P<platform>[a-z0-9.]+))?/simple(?:/+(?P<project>[^/]*))?(?P<rest>/*)"
)
FILE = re.compile(r"/files/(?P<head>[0-9a-f]{2})/(?P<tail>[0-9a-f]{62})/(?P<name>[^/]+)")
METADATA = ".metadata"
SMALL = 1 << 20
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def parse_view(match: re.Match[str], index: Holdings) -> View:
    """The view of a matched path; raises NotHere for a platform that is not served."""
    name = match["platform"]
    platform = index.platforms.get(name) if name else None
    if name and platform is None:
        known = ", ".join(index.platforms)
        raise NotHere(f"no platform {name} is served here", advice=f"there are {known}")
    return View(platform=platform, staging=bool(match["staging"]))


def list_projects(index: Holdings, view: View) -> ProjectList:
    """The projects that have something to show in a view; all of them, empty ones too, in none."""
    projects = index.snapshot.projects.values()
    names = sorted(
        project.name
        for project in projects
        if view.platform is None or visible(project, platform=view.platform, staging=view.staging)
    )
    return ProjectList(names=tuple(names), serial=index.snapshot.serial)


def answer_list(index: Holdings, view: View, base: str, headers: Mapping[str, str]) -> Answer:
    """The list of projects, as the client asked for it."""
    content_type = choose_type(headers.get("accept", ""))
    if content_type is None:
        return not_acceptable()
    projects = list_projects(index, view)
    if content_type == JSON:
        body = serialize_list(projects)
    else:
        body = render_list(projects, base, view.path)
    return answer_body(
        body,
        _typed(content_type),
        cache=API_CACHE,
        encoding=choose_encoding(headers.get("accept-encoding", "")),
        serial=index.snapshot.serial,
    )


def answer_project(
    project: ProjectDetail, view: View, base: str, headers: Mapping[str, str]
) -> Answer:
    """A project's page, as the client asked for it."""
    content_type = choose_type(headers.get("accept", ""))
    if content_type is None:
        return not_acceptable()
    files = visible(project, platform=view.platform, staging=view.staging)
    render = serialize_detail if content_type == JSON else render_detail
    return answer_body(
        render(project, files, base),
        _typed(content_type),
        cache=API_CACHE,
        encoding=choose_encoding(headers.get("accept-encoding", "")),
        project=project.name,
        serial=project.serial,
    )


def canonical_path(match: re.Match[str], view: View) -> str | None:
    """Where a request should have gone (PEP 503), None where it went there.

    micropip asks `//NAME/` of an index whose address ends in a slash: that is answered, not sent
    elsewhere.
    """
    project = match["project"]
    if not project:
        return None if match[0].endswith("/") else f"{view.path}/simple/"
    name = canonicalize_name(project)
    if project == name and match["rest"]:
        return None
    return f"{view.path}/simple/{quote(name)}/"


def find_file(index: Holdings, match: re.Match[str]) -> tuple[ProjectDetail, File]:
    """The file of a path below `/files/`; raises NotHere.

    One that is in quarantine is not there; a staged, yanked or archived one is: its address was
    told to those who may know.
    """
    filename = match["name"].removesuffix(METADATA)
    sha256 = match["head"] + match["tail"]
    project = index.snapshot.projects.get(canonicalize_name(filename.partition("-")[0]))
    if project is not None:
        for file in project.files:
            if file.filename == filename and file.sha256 == sha256 and not file.quarantine:
                return project, file
    raise NotHere(f"there is no file {filename} of that hash")


def answer_file(index: Holdings, match: re.Match[str]) -> Answer:
    """A file's bytes, or its METADATA's; raises NotHere."""
    project, file = find_file(index, match)
    if match["name"].endswith(METADATA):
        if not file.metadata_sha256:
            raise NotHere(f"{file.filename} has no metadata file")
        body = index.store.read(f"{file.key}{METADATA}")
        return answer_body(
            body,
            "text/plain; charset=utf-8",
            cache=FILE_CACHE,
            vary="Accept-Encoding",
            project=project.name,
            serial=project.serial,
            route="metadata",
        )
    etag = f'"{file.sha256}"'.encode()
    # From memory a small file costs half of what it costs to open it anew for each client.
    small = file.size <= SMALL
    kind = b"application/zip" if file.is_wheel else b"application/gzip"
    return Answer(
        status=200,
        headers=(
            (b"content-type", kind),
            (b"content-length", str(file.size).encode()),
            (b"etag", etag),
            (b"cache-control", FILE_CACHE.encode()),
            (b"accept-ranges", b"bytes"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"cross-origin"),
        ),
        body=index.store.read(file.key) if small else b"",
        path=None if small else index.store.path(file.key),
        etag=etag,
        project=project.name,
        serial=project.serial,
        route="file",
    )


def not_acceptable() -> Answer:
    """The 406 of a client that takes nothing this API has."""
    body = b"this API speaks application/vnd.pypi.simple.v1+json, v1+html and text/html\n"
    headers = ((b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode()))
    return Answer(status=406, headers=(*headers, (b"vary", b"Accept")), body=body)


def _typed(content_type: str) -> str:
    return content_type if content_type == JSON else f"{content_type}; charset=utf-8"
