"""What of a host requirement's wheel its users compile against, in a cross-build environment.

pyodide-build installs the native wheel of a build requirement and lays the platform's files over
it (`xbuildenv.py`, `pypabuild.py` of pkg:pypi/pyodide-build): requirements.txt pins its version,
site-packages-extras holds the files. A build with host requirements gets an environment of its
own, which shares the toolchain's by links.
"""

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name, parse_wheel_filename

from porter.errors import ConfigurationError
from porter.host import HostFile
from porter.prefix import is_library
from porter.toolchain.model import Toolchain

# What a compiler, Cython or a linker reads.
PATTERNS = (
    "*.h", "*.hh", "*.hpp", "*.hxx", "*.inc", "*.ipp", "*.pxd", "*.pxi", "*.pyx.in", "*.a", "*.pc",
    "*.cmake",
)  # fmt: skip
REQUIREMENTS, EXTRAS = "requirements.txt", "site-packages-extras"


def lay_crossenv(toolchain: Toolchain, folder: Path, host: Sequence[HostFile]) -> Path:
    """A cross-build environment in `folder` that has the files of the wheels among `host`.

    The toolchain's own where there are none. Raises ConfigurationError where a recipe names files
    that its wheel does not have.
    """
    wheels = [(file, file.path) for file in host if file.path and not is_library(file.path)]
    if not wheels:
        return toolchain.xbuildenv
    release = (toolchain.xbuildenv / "xbuildenv").resolve()
    mine = folder / release.name
    inner = mine / "xbuildenv"
    inner.mkdir(parents=True)
    (folder / "xbuildenv").symlink_to(release.name)
    _link(release, mine, without=("xbuildenv",))
    _link(release / "xbuildenv", inner, without=("pyodide-root", REQUIREMENTS, EXTRAS))
    (inner / "pyodide-root").mkdir()
    # Native wheels are installed below it, for this build alone.
    _link(release / "xbuildenv" / "pyodide-root", inner / "pyodide-root", without=("packages",))
    if (release / "xbuildenv" / EXTRAS).is_dir():
        shutil.copytree(release / "xbuildenv" / EXTRAS, inner / EXTRAS)
    pins = dict(_pins(release / "xbuildenv" / REQUIREMENTS))
    for file, wheel in wheels:
        name, version = parse_wheel_filename(wheel.name)[:2]
        pins[name] = str(version)
        _lay_files(file, wheel, inner / EXTRAS)
    (inner / REQUIREMENTS).write_text("".join(f"{n}=={v}\n" for n, v in pins.items()))
    return folder


def cross_files_of(members: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The members of a wheel that its users compile against."""
    wanted = patterns or PATTERNS
    return [
        member
        for member in members
        if not PurePosixPath(member).parts[0].endswith((".dist-info", ".data"))
        and any(fnmatchcase(member, pattern) for pattern in wanted)
    ]


def _lay_files(file: HostFile, wheel: Path, extras: Path) -> None:
    patterns = file.recipe.cross_build_files if file.recipe else ()
    with zipfile.ZipFile(wheel) as archive:
        members = cross_files_of(archive.namelist(), patterns)
        for pattern in patterns:
            if not any(fnmatchcase(member, pattern) for member in members):
                raise ConfigurationError(
                    f"{file.name}: {wheel.name} has no {pattern}, which its recipe's "
                    "cross-build-files names"
                )
        for member in members:
            path = extras.joinpath(*PurePosixPath(member).parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(member))


def _link(source: Path, target: Path, *, without: Sequence[str]) -> None:
    for path in source.iterdir():
        if path.name not in without:
            (target / path.name).symlink_to(path.resolve())


def _pins(requirements: Path) -> Iterator[tuple[str, str]]:
    if requirements.is_file():
        for line in requirements.read_text("utf-8").splitlines():
            name, equal, version = line.strip().partition("==")
            if equal and not name.startswith("#"):
                yield canonicalize_name(name), version
