"""Files beside a notebook: the modules it imports from there, and files its magics name."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

# Larger files are not read: no one wrote them as a module.
MOST = 2 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Files that importing a dotted name runs, outermost package first, each with its own name."""

    files: tuple[tuple[str, Path], ...]


class LocalFiles:
    """What can be read beside a notebook; remembers what was asked."""

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        self._located: dict[str, Located | None] = {}

    def locate(self, name: str) -> Located | None:
        """The files of an absolute dotted name; None: its first part is not here.

        What follows the last module found may be names in it. A folder without `__init__.py`
        counts where a module is found in it (PEP 420).
        """
        if self.folder is None:
            return None
        if name not in self._located:
            self._located[name] = self._locate(self.folder, name)
        return self._located[name]

    def read_text(self, name: str) -> str | None:
        """The text of a file named relative to the notebook; None where it cannot be read."""
        if self.folder is None or not name or Path(name).is_absolute():
            return None
        return read_text(Path(self.folder, name))

    def _locate(self, folder: str, name: str) -> Located | None:
        files: list[tuple[str, Path]] = []
        path, parts = folder, name.split(".")
        for number, part in enumerate(parts):
            if not part:
                return None
            dotted = ".".join(parts[: number + 1])
            package = os.path.join(path, part)  # noqa: PTH118 — asked for each import there is
            if _is_file(package + ".py"):
                files.append((dotted, Path(package + ".py")))
                break
            init = os.path.join(package, "__init__.py")  # noqa: PTH118
            if _is_file(init):
                files.append((dotted, Path(init)))
            elif number + 1 == len(parts) or not os.path.isdir(package):  # noqa: PTH112
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


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False
