"""What is named on a command line → the notebooks there are."""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from compat_report.model import Finding, Location
from compat_report.rules import find

NOTEBOOKS = frozenset({".ipynb"})
# Formats that Jupytext pairs notebooks with: in a folder they are notebooks only when they say so.
TEXTS = frozenset({".py", ".md", ".Rmd", ".qmd"})
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "__pypackages__"})
# How much of a file is looked at to tell whether it is a notebook, in bytes.
LOOK = 8192
# jupytext writes its header into a comment of Python and into the front matter of Markdown.
HEADER = re.compile(
    rb"\A(?:#!.*\n)?(?:#\s*-\*-.*\n)?(?:# )?---\n(?:.*\n)*?(?:# )?\s*jupy(?:ter|text):"
)
SCRIPT = re.compile(rb"^# ?(?:%%|\+(?: |$)|In ?\[[\d ]*\]:)|^app = marimo\.App\(", re.MULTILINE)
FENCE = re.compile(rb"^(?:```|~~~) ?(?:\{code-cell\}|\{python[ ,}])", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Notebooks by path, sorted, each once; `findings` tell what could not be looked into.

    A path of "-" is standard input.
    """

    paths: tuple[Path, ...] = ()
    findings: tuple[Finding, ...] = ()


def find_notebooks(given: Iterable[str], *, folder: Path) -> Found:
    """The notebooks that files, folders, globs and "-" stand for; relative ones are below `folder`.

    A file that is named is a notebook whatever it holds. In folders, `.ipynb` files are, and
    scripts and Markdown that say so: by a Jupytext header, cell markers, or a marimo app.
    Hidden folders, virtual environments and copies made by Jupyter are not walked.
    """
    paths: set[Path] = set()
    findings: list[Finding] = []
    for name in given:
        for path in _named(name, folder):
            if path.is_dir():
                paths.update(_walk(path, findings))
            elif name == "-" or os.path.lexists(path):
                paths.add(path)
            else:
                findings.append(_away(path, "there is no such file or folder"))
    # By text: a path that is compared as such keeps all its parts, in several times the memory.
    return Found(paths=tuple(sorted(paths, key=str)), findings=tuple(findings))


def looks_like_notebook(path: Path) -> bool:
    """Whether a text file says of itself that it is a notebook. Raises OSError."""
    with path.open("rb") as file:
        start = file.read(LOOK)
    start = start.replace(b"\r\n", b"\n")
    if path.suffix == ".py":
        return bool(SCRIPT.search(start) or HEADER.match(start))
    return bool(HEADER.match(start) or FENCE.search(start))


def _named(name: str, folder: Path) -> list[Path]:
    if name == "-":
        return [Path("-")]
    path = folder / name
    try:
        if os.path.lexists(path) or not glob.has_magic(name):
            return [path]
    except ValueError:  # a NUL
        return []
    matched = glob.glob(str(path), recursive=True)  # noqa: PTH207 — absolute patterns too
    kept = [Path(one) for one in matched if not _is_skipped(Path(one).parts[:-1])]
    return kept or [path]


def _is_skipped(parts: Iterable[str]) -> bool:
    return any(part == ".ipynb_checkpoints" or part in SKIPPED for part in parts)


def _walk(top: Path, findings: list[Finding]) -> Iterator[Path]:
    """Folders that symbolic links lead to are walked once, by what they really are."""
    seen: set[tuple[int, int]] = set()
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            findings.append(_away(folder, error.strerror or str(error)))
            continue
        if folder != top and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            path = folder / entry.name
            try:
                if entry.is_dir():
                    if not entry.name.startswith(".") and entry.name not in SKIPPED:
                        waiting.append(path)
                elif _is_notebook(path):
                    yield path
            except OSError as error:
                findings.append(_away(path, error.strerror or str(error)))


def _is_notebook(path: Path) -> bool:
    if path.suffix in NOTEBOOKS:
        return True
    return path.suffix in TEXTS and path.is_file() and looks_like_notebook(path)


def _away(path: Path, detail: str) -> Finding:
    name = str(path)
    return find("unreadable-path", Location(path=name), name, detail=detail)
