"""The Python package index that pip is configured to use."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packageurl import PackageURL
from packaging.utils import (
    InvalidName,
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from porter.errors import HashMismatch, SourceNotFound, Unreachable, UsageError
from porter.home import Home, hash_file, new_file
from porter.pipconfig import read_pip_config
from porter.platform import Platform

if TYPE_CHECKING:
    from pypi_simple import DistributionPackage

TIMEOUT = (10.0, 60.0)
INDEX = "the Python package index"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file of an index: `url` is where it is now, `sha256` what it must be."""

    filename: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What an index has of one version of a project."""

    sdist: IndexFile | None
    wheels: tuple[IndexFile, ...]

    def installable(self, platform: Platform) -> IndexFile | None:
        """The best wheel this platform can install, None where a port is needed."""
        ranks = {tag: rank for rank, tag in enumerate(platform.tags())}
        ranked: list[tuple[int, IndexFile]] = []
        for wheel in self.wheels:
            with contextlib.suppress(InvalidWheelFilename):
                tags = parse_wheel_filename(wheel.filename)[3]
                ranked += [(ranks[tag], wheel) for tag in tags if tag in ranks]
        return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def parse_purl(text: str) -> PackageURL:
    """A `pkg:pypi/NAME@VERSION` (purl specification); raises UsageError for anything else.

    Its qualifier `repository_url` names an index other than the one that pip is configured to use.
    """
    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise UsageError(f"{text}: not a package URL: {error}") from error
    if purl.type != "pypi" or not purl.version:
        raise UsageError(
            f"{text}: only projects of the Python package index, with a version, can be ported",
            advice="write pkg:pypi/NAME@VERSION",
        )
    return purl


def promised_sha256(purl: PackageURL) -> str:
    """What the qualifier `checksum=sha256:HEX` says, empty where there is none."""
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    return qualifiers.get("checksum", "").removeprefix("sha256:")


def fetch_release(purl: PackageURL, *, home: Home, env: Mapping[str, str]) -> Release:
    """The files of one version, asked once of each index: a file name is never used again.

    Raises Unreachable where the index does not answer, SourceNotFound where it has no such
    project or version.
    """
    name, version = project_name(purl), _version(purl)
    config = with_repository(read_pip_config(env), purl)
    asked = hashlib.sha256(config.get("index-url", "").encode()).hexdigest()[:12]
    memo = home.downloads / "releases" / asked / f"{name}-{canonicalize_version(version)}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return _parse_release(json.loads(memo.read_bytes()))
    release = _ask_index(name, version, config)
    # A version without an sdist may get one later.
    if release.sdist is not None:
        with new_file(memo) as file:
            file.write_text(json.dumps(asdict(release)))
    return release


def fetch_file(
    wanted: IndexFile,
    *,
    home: Home,
    env: Mapping[str, str],
    role: str = INDEX,
    most: int | None = None,
) -> Path:
    """A file of the index, kept by its sha256. Raises Unreachable or HashMismatch.

    `role` says in errors who was asked, where it was another. A file of more than `most` bytes is
    as one that cannot be reached.
    """
    target = home.downloads / wanted.sha256 / wanted.filename
    if target.is_file():
        return target
    import requests

    with new_file(target) as beside:
        try:
            verify = read_pip_config(env).get("cert", True)
            with requests.get(wanted.url, stream=True, timeout=TIMEOUT, verify=verify) as response:
                response.raise_for_status()
                with beside.open("wb") as file:
                    for chunk in response.iter_content(1 << 20):
                        file.write(chunk)
                        if most is not None and file.tell() > most:
                            raise Unreachable(f"{wanted.filename} has more than {most} bytes")
        except requests.RequestException as error:
            raise _unreachable(f"{wanted.filename} could not be fetched", error, role) from error
        found = hash_file(beside)
        if found != wanted.sha256:
            raise HashMismatch(
                f"{wanted.filename}: its sha256 is {found}, "
                f"{'the index' if role == INDEX else 'its recipe'} promised {wanted.sha256}",
                advice=f"do not use these bytes; ask who runs {role}",
            )
    return target


def index_url(env: Mapping[str, str]) -> str | None:
    """The index URL of pip's own configuration, None for pip's default."""
    return read_pip_config(env).get("index-url")


def certificates(env: Mapping[str, str]) -> str | None:
    """The file of authorities that pip trusts by its configuration, None for the usual ones."""
    return read_pip_config(env).get("cert")


def index_settings(env: Mapping[str, str]) -> tuple[str | None, str | None]:
    """`index_url` and `certificates`, for one question to pip."""
    config = read_pip_config(env)
    return config.get("index-url"), config.get("cert")


def fetch_installable(name: str, platform: Platform, *, env: Mapping[str, str]) -> list[IndexFile]:
    """Every wheel of a project that the platform can install, but those that were withdrawn.

    None where the index has no such project. Raises Unreachable.
    """
    try:
        packages = project_files(canonicalize_name(name), read_pip_config(env))
    except SourceNotFound:
        return []
    tags = set(platform.tags())
    found = []
    for package in packages:
        digest = (package.digests or {}).get("sha256")
        if package.package_type != "wheel" or not digest or package.is_yanked:
            continue
        with contextlib.suppress(InvalidWheelFilename):
            if not tags.isdisjoint(parse_wheel_filename(package.filename)[3]):
                found.append(IndexFile(filename=package.filename, url=package.url, sha256=digest))
    return found


def _ask_index(name: str, version: Version, config: Mapping[str, str]) -> Release:
    packages = project_files(name, config)
    found: dict[str, list[IndexFile]] = {"sdist": [], "wheel": []}
    for package in packages:
        digest = (package.digests or {}).get("sha256")
        if parse_version(package.version) == version and package.package_type in found and digest:
            file = IndexFile(filename=package.filename, url=package.url, sha256=digest)
            found[package.package_type].append(file)
    if not found["sdist"] and not found["wheel"]:
        known = sorted({v for p in packages if (v := parse_version(p.version))}, reverse=True)
        raise SourceNotFound(
            f"the Python package index has no {name} {version}",
            advice=f"it has, among others, {', '.join(map(str, known[:5]))}" if known else "",
        )
    return Release(sdist=next(iter(found["sdist"]), None), wheels=tuple(found["wheel"]))


def project_files(name: str, config: Mapping[str, str]) -> "list[DistributionPackage]":
    """Every file of a project, by its normalised name, of the index that the settings name.

    Raises SourceNotFound where there is no such project, Unreachable.
    """
    # Importing the client takes longer than most answers: only who asks the index pays.
    import requests
    from pypi_simple import (
        PYPI_SIMPLE_ENDPOINT,
        NoSuchProjectError,
        PyPISimple,
        UnsupportedContentTypeError,
        UnsupportedRepoVersionError,
    )

    session = requests.Session()
    if "cert" in config:
        session.verify = config["cert"]
    try:
        with PyPISimple(config.get("index-url", PYPI_SIMPLE_ENDPOINT), session=session) as client:
            return client.get_project_page(name, timeout=TIMEOUT).packages
    except NoSuchProjectError as error:
        raise SourceNotFound(f"the Python package index has no project {name}") from error
    except (
        requests.RequestException,
        UnsupportedContentTypeError,
        UnsupportedRepoVersionError,
    ) as error:
        raise _unreachable(f"{name} could not be looked up", error) from error


def with_repository(config: dict[str, str], purl: PackageURL) -> dict[str, str]:
    """pip's settings, with the index that the purl's `repository_url` names, where it does."""
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    named = qualifiers.get("repository_url")
    return {**config, "index-url": named} if named else config


def project_name(purl: PackageURL) -> str:
    """The project's normalised name; raises UsageError for what is no name (PEP 508)."""
    try:
        return canonicalize_name(purl.name, validate=True)
    except InvalidName as error:
        raise UsageError(f"{purl.name} is not the name of a project (PEP 508)") from error


def _version(purl: PackageURL) -> Version:
    version = parse_version(purl.version)
    if version is None:
        raise UsageError(f"{purl.to_string()}: {purl.version} is no version (PEP 440)")
    return version


def parse_version(text: str | None) -> Version | None:
    """A version (PEP 440), None for what is none."""
    try:
        return Version(text or "")
    except InvalidVersion:
        return None


def _parse_release(data: Mapping[str, object]) -> Release:
    sdist, wheels = data["sdist"], data["wheels"]
    if not isinstance(sdist, dict) or not isinstance(wheels, list):
        raise TypeError("not a release")
    return Release(sdist=IndexFile(**sdist), wheels=tuple(IndexFile(**w) for w in wheels))


def _unreachable(what: str, error: Exception, role: str = INDEX) -> Unreachable:
    cause = error.__class__.__name__
    return Unreachable(
        f"{what}: {role} cannot be reached ({cause})",
        advice="check the network and `pip config list`",
    )
