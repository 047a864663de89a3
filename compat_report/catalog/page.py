"""A project's page of the Simple API (PEP 503, 691, 700, 592), as far as an installer needs it; pure."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlparse

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

SDIST = "sdist"
WHEEL = "wheel"
JSON = "application/vnd.pypi.simple.v1+json"
HTML = ("application/vnd.pypi.simple.v1+html", "text/html")
# Files that a runtime of this kind may be able to install: all else is only counted.
PORTABLE = ("-none-any.whl", "wasm32.whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedWheel:
    """One wheel. `sha256` is "" where the index does not tell it, `size` in bytes or None.

    `metadata` says whether the core metadata can be had beside it (PEP 658), as its sha256 or
    "unhashed"; "" where not. `requires_python` is what the index says of it.
    """

    filename: str
    url: str
    version: str
    sha256: str = ""
    size: int | None = None
    metadata: str = ""
    yanked: bool = False
    requires_python: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an index has of one project, as normalised.

    `wheels` are those that may be installable, in the page's order; `versions` all there are,
    with the kinds of files beside these: "sdist", "wheel", both with a space between, or "".
    `other` is one of the newest of the wheels for other platforms.
    """

    name: str
    wheels: tuple[IndexedWheel, ...] = ()
    versions: Mapping[str, str]
    other: IndexedWheel | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of files of all versions, but those that may be installable."""
        return frozenset(kind for kinds in self.versions.values() for kind in kinds.split())


def parse_page(name: str, kind: str, body: bytes, url: str) -> Page:
    """A page from an answer of content type `kind`, its links relative to `url`.

    Raises ValueError for anything that is not the page of the project `name`.
    """
    kind = kind.partition(";")[0].strip().lower()
    try:
        if kind in (JSON, "application/json"):
            return _parse_json(name, body, url)
        if kind in HTML:
            return _parse_html(name, body, url)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a project's page ({type(error).__name__})") from error
    raise ValueError(f"an answer of type {kind or 'unknown'}")


def _parse_json(name: str, body: bytes, url: str) -> Page:
    import orjson

    data = orjson.loads(body)
    told = canonicalize_name(str(data["name"]))
    if told != name:
        raise ValueError("the page of another project")
    files = []
    for file in data["files"]:
        metadata = file.get("core-metadata", file.get("data-dist-info-metadata", False))
        digest = metadata.get("sha256", "") if isinstance(metadata, dict) else ""
        files.append(
            IndexedWheel(
                filename=str(file["filename"]),
                url=urljoin(url, str(file["url"])),
                version="",
                sha256=str(file["hashes"].get("sha256", "")).lower(),
                size=file["size"] if isinstance(file.get("size"), int) else None,
                metadata=(digest or "unhashed") if metadata else "",
                yanked=bool(file.get("yanked", False)),
                requires_python=str(file.get("requires-python") or ""),
            )
        )
    return make_page(name, files, [str(version) for version in data.get("versions", ())])


def _parse_html(name: str, body: bytes, url: str) -> Page:
    from pypi_simple import ProjectPage

    page = ProjectPage.from_html(name, body.decode("utf-8", "replace"), base_url=url)
    files = [
        IndexedWheel(
            filename=package.filename,
            url=package.url,
            version="",
            sha256=(package.digests or {}).get("sha256", "").lower(),
            size=package.size,
            metadata=_html_metadata(package.has_metadata, package.metadata_digests),
            yanked=bool(package.is_yanked),
            requires_python=package.requires_python or "",
        )
        for package in page.packages
    ]
    found = make_page(name, files, [])
    # A login page has links too.
    if not found.versions and b"pypi:repository-version" not in body:
        raise ValueError("a page that lists no files of it")
    return found


def _html_metadata(has: bool | None, digests: Mapping[str, str] | None) -> str:  # noqa: FBT001
    return ((digests or {}).get("sha256") or "unhashed") if has else ""


def make_page(name: str, files: list[IndexedWheel], versions: list[str]) -> Page:
    """A page of files; those of other projects among them do not count."""
    kinds: dict[Version, set[str]] = {}
    for text in versions:
        with contextlib.suppress(InvalidVersion):
            kinds.setdefault(Version(text), set())
    wheels: list[IndexedWheel] = []
    other: tuple[Version, IndexedWheel] | None = None
    for file in files:
        parsed = _parse_filename(file.filename)
        if parsed is None or parsed[0] != name or urlparse(file.url).scheme not in _SCHEMES:
            continue
        _, version, kind = parsed
        found = kinds.setdefault(version, set())
        if kind == WHEEL and _is_portable(file.filename):
            wheels.append(_with_version(file, version))
            continue
        found.add(kind)
        if kind == WHEEL and (other is None or version > other[0]):
            other = version, _with_version(file, version)
    return Page(
        name=name,
        wheels=tuple(wheels),
        versions={str(version): " ".join(sorted(found)) for version, found in kinds.items()},
        other=other[1] if other is not None else None,
    )


_SCHEMES = ("http", "https")


def _is_portable(filename: str) -> bool:
    return filename.endswith(PORTABLE) or "emscripten" in filename


def _with_version(file: IndexedWheel, version: Version) -> IndexedWheel:
    return replace(file, version=str(version))


def _parse_filename(filename: str) -> tuple[str, Version, str] | None:
    with contextlib.suppress(InvalidWheelFilename, InvalidVersion):
        name, version, _, _ = parse_wheel_filename(filename)
        return name, version, WHEEL
    with contextlib.suppress(InvalidSdistFilename, InvalidVersion):
        name, version = parse_sdist_filename(filename)
        return name, version, SDIST
    return None


def page_as_document(page: Page) -> dict[str, Any]:
    """A page as JSON can hold it."""
    return asdict(page)


def parse_document(data: Mapping[str, Any]) -> Page:
    """The page of what `page_as_document` made; raises KeyError or TypeError for anything else."""
    other = data["other"]
    return Page(
        name=data["name"],
        wheels=tuple(IndexedWheel(**wheel) for wheel in data["wheels"]),
        versions=dict(data["versions"]),
        other=IndexedWheel(**other) if other is not None else None,
    )
