"""What upstream's page of a project promises: its files, each with its hash. Pure."""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from index_server.errors import UpstreamFailed
from index_server.model import UNKNOWN_TIME, File, ProjectDetail, Status
from index_server.public.policy import normalise

if TYPE_CHECKING:
    from pypi_simple import DistributionPackage

# Raised when what is kept of a page changes.
SCHEME = 1
HASH = re.compile(r"[0-9a-f]{64}")
FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,239}")
# What is kept of a promised file; the rest is the same of all.
KEPT = ("version", "filename", "size", "sha256", "requires_python", "metadata_sha256", "yanked")
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
JSON_TYPES = ("application/vnd.pypi.simple.v1+json", "application/json")
HTML_TYPES = ("application/vnd.pypi.simple.v1+html", "text/html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A file that upstream has: what is listed of it here, and where it is there."""

    file: File
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Upstream's answer about a project.

    `etag` is upstream's; a page whose `status` is quarantined (PEP 792) has no promises.
    `unhashed` are wheels and sdists that it lists and promises nothing of: without a sha256.
    """

    name: str
    promises: tuple[Promise, ...]
    status: Status = Status.ACTIVE
    status_reason: str = ""
    etag: str = ""
    unhashed: tuple[str, ...] = ()

    def find(self, filename: str, sha256: str) -> Promise | None:
        """The promise of a file of this name and these bytes."""
        for promise in self.promises:
            if promise.file.filename == filename and promise.file.sha256 == sha256:
                return promise
        return None

    def detail(self, learned: Mapping[str, str]) -> ProjectDetail:
        """The project as it is listed here.

        `learned` are hashes of METADATA by the wheel's: found in the wheel itself where upstream
        promised none, or empty where what upstream promised could not be had.
        """
        files = (
            replace(p.file, metadata_sha256=learned[p.file.sha256])
            if p.file.sha256 in learned
            else p.file
            for p in self.promises
        )
        return ProjectDetail(
            name=self.name,
            shown=self.name,
            serial=0,
            files=tuple(files),
            status=self.status,
            status_reason=self.status_reason,
        )


def parse_page(body: bytes, *, content_type: str, url: str, name: str) -> Page:
    """Upstream's page of the project `name`, from JSON (PEP 691) or HTML (PEP 503).

    `url` is where it came from. Raises UpstreamFailed for what is no such page: something else
    that answers in upstream's place, such as a network's login page, is no list of no files.
    """
    # Importing the parser takes long: only who asks another index pays.
    from pypi_simple import ProjectPage, UnsupportedRepoVersionError

    kind = _kind(content_type)
    try:
        if kind in JSON_TYPES:
            page = ProjectPage.from_json_data(json.loads(body), url)
        elif kind in HTML_TYPES:
            page = ProjectPage.from_html(name, body, url)
            named = any(_parse_filename(package.filename) for package in page.packages)
            if not named and page.repository_version is None:
                raise ValueError("neither a file nor a version of the API is on it")
        else:
            raise ValueError(f"its type is {kind!r}")
        if canonicalize_name(page.project) != name:
            raise ValueError("it is about another project")
    except (ValueError, RecursionError, UnsupportedRepoVersionError) as error:
        raise _no_page(f"about {name}", error) from error
    status = Status(page.status.value) if page.status else Status.ACTIVE
    packages = () if status is Status.QUARANTINED else page.packages
    found = {p.file.filename: p for package in packages if (p := _promise(package, name))}
    return Page(
        name=name,
        promises=tuple(found.values()),
        status=status,
        status_reason=page.status_reason or "",
        unhashed=tuple(
            package.filename
            for package in packages
            if package.filename not in found
            and (_parse_filename(package.filename) or ("",))[0] == name
        ),
    )


def parse_names(body: bytes, *, content_type: str) -> tuple[str, ...]:
    """The normalised names of an index's list of projects; raises UpstreamFailed."""
    from pypi_simple import IndexPage, UnsupportedRepoVersionError

    kind = _kind(content_type)
    try:
        if kind in JSON_TYPES:
            listed = IndexPage.from_json_data(json.loads(body)).projects
        elif kind in HTML_TYPES:
            listed = IndexPage.from_html(body).projects
        else:
            raise ValueError(f"its type is {kind!r}")
    except (ValueError, RecursionError, UnsupportedRepoVersionError) as error:
        raise _no_page("about its projects", error) from error
    return tuple(sorted({normal for name in listed if (normal := normalise(name))}))


def dump_page(page: Page) -> bytes:
    """A page to keep."""
    document = {
        "scheme": SCHEME,
        "name": page.name,
        "status": page.status.value,
        "status_reason": page.status_reason,
        "etag": page.etag,
        "files": [
            {
                **{name: getattr(promise.file, name) for name in KEPT},
                "uploaded_at": promise.file.uploaded_at.timestamp(),
                "url": promise.url,
            }
            for promise in page.promises
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def load_page(data: bytes) -> Page | None:
    """What `dump_page` wrote, None of anything else."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        document = json.loads(data)
        if document.pop("scheme") == SCHEME:
            name, status = document["name"], Status(document.pop("status"))
            promises = tuple(_load(entry, name) for entry in document.pop("files"))
            return Page(**document, status=status, promises=promises)
    return None


def _load(entry: dict[str, Any], project: str) -> Promise:
    url = entry.pop("url")
    moment = datetime.fromtimestamp(entry.pop("uploaded_at"), UTC)
    file = File(project=project, uploaded_at=moment, uploaded_by="upstream", **entry)
    return Promise(file=file, url=url)


def _promise(package: "DistributionPackage", project: str) -> Promise | None:
    """One entry of a page; None of what no client of ours could install, or should."""
    named = _parse_filename(package.filename)
    sha256 = package.digests.get("sha256", "").lower()
    # A page could list files of another project: none of those is a promise of this one.
    if named is None or named[0] != project or HASH.fullmatch(sha256) is None:
        return None
    if urlsplit(package.url).scheme not in ("http", "https"):
        return None
    digest = (package.metadata_digests or {}).get("sha256", "").lower()
    return Promise(
        file=File(
            project=project,
            version=named[1],
            filename=package.filename,
            size=max(package.size or 0, 0),
            sha256=sha256,
            uploaded_at=package.upload_time or UNKNOWN_TIME,
            uploaded_by="upstream",
            requires_python=package.requires_python or "",
            metadata_sha256=digest if HASH.fullmatch(digest) else "",
            yanked=(package.yanked_reason or "") if package.is_yanked else None,
        ),
        url=package.url,
    )


def _parse_filename(filename: str) -> tuple[str, str] | None:
    """(normalised project, version) of a wheel or an sdist."""
    if FILENAME.fullmatch(filename) is None:
        return None
    with contextlib.suppress(InvalidWheelFilename):
        name, version = parse_wheel_filename(filename)[:2]
        return name, str(version)
    with contextlib.suppress(InvalidSdistFilename):
        name, version = parse_sdist_filename(filename)
        return name, str(version)
    return None


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _no_page(what: str, error: Exception) -> UpstreamFailed:
    cause = str(error).partition("\n")[0]
    return UpstreamFailed(
        f"the other index's answer {what} is no page of the Simple API: {cause}",
        advice="see what its address leads to",
    )
