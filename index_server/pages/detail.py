"""What a project's page shows; pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from keyword import iskeyword
from operator import attrgetter

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from index_server.model import File, ProjectDetail, Stage, Status
from index_server.pages.overview import newest, row_marks, row_platforms, seen
from index_server.pages.shown import show_platforms, show_python
from index_server.views import View, installable
from porter.platform import Platform

# The default snippet imports this many names at most.
IMPORTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """One file, and how it is described: `marks` say who does not get it."""

    file: File
    platforms: tuple[str, ...]
    python: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version with its files, the newest first."""

    version: str
    files: tuple[FileView, ...]
    uploaded_at: datetime
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One Requires-Dist line; `project` is its name here where this index has it, else empty."""

    text: str
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A runtime to try a project in: which version it would get there, from which view."""

    platform: Platform
    version: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A whole page.

    `version` is the newest, `marks` say what is unusual about it; `view` is what stands before
    `/simple/` where it is installed from, None where nobody is offered it; `native`: something but
    a runtime can install it.
    """

    project: ProjectDetail
    summary: str
    version: str
    marks: tuple[str, ...]
    view: str | None
    platforms: tuple[str, ...]
    imports: tuple[str, ...]
    dependencies: tuple[Dependency, ...]
    releases: tuple[Release, ...]
    choices: tuple[Choice, ...]
    snippet: str
    native: bool


def make_detail(
    project: ProjectDetail,
    platforms: Mapping[str, Platform],
    known: Collection[str],
    *,
    hidden: bool,
) -> Detail:
    """A project's page; `hidden`: with what is in staging and quarantine."""
    files = seen(project, hidden=hidden)
    top = newest(files)
    imports = tuple(sorted({name for file in top for name in file.imports}))
    order = tuple(platforms.values())
    return Detail(
        project=project,
        summary=next((file.summary for file in top if file.summary), ""),
        version=top[0].version if top else "",
        marks=tuple(row_marks(project, top)),
        view=find_view(project, top),
        platforms=row_platforms(top, order),
        imports=imports,
        dependencies=tuple(
            find_dependency(text, known)
            for text in dict.fromkeys(line for file in top for line in file.requires)
        ),
        releases=make_releases(files, order),
        choices=make_choices(project, files, order),
        snippet=make_snippet(project.name, imports),
        native=any(not is_wasm(file) for file in top),
    )


def find_view(project: ProjectDetail, files: Sequence[File]) -> str | None:
    """Where a version is installed from: the view of all, that of staging, or none."""
    offered = [file.stage for file in files if file.yanked is None and not file.quarantine]
    if not offered or project.status is Status.QUARANTINED:
        return None
    return View(staging=Stage.PRODUCTION not in offered).path


def is_wasm(file: File) -> bool:
    """Whether a file is for WebAssembly alone."""
    return bool(file.tags) and all(tag.platform.endswith("_wasm32") for tag in file.tags)


def make_releases(files: Sequence[File], platforms: Sequence[Platform]) -> tuple[Release, ...]:
    """Files by version, the newest first."""
    groups: dict[str, list[File]] = {}
    for file in sorted(files, key=attrgetter("parsed_version"), reverse=True):
        groups.setdefault(file.version, []).append(file)
    return tuple(make_release(version, group, platforms) for version, group in groups.items())


def make_release(version: str, files: Sequence[File], platforms: Sequence[Platform]) -> Release:
    """One version: what all its files have in common is said of it."""
    views = tuple(
        FileView(
            file=file,
            platforms=show_platforms(file, platforms),
            python=show_python(file),
            marks=make_marks(file),
        )
        for file in sorted(files, key=attrgetter("filename"))
    )
    shared = [mark for mark in views[0].marks if all(mark in view.marks for view in views)]
    return Release(
        version=version,
        files=views,
        uploaded_at=max(file.uploaded_at for file in files),
        marks=tuple(shared),
    )


def make_marks(file: File) -> tuple[str, ...]:
    """What keeps a file from those who ask for it."""
    marks = {
        "quarantined": bool(file.quarantine),
        "staging": file.stage is Stage.STAGING,
        "yanked": file.yanked is not None,
    }
    return tuple(name for name, true in marks.items() if true)


def make_choices(
    project: ProjectDetail, files: Sequence[File], platforms: Sequence[Platform]
) -> tuple[Choice, ...]:
    """The runtimes that can install a file, each with the newest version it gets.

    What is in staging alone is tried from the staging view; what is in quarantine not at all.
    """
    if project.status is Status.QUARANTINED:
        return ()
    choices = []
    for platform in platforms:
        fit = [file for file in files if not file.quarantine and installable(file, platform)]
        production = [file for file in fit if file.stage is Stage.PRODUCTION]
        for staging, group in ((False, production), (True, fit)):
            if top := newest(group):
                path = View(platform=platform, staging=staging).path
                choices.append(Choice(platform=platform, version=top[0].version, path=path))
                break
    return tuple(choices)


def find_dependency(text: str, known: Collection[str]) -> Dependency:
    """A Requires-Dist line, with where it leads."""
    try:
        name = canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return Dependency(text=text, project="")
    return Dependency(text=text, project=name if name in known else "")


def make_snippet(name: str, imports: Sequence[str]) -> str:
    """What Try it begins with: the project's imports, and something to see.

    An import name comes from the wheel: one that is no dotted Python name is left out.
    """
    names = [found for found in imports if is_import(found)]
    public = [found for found in names if not found.rpartition(".")[2].startswith("_")] or names
    first = sorted(public, key=lambda found: (found.count("."), found))[:IMPORTED]
    lines = ["from importlib.metadata import version", ""]
    lines += [f"import {found}" for found in first]
    lines += ["", f'print("{name}", version("{name}"), "runs in this browser")']
    lines += [f'print([name for name in dir({found}) if name[0] != "_"])' for found in first]
    return "\n".join(lines) + "\n"


def is_import(name: str) -> bool:
    """Whether a name can be written behind `import`."""
    return all(part.isidentifier() and not iskeyword(part) for part in name.split("."))
