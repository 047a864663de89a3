"""The files beside a notebook, that it may read: they are copied into the runtime's memory."""

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A folder with more than this is no notebook's own.
MOST_BYTES = 64 << 20
MOST_FILES = 2000
# What no notebook reads.
OTHER = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """`names` are those of the files in the zip file, relative to the notebook's folder.

    `folder` is where they were found, None for a notebook that lies nowhere.
    """

    folder: Path | None = None
    names: frozenset[str] = frozenset()
    zipped: bytes = b""

    def kept_back(self, name: str) -> bool:
        """Whether a file that the notebook asked for, by a relative path, was not given to it."""
        if self.folder is None or not name or os.path.isabs(name) or "\0" in name:  # noqa: PTH117
            return False
        return os.path.normpath(name) not in self.names and (self.folder / name).exists()


def read_beside(
    folder: Path | None, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES
) -> Beside:
    """The files of a folder and below, but hidden ones and notebooks; no more than the most."""
    names: dict[str, None] = {}
    buffer = io.BytesIO()
    left = most_bytes
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in _files(folder) if folder is not None else ():
            try:
                data = path.read_bytes() if path.stat().st_size <= left else None
            except OSError:
                continue
            if data is None or len(data) > left:
                continue
            name = path.relative_to(folder).as_posix()  # type: ignore[arg-type]
            archive.writestr(name, data)
            names[name] = None
            left -= len(data)
            if len(names) == most_files:
                break
    return Beside(folder=folder, names=frozenset(names), zipped=buffer.getvalue())


def _files(folder: Path) -> Iterator[Path]:
    """Those nearest to the notebook first; links are not followed out of the folder."""
    waiting = [folder]
    while waiting:
        here = waiting.pop(0)
        try:
            entries = sorted(here.iterdir())
        except OSError:
            continue
        for path in entries:
            if path.name.startswith(".") or path.name in OTHER or path.suffix == ".ipynb":
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                continue
            if path.is_dir():
                if not path.is_symlink() and not (path / "pyvenv.cfg").exists():
                    waiting.append(path)
            elif path.is_file():
                yield path
