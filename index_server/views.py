"""What of a project is seen where; pure."""

from dataclasses import dataclass
from functools import cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from index_server.model import File, ProjectDetail, Stage, Status
from porter.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of the index: of a runtime, or of all files; with what is in staging, or without."""

    platform: Platform | None = None
    staging: bool = False

    @property
    def path(self) -> str:
        """`/staging/r/0.29` and the like: what stands before `/simple/`."""
        runtime = f"/r/{self.platform.name}" if self.platform else ""
        return f"{'/staging' if self.staging else ''}{runtime}"


def visible(
    project: ProjectDetail, *, platform: Platform | None = None, staging: bool = False
) -> tuple[File, ...]:
    """The files of a project that a view lists, the oldest version and the newest build first.

    Of a version's wheels with equal tags micropip takes the one that is listed first.
    A quarantined project has none (PEP 792). To a runtime only what it can install is shown, and
    nothing that is yanked: micropip reads neither Requires-Python nor every file's yank flag.
    """
    if project.status is Status.QUARANTINED:
        return ()
    found = [
        file
        for file in project.files
        if not file.quarantine
        and (staging or file.stage is Stage.PRODUCTION)
        and (platform is None or installable(file, platform))
    ]
    found.sort(key=lambda file: file.filename)
    found.sort(key=lambda file: file.build, reverse=True)
    return tuple(sorted(found, key=lambda file: file.parsed_version))


def installable(file: File, platform: Platform) -> bool:
    """Whether micropip should take a file on a platform: a wheel of its tags, for its Python."""
    return (
        file.is_wheel
        and file.yanked is None
        and not platform_tags(platform).isdisjoint(file.tags)
        and admits_python(file.requires_python, platform.python)
    )


@cache
def platform_tags(platform: Platform) -> frozenset[object]:
    """The tags a platform can install."""
    return frozenset(platform.tags())


@cache
def admits_python(requires_python: str, python: str) -> bool:
    """Whether a Requires-Python admits a Python version (PEP 345); one that is invalid does."""
    try:
        return SpecifierSet(requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True
