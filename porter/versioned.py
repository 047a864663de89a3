"""Projects whose version is read from git: their history belongs to the source."""

import shutil
import tomllib
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

READERS = frozenset(
    {
        "dunamai", "hatch-vcs", "poetry-dynamic-versioning", "setuptools-git-versioning",
        "setuptools-scm", "vcs-versioning", "versioneer", "versioningit",
    }
)  # fmt: skip


def versioned_by_git(folder: Path) -> bool:
    """Whether the build requires (PEP 518) a reader of git, and there is something to read."""
    try:
        data = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
        requires = [Requirement(text) for text in data["build-system"]["requires"]]
    except (OSError, ValueError, KeyError, TypeError, InvalidRequirement):
        return False
    names = {canonicalize_name(requirement.name) for requirement in requires}
    return not names.isdisjoint(READERS) and (folder / ".git").exists()


def git_state(folder: Path) -> str:
    """The commit and the tags, as git keeps them: what a version is made of."""
    git = folder / ".git"
    if not git.is_dir():
        return git.read_text()
    refs = [path for path in (git / "refs").rglob("*") if path.is_file()]
    kept = [git / "HEAD", git / "packed-refs", *sorted(refs)]
    return "".join(f"{path.name} {path.read_text()}" for path in kept if path.is_file())


def copy_git(folder: Path, target: Path) -> None:
    """Give a scratch copy the source's history."""
    git = folder / ".git"
    if git.is_dir():
        shutil.copytree(git, target / ".git", symlinks=True)
    else:
        shutil.copy2(git, target / ".git")
