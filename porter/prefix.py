"""Prefixes: where libraries are installed, what a library left there, and how it moves.

A library is kept as an archive of what its build added to the prefix. The path of the prefix
stands in pkg-config's and CMake's files; in the archive a placeholder stands for it.
"""

import tarfile
from collections.abc import Sequence
from pathlib import Path

from porter.archive import unpack_tar
from porter.errors import BuildFailed
from porter.host import HostFile
from porter.pack import pack_files, walk_files

PLACEHOLDER = b"@PORTER_PREFIX@"
SUFFIX = ".library.tar"
FOLDERS = ("include", "lib/pkgconfig", "share", "bin")


def is_library(path: Path) -> bool:
    """Whether a file is the archive of a library."""
    return path.name.endswith(SUFFIX)


def fill_prefix(prefix: Path, host: Sequence[HostFile]) -> None:
    """Install the libraries among `host` into `prefix`, each after the ones before it."""
    for folder in FOLDERS:
        (prefix / folder).mkdir(parents=True, exist_ok=True)
    where = str(prefix).encode()
    for file in host:
        if file.path is None or not is_library(file.path):
            continue
        unpack_tar(file.path, prefix)
        with tarfile.open(file.path) as archive:
            names = [member.name for member in archive.getmembers() if member.isreg()]
        for name in names:
            content = (prefix / name).read_bytes()
            if PLACEHOLDER in content and _is_text(content):
                (prefix / name).write_bytes(content.replace(PLACEHOLDER, where))


def list_prefix(prefix: Path) -> dict[Path, tuple[int, int]]:
    """Every file of a prefix, with what changes when it is written anew."""
    return {path: _state(path) for path in walk_files(prefix)}


def pack_library(
    prefix: Path, before: dict[Path, tuple[int, int]], dist: Path, target: Path, *, name: str
) -> None:
    """Keep what a build added to a prefix, as the archive `target`.

    Shared libraries that lie in `dist` alone are installed first. Raises BuildFailed where there
    is nothing.
    """
    for library in sorted(dist.glob("*.so*")) if dist.is_dir() else ():
        if not (prefix / "lib" / library.name).exists():
            (prefix / "lib" / library.name).write_bytes(library.read_bytes())
    added = [path for path, state in list_prefix(prefix).items() if before.get(path) != state]
    if not added:
        raise BuildFailed(
            f"{name}: its script installed nothing",
            advice="a library is installed into $WASM_LIBRARY_DIR",
        )
    where = str(prefix).encode()

    def rewrite(_: Path, content: bytes) -> bytes:
        return content.replace(where, PLACEHOLDER) if _is_text(content) else content

    pack_files(prefix, added, target, rewrite=rewrite)


def _state(path: Path) -> tuple[int, int]:
    told = path.lstat()
    return told.st_mtime_ns, told.st_size


def _is_text(content: bytes) -> bool:
    return b"\0" not in content
