"""What the first page shows: one row a project, made once while the project does not change."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from index_server.model import File, ProjectDetail, Snapshot, Stage, Status
from index_server.pages.shown import show_platforms
from index_server.views import installable
from porter.platform import Platform

ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One project.

    `version`, `size` (bytes, of the version's largest file) and `uploaded_at` are of its newest
    version; `wheels` and `total` (bytes) of all its files; `marks` say what is unusual about it.
    """

    name: str
    shown: str
    version: str
    summary: str
    platforms: tuple[str, ...]
    size: int
    uploaded_at: datetime
    marks: tuple[str, ...]
    wheels: int
    total: int
    searched: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[T]:
    """Some of a list; pages count from 1."""

    items: Sequence[T]
    number: int
    last: int
    found: int


class Overview:
    """The rows of all projects, for those who may see what is hidden and for all others."""

    def __init__(self, platforms: Sequence[Platform]) -> None:
        self._platforms = platforms
        self._rows: dict[tuple[str, bool], tuple[ProjectDetail, Row | None]] = {}

    def rows(self, snapshot: Snapshot, may_see: Callable[[str], bool]) -> list[Row]:
        """The projects that have something to show; `may_see` tells whose hidden files are shown."""
        found = []
        for name, project in snapshot.projects.items():
            key = name, may_see(name)
            kept, row = self._rows.get(key, (None, None))
            if kept is not project:
                row = make_row(project, self._platforms, hidden=key[1])
                self._rows[key] = project, row
            if row is not None:
                found.append(row)
        return found


def seen(project: ProjectDetail, *, hidden: bool) -> tuple[File, ...]:
    """A project's files as a person sees them: with those in staging and quarantine, or without."""
    if hidden:
        return project.files
    if project.status is Status.QUARANTINED:
        return ()
    return tuple(f for f in project.files if f.stage is Stage.PRODUCTION and not f.quarantine)


def newest(files: Iterable[File]) -> tuple[File, ...]:
    """The files of the newest version: of those not yanked, and a release before a pre-release."""
    by_version: dict[str, list[File]] = {}
    for file in files:
        by_version.setdefault(file.version, []).append(file)
    if not by_version:
        return ()
    best = max(
        by_version.values(),
        key=lambda group: (
            any(file.yanked is None and not file.quarantine for file in group),
            not group[0].parsed_version.is_prerelease,
            group[0].parsed_version,
        ),
    )
    return tuple(sorted(best, key=lambda file: file.filename))


def make_row(project: ProjectDetail, platforms: Sequence[Platform], *, hidden: bool) -> Row | None:
    """A project's row, None where there is nothing to show."""
    files = seen(project, hidden=hidden)
    top = newest(files)
    if not top:
        return None
    imports = " ".join({name for file in top for name in file.imports})
    summary = next((file.summary for file in top if file.summary), "")
    text = f"{project.name} {project.shown} {project.name.replace('-', '_')} {summary} {imports}"
    return Row(
        name=project.name,
        shown=project.shown,
        version=top[0].version,
        summary=summary,
        platforms=row_platforms(top, platforms),
        size=max(file.size for file in top),
        uploaded_at=max(file.uploaded_at for file in top),
        marks=tuple(row_marks(project, top)),
        wheels=len(files),
        total=sum(file.size for file in files),
        searched=text.casefold(),
    )


def row_platforms(files: Sequence[File], platforms: Sequence[Platform]) -> tuple[str, ...]:
    """Where the files run: the Pyodide releases that can install one of them, then other systems."""
    pyodide = [
        f"Pyodide {platform.name}"
        for platform in platforms
        if any(installable(file, platform) for file in files)
    ]
    others = [name for file in files for name in show_platforms(file, platforms)]
    return tuple(dict.fromkeys([*pyodide, *others]))


def row_marks(project: ProjectDetail, files: Sequence[File]) -> Iterable[str]:
    """What is unusual about a project, or about its newest version."""
    if project.status is not Status.ACTIVE:
        yield project.status.value
    if any(file.quarantine for file in files) and project.status is not Status.QUARANTINED:
        yield "quarantined"
    if files and all(file.stage is Stage.STAGING for file in files):
        yield "staging"
    if files and all(file.yanked is not None for file in files):
        yield "yanked"


def search(rows: Iterable[Row], query: str) -> list[Row]:
    """The rows that have every word of the query in their names, summary or import names.

    Names that begin with it come first; otherwise by name.
    """
    words = query.casefold().split()
    whole = query.casefold().strip()
    found = [row for row in rows if all(word in row.searched for word in words)]
    found.sort(
        key=lambda row: (
            bool(whole) and not row.name.startswith(whole),
            row.name != whole,
            row.name,
        )
    )
    return found


def paginate[T](items: Sequence[T], number: int, size: int = ROWS) -> Page[T]:
    """One page of a list; a number that is out of range is the nearest that is in it."""
    last = max(1, -(-len(items) // size))
    number = min(max(1, number), last)
    part = items[(number - 1) * size : number * size]
    return Page(items=part, number=number, last=last, found=len(items))
