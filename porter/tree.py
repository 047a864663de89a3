"""A folder of sources: list it, hash it, copy it; never write to it."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from porter.errors import ConfigurationError

# What tools leave behind: it is not source, and copying it would carry native builds over.
LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", "__pycache__", ".pytest_cache",
        ".mypy_cache", ".ruff_cache", ".hypothesis", "node_modules", ".pyodide_build",
    }
)  # fmt: skip
TOP_LEFT_OUT = frozenset({"build", "dist", "wheelhouse"})
LEFT_OUT_SUFFIXES = (".egg-info", ".pyc", ".o")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a tree: `name` relative to its root, `path` where its bytes are."""

    name: str
    path: Path


def list_tree(root: Path, *, leave_out: Path | None = None) -> list[Entry]:
    """The source files below `root`, sorted by name; none below `leave_out`.

    Links are followed, so that a source that shares files with its neighbours is whole; a link
    that leads back above itself is a ConfigurationError.
    """
    left = leave_out.resolve() if leave_out is not None else None
    return sorted(_walk(root, "", (root.resolve(),), left), key=lambda entry: entry.name)


def hash_tree(entries: Sequence[Entry]) -> str:
    """A sha256 over every name, executable bit and content."""
    total = hashlib.sha256()
    for entry in entries:
        content = entry.path.read_bytes()
        runs = os.access(entry.path, os.X_OK)
        total.update(f"{entry.name}\0{runs:d}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def copy_tree(entries: Sequence[Entry], target: Path) -> None:
    """Write the entries below `target`, with their modes and times."""
    for entry in entries:
        path = target / entry.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(entry.path, path)


def _walk(folder: Path, prefix: str, above: tuple[Path, ...], left: Path | None) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        items = list(found)
    for item in items:
        name = f"{prefix}{item.name}"
        if item.name in LEFT_OUT or item.name.endswith(LEFT_OUT_SUFFIXES):
            continue
        if not prefix and item.name in TOP_LEFT_OUT and item.is_dir():
            continue
        path = Path(item.path)
        if item.is_dir():
            real = path.resolve()
            if real == left:
                continue
            if real in above:
                raise ConfigurationError(f"{path}: this link leads back to {real}")
            yield from _walk(path, f"{name}/", (*above, real), left)
        elif item.is_file():
            yield Entry(name=name, path=path)
