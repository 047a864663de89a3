"""Folders as archives whose bytes depend on their files alone."""

import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

# 1980-01-02, as in wheels.
TIME = 315619200


def pack_files(
    folder: Path,
    files: Iterable[Path],
    target: Path,
    *,
    top: str = "",
    rewrite: Callable[[Path, bytes], bytes] = lambda _, content: content,
) -> None:
    """A tar file of `files`, which lie below `folder`, in their order, below `top`.

    Owners and times are left out; of a mode only whether its owner may execute is kept. `rewrite`
    sees the content of every file.
    """
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in files:
            name = path.relative_to(folder).as_posix()
            info = archive.gettarinfo(path, f"{top}/{name}" if top else name)
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = TIME
            info.mode = 0o755 if info.mode & 0o100 else 0o644
            # Two names of one file are two files.
            if info.islnk() or info.isreg():
                content = rewrite(path, path.read_bytes())
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                archive.addfile(info)


def walk_files(folder: Path, *, without: str = "") -> Iterator[Path]:
    """Every file and link below, sorted, but for what lies in folders, or is, named `without`."""
    with os.scandir(folder) as found:
        items = sorted(found, key=lambda item: item.name)
    for item in items:
        if item.name == without:
            continue
        if item.is_dir(follow_symlinks=False):
            yield from walk_files(Path(item.path), without=without)
        else:
            yield Path(item.path)
