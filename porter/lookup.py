"""Questions to an index: which file has this hash, which version is new, which wheels are there."""

from collections.abc import Mapping

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from porter.errors import SourceNotFound
from porter.pipconfig import read_pip_config
from porter.pypi import IndexFile, parse_version, project_files, project_name, with_repository


def find_file(project: str, sha256: str, *, env: Mapping[str, str]) -> IndexFile | None:
    """The index's file of a project with this hash, whatever its name or version.

    None where the index has no such project or file. Raises Unreachable.
    """
    try:
        packages = project_files(canonicalize_name(project), read_pip_config(env))
    except SourceNotFound:
        return None
    for package in packages:
        if (package.digests or {}).get("sha256") == sha256:
            return IndexFile(filename=package.filename, url=package.url, sha256=sha256)
    return None


def newest_version(purl: PackageURL, *, env: Mapping[str, str]) -> str:
    """The newest version of a project that has an sdist; no pre-release where there is another.

    Raises Unreachable or SourceNotFound.
    """
    name = project_name(purl)
    packages = project_files(name, with_repository(read_pip_config(env), purl))
    found = {
        version
        for package in packages
        if package.package_type == "sdist"
        and not package.is_yanked
        and (version := parse_version(package.version)) is not None
    }
    if not found:
        raise SourceNotFound(f"the Python package index has no sdist of {name}")
    return str(max({v for v in found if not v.is_prerelease} or found))


def list_wheels(name: str, index: str, *, certificates: str | None = None) -> list[IndexFile]:
    """The wheels of a project at the Simple API `index`, none where it has no such project.

    `certificates` is a file of the authorities that are trusted. What was withdrawn is left out.
    Raises Unreachable.
    """
    config = {"index-url": index, **({"cert": certificates} if certificates else {})}
    try:
        packages = project_files(canonicalize_name(name), config)
    except SourceNotFound:
        return []
    return [
        IndexFile(filename=package.filename, url=package.url, sha256=digest)
        for package in packages
        if package.package_type == "wheel"
        and not package.is_yanked
        and (digest := (package.digests or {}).get("sha256"))
    ]
