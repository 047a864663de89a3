"""What a server has of a Pyodide release: the runtime's files, micropip, and what was laid beside.

Of the packages of a release's own lock file only those are there whose files somebody put into
`runtime/RELEASE/` of the data folder, and then only where the hash is the lock file's.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name, parse_wheel_filename

from index_server.runtimes.needs import read_needs
from index_server.runtimes.offers import Offer
from porter.home import Home, hash_file
from porter.pinned import fetch_pinned, read_pinned
from porter.platform import Platform
from porter.runtime import fetch_runtime

LOCK = "pyodide-lock.json"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeFile:
    """One file below `/r/PLATFORM/runtime/`; `size` in bytes."""

    path: Path
    sha256: str
    size: int

    @property
    def content_type(self) -> str:
        """By its name."""
        return TYPES.get(self.path.suffix, "application/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What is there of one release: `info` of its lock file, files by name, and their packages.

    `offers` are by project; `stamp` changes with what is there.
    """

    platform: Platform
    info: Mapping[str, str]
    files: Mapping[str, RuntimeFile]
    offers: Mapping[str, tuple[Offer, ...]]
    stamp: str


@dataclass(slots=True)
class Digests:
    """The hashes of files that were read before, as long as size and time are the same."""

    known: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def file(self, path: Path) -> RuntimeFile:
        """A file with its hash."""
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        if key not in self.known:
            self.known[key] = hash_file(path)
        return RuntimeFile(path=path, sha256=self.known[key], size=stat.st_size)


def fill_shelf(
    platform: Platform, beside: Path, *, home: Home, env: Mapping[str, str], digests: Digests
) -> Shelf:
    """What there is of a release, fetched the first time; `beside` is the folder of further files.

    Raises what fetch_runtime and fetch_pinned do.
    """
    runtime = fetch_runtime(platform, home=home, env=env)
    lock = runtime.lock()
    files = {path.name: digests.file(path) for path in _runtime_files(runtime.folder)}
    micropip = digests.file(fetch_pinned(read_pinned("micropip"), home=home, env=env))
    files[micropip.path.name] = micropip
    own = _wheel_offer(micropip, platform)
    offers = {own.project: (own,)}
    promised = {package["file_name"]: (name, package) for name, package in lock["packages"].items()}
    for path in _files(beside):
        name, package = promised.get(path.name, ("", {}))
        if package and (file := digests.file(path)).sha256 == package["sha256"]:
            # Where micropip is laid beside, its release's own is the one that is served.
            files[path.name] = file
            offers[name] = (_package_offer(name, package, file, platform),)
    listed = json.dumps([(name, file.sha256) for name, file in sorted(files.items())])
    stamp = hashlib.sha256(listed.encode()).hexdigest()
    return Shelf(platform=platform, info=lock["info"], files=files, offers=offers, stamp=stamp)


def runtime_path(platform: Platform, file: RuntimeFile) -> str:
    """Where a file is below the index's address, by content: it never changes there."""
    return f"/r/{platform.name}/runtime/{file.sha256}/{quote(file.path.name)}"


def _runtime_files(folder: Path) -> Iterator[Path]:
    """npm's package, but its lock file, which is merged, and its pages, which need a CDN.

    A page of someone else's would run in the origin that people log in to.
    """
    for path in _files(folder):
        if path.name != LOCK and path.suffix != ".html":
            yield path


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                yield path


def _wheel_offer(file: RuntimeFile, platform: Platform) -> Offer:
    """A pure wheel as its METADATA tells."""
    name, version, _, _ = parse_wheel_filename(file.path.name)
    needs = read_needs(file.path)
    return Offer(
        project=name,
        version=str(version),
        path=runtime_path(platform, file),
        filename=file.path.name,
        sha256=file.sha256,
        requires=needs.requires,
        imports=needs.imports,
    )


def _package_offer(
    name: str, package: Mapping[str, Any], file: RuntimeFile, platform: Platform
) -> Offer:
    """A package of the release's lock file."""
    return Offer(
        project=canonicalize_name(name),
        version=package["version"],
        path=runtime_path(platform, file),
        filename=file.path.name,
        sha256=file.sha256,
        requires=tuple(package["depends"]),
        imports=tuple(package["imports"]),
        install_dir=package["install_dir"],
        package_type=package["package_type"],
    )
