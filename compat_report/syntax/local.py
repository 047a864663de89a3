"""Files beside a notebook: the modules it imports from there, and files its magics name."""

import os
import stat
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Larger files are not read: no one wrote them as a module.
MOST = 2 << 20
# Two changes of a folder within this many nanoseconds may have the same time.
SETTLED = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Files that importing a dotted name runs, outermost package first, each with its own name."""

    files: tuple[tuple[str, Path], ...]


class LocalFiles:
    """What can be read beside a notebook; remembers what was asked.

    `opened` are the files, other than modules, that were looked into, those that were not there too.
    """

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        self.opened: set[Path] = set()
        self._located: dict[str, Located | None] = {}
        self._entries: frozenset[str] | None = None

    def locate(self, name: str) -> Located | None:
        """The files of an absolute dotted name; None: its first part is not here.

        What follows the last module found may be names in it. A folder without `__init__.py`
        counts where a module is found in it (PEP 420).
        """
        if self.folder is None:
            return None
        if self._entries is None:
            self._entries = list_folder(self.folder)
        top = name.partition(".")[0]
        if top not in self._entries and f"{top}.py" not in self._entries:
            return None
        if name not in self._located:
            self._located[name] = _locate(self.folder, name)
        return self._located[name]

    def read_text(self, name: str) -> str | None:
        """The text of a file named relative to the notebook; None where it cannot be read."""
        if self.folder is None or not name or Path(name).is_absolute():
            return None
        path = Path(self.folder, name)
        self.opened.add(path)
        return read_text(path)


def list_folder(folder: str) -> frozenset[str]:
    """The names in a folder, empty where it cannot be read.

    Many notebooks lie in one folder: what was listed is kept as long as the folder's time of
    change stays, and that time is old enough for the next change to have another.
    """
    try:
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 — asked for each notebook there is
        if changed > time.time_ns() - SETTLED:
            return frozenset(os.listdir(folder))  # noqa: PTH208
        return _listed(folder, changed)
    except (OSError, ValueError):
        return frozenset()


@lru_cache(maxsize=64)
def _listed(folder: str, _changed: int) -> frozenset[str]:
    return frozenset(os.listdir(folder))  # noqa: PTH208


def _locate(folder: str, name: str) -> Located | None:
    files: list[tuple[str, Path]] = []
    path, parts = Path(folder), name.split(".")
    for number, part in enumerate(parts):
        if not part:
            return None
        dotted = ".".join(parts[: number + 1])
        module, package = path / f"{part}.py", path / part
        init = package / "__init__.py"
        if _is_file(init):  # a package comes before a module (importlib's FileFinder)
            files.append((dotted, init))
        elif _is_file(module):
            files.append((dotted, module))
            break
        elif number + 1 == len(parts) or not package.is_dir():
            break
        path = package
    return Located(files=tuple(files)) if files else None


def read_text(path: Path) -> str | None:
    """The text of a regular file of moderate size, None for any other."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST:
            return None
        return path.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, ValueError):
        return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
