"""Have a source's bytes at hand: from the network, from a folder fetched before, from the cache."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from packageurl import PackageURL
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from porter.errors import ConfigurationError, SourceNotFound, Unreachable
from porter.home import Home, hash_file, new_file
from porter.lookup import find_file
from porter.platform import Platform
from porter.pypi import IndexFile, fetch_file, fetch_release
from porter.source.debian import fetch_debian
from porter.source.git import fetch_git
from porter.source.model import Address, Debian, Fetched, Git, Source, mismatch
from porter.tree import hash_tree, list_tree
from porter.versioned import git_state, versioned_by_git

# What a folder of fetched sources says of itself: origin → sha256 and file name.
RECORD = "sources.json"
SHA256 = re.compile("[0-9a-f]{64}")


def fetch_source(
    source: Source,
    *,
    platform: Platform,
    home: Home,
    env: Mapping[str, str],
    out: Path | None = None,
    sources: Path | None = None,
) -> Fetched:
    """Have the source's bytes at hand, and know their hash. Raises HashMismatch, Unreachable.

    What lies in `out`, where the wheels go, is no source. `sources` is a folder that
    `porter fetch` filled: then nothing is fetched, and what is not in it is a SourceNotFound.
    """
    origin = source.origin
    if isinstance(origin, Path):
        return _at_hand(source, origin, out)
    if sources is not None:
        return _from_folder(source, sources)
    if isinstance(origin, PackageURL):
        return _fetch_sdist(source, origin, platform, home, env)
    if isinstance(origin, Git):
        path = fetch_git(origin, home=home, env=env)
        return Fetched(source=source, sha256=hash_file(path), path=path)
    if (kept := _kept(source, home)) is not None:
        return Fetched(source=source, sha256=source.sha256, path=kept)
    if isinstance(origin, Debian):
        path = fetch_debian(origin, source.sha256, home=home, env=env)
    else:
        path = _fetch_address(source, origin, home, env)
    return Fetched(source=source, sha256=source.sha256, path=path)


def locate_source(
    source: Source,
    *,
    home: Home,
    env: Mapping[str, str],
    out: Path | None = None,
    sources: Path | None = None,
) -> str:
    """The identity that the source will have, without fetching it; Fetched has the same.

    Only a package URL without a checksum has to ask the index. Raises as `fetch_source`.
    """
    if source.pinned and not isinstance(source.origin, Path):
        return source.pinned
    if isinstance(source.origin, Path):
        return _at_hand(source, source.origin, out).identity
    if sources is not None:
        return _from_folder(source, sources).identity
    assert isinstance(source.origin, PackageURL)  # noqa: S101 # the others are pinned
    return _sdist(source, source.origin, home, env).sha256


def kept_file(folder: Path, sha256: str, filename: str, *, put: Path | None = None) -> Path:
    """A file of a folder of fetched sources, by its hash; `put` there first where it is given.

    Raises SourceNotFound where it is not there, HashMismatch.
    """
    path = folder / sha256 / filename
    if put is not None and not path.is_file():
        with new_file(path) as file:
            shutil.copyfile(put, file)
    if not path.is_file():
        raise SourceNotFound(
            f"{filename} is not in {folder}",
            advice=f"where there is a network: porter fetch … --out {folder}",
        )
    if (found := hash_file(path)) != sha256:
        raise mismatch(str(path), found, sha256)
    return path


def write_sources(fetched: list[Fetched], folder: Path) -> None:
    """Fill a folder that `fetch_source` takes as `sources`; what lies there stays."""
    record = _read_record(folder)
    for item in fetched:
        if isinstance(item.source.origin, Path):
            continue
        kept_file(folder, item.sha256, item.path.name, put=item.path)
        record[item.source.where] = {"sha256": item.sha256, "filename": item.path.name}
    with new_file(folder / RECORD) as file:
        file.write_text(json.dumps(record, indent=1, sort_keys=True))


def _at_hand(source: Source, path: Path, out: Path | None) -> Fetched:
    if path.is_dir():
        entries = list_tree(path, leave_out=out)
        sha256 = hash_tree(entries)
        if versioned_by_git(path):
            sha256 = hashlib.sha256(f"{sha256}{git_state(path)}".encode()).hexdigest()
        return Fetched(source=source, sha256=sha256, path=path, entries=tuple(entries))
    found = hash_file(path)
    if source.sha256 and found != source.sha256:
        raise mismatch(str(path), found, source.sha256)
    return Fetched(source=source, sha256=found, path=path)


def _from_folder(source: Source, folder: Path) -> Fetched:
    told = _read_record(folder).get(source.where, {})
    sha256 = source.sha256 or told.get("sha256", "")
    known = SHA256.fullmatch(sha256)
    path = next(iter(sorted((folder / sha256).glob("*"))), None) if known else None
    if path is None:
        raise SourceNotFound(
            f"{source.name}: {source.where} is not in {folder}",
            advice=f"where there is a network: porter fetch … --out {folder}",
        )
    if (found := hash_file(path)) != sha256:
        raise mismatch(str(path), found, sha256)
    return Fetched(source=source, sha256=sha256, path=path)


def _read_record(folder: Path) -> dict[str, dict[str, str]]:
    try:
        data = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _sdist(source: Source, purl: PackageURL, home: Home, env: Mapping[str, str]) -> IndexFile:
    found = fetch_release(purl, home=home, env=env).sdist
    if found is None:
        raise SourceNotFound(
            f"{source.name} {purl.version} has no sdist on the index",
            advice="its sources must come from elsewhere: give the folder",
        )
    if source.sha256 and source.sha256 != found.sha256:
        raise mismatch(found.filename, found.sha256, source.sha256)
    return found


def _fetch_sdist(
    source: Source, purl: PackageURL, platform: Platform, home: Home, env: Mapping[str, str]
) -> Fetched:
    release = fetch_release(purl, home=home, env=env)
    wheel = release.installable(platform)
    note = f"the index already has {wheel.filename}: no port may be needed" if wheel else ""
    if release.sdist is None and note:
        raise SourceNotFound(f"{source.name} {purl.version} has no sdist on the index", advice=note)
    sdist = _sdist(source, purl, home, env)
    archive = fetch_file(sdist, home=home, env=env)
    return Fetched(source=source, sha256=sdist.sha256, path=archive, note=note)


def _kept(source: Source, home: Home) -> Path | None:
    """What was fetched before, by its hash. Raises ConfigurationError where that is none."""
    if not SHA256.fullmatch(source.sha256):
        raise ConfigurationError(
            f"{source.name}: {source.sha256!r} is no sha256", advice="it has 64 hexadecimal digits"
        )
    # What another process is writing is hidden.
    return next(iter(sorted((home.downloads / source.sha256).glob("[!.]*"))), None)


def _fetch_address(source: Source, address: Address, home: Home, env: Mapping[str, str]) -> Path:
    wanted = IndexFile(filename=address.filename, url=address.url, sha256=source.sha256)
    try:
        return fetch_file(wanted, home=home, env=env, role=f"the host of {source.name}'s source")
    except Unreachable as error:
        project = _project(address.filename)
        other = find_file(project, source.sha256, env=env) if project else None
        if other is None:
            raise Unreachable(
                f"{source.name}: {address.filename} cannot be fetched from its address, and the "
                f"index has no file of sha256 {source.sha256}",
                advice="give the file by its path, or fetch it elsewhere: porter fetch",
            ) from error
        return fetch_file(other, home=home, env=env)


def _project(filename: str) -> str:
    """The project that a file is of, empty where its name does not tell."""
    try:
        return parse_sdist_filename(filename)[0]
    except InvalidSdistFilename:
        pass
    try:
        return parse_wheel_filename(filename)[0]
    except InvalidWheelFilename:
        return ""
