"""What is there already: in the Pyodide release, in a private index, in the toolchain."""

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from porter.graph import Provided, same_version
from porter.lookup import list_wheels
from porter.platform import Platform
from porter.pypi import certificates
from porter.runtime import Runtime
from porter.toolchain.model import Toolchain

# How many projects an index is asked for at once.
AT_ONCE = 8


def runtime_provided(runtime: Runtime) -> dict[str, Provided]:
    """The packages of a release's lock file: to be imported, not to be compiled against."""
    by = f"Pyodide {runtime.platform.pyodide}"
    return {
        canonicalize_name(name): Provided(version=package["version"], by=by, at_build=False)
        for name, package in runtime.lock()["packages"].items()
    }


def toolchain_provided(toolchain: Toolchain) -> dict[str, Provided]:
    """The projects whose headers and libraries lie in a toolchain's cross-build environment."""
    root = toolchain.xbuildenv / "xbuildenv" / "xbuildenv"
    found: dict[str, Provided] = {}
    with contextlib.suppress(OSError):
        for line in (root / "requirements.txt").read_text("utf-8").splitlines():
            name, version = _pinned(line)
            if name and (root / "site-packages-extras" / name).is_dir():
                by = f"the toolchain ({toolchain.provider})"
                found[canonicalize_name(name)] = Provided(version=version, by=by, at_build=True)
    return found


def index_provided(
    url: str, wanted: Mapping[str, str], platform: Platform, *, env: Mapping[str, str]
) -> dict[str, Provided]:
    """The projects of which a private index serves a wheel for the platform.

    `wanted` has the version that each name is wanted in, or an empty one: then the newest counts.
    Where `url` is the index's own address, its view for the platform is asked
    (`/r/<platform>/simple/`), else the Simple API at `url`. Raises Unreachable.
    """
    address = platform_view(url, platform)
    by = f"the index {urlsplit(url).hostname}"
    trusted = certificates(env)

    def ask(name: str) -> tuple[str, Provided | None]:
        files = {
            version: wheel
            for wheel in list_wheels(name, address, certificates=trusted)
            if (version := _installable(wheel.filename, platform)) is not None
        }
        same = [version for version in files if same_version(str(version), wanted[name])]
        best = max(same or files, default=None)
        if best is None:
            return name, None
        file = files[best]
        return name, Provided(version=str(best), by=by, at_build=True, file=file)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {name: known for name, known in pool.map(ask, sorted(wanted)) if known is not None}


def platform_view(url: str, platform: Platform) -> str:
    """The Simple API of what a platform can install."""
    base = url.rstrip("/")
    if base.endswith("/simple"):
        return f"{base}/"
    return f"{base}/r/{platform.name}/simple/"


def _installable(filename: str, platform: Platform) -> Version | None:
    try:
        _, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    return None if tags.isdisjoint(platform.tags()) else version


def _pinned(line: str) -> tuple[str, str]:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return "", ""
    versions = [specifier.version for specifier in requirement.specifier]
    return (requirement.name, versions[0]) if len(versions) == 1 else ("", "")


def merge_provided(*several: Mapping[str, Provided]) -> dict[str, Provided]:
    """All of them; of two that have a project the one that can be compiled against."""
    found: dict[str, Provided] = {}
    for provided in several:
        for name, item in provided.items():
            if name not in found or (item.at_build and not found[name].at_build):
                found[name] = item
    return found
