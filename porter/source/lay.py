"""A scratch copy of a source, patched, for a build to write in."""

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from porter.archive import unpack_tar, unpack_zip
from porter.errors import CommandFailed, ConfigurationError, UnsafeArchive
from porter.process import run
from porter.recipe import Recipe
from porter.source.model import Fetched
from porter.source.parse import is_project
from porter.tree import copy_tree
from porter.versioned import copy_git, versioned_by_git


def lay_source(fetched: Fetched, target: Path, *, log: Path, env: Mapping[str, str]) -> None:
    """A scratch copy of the source in `target`, patched. The source itself is only read."""
    recipe = fetched.source.recipe
    if fetched.path.is_dir():
        copy_tree(fetched.entries, target)
        if versioned_by_git(fetched.path):
            copy_git(fetched.path, target)
    else:
        unpack_source(fetched.path, target, extract_dir=recipe.extract_dir)
    # A script, or an extra file, may make a project of it.
    if not is_project(target) and not recipe.script and not recipe.extras:
        raise ConfigurationError(
            f"{fetched.source.name}: neither pyproject.toml nor setup.py in it",
            advice="only projects with a build backend (PEP 517) can be built",
        )
    for patch in recipe.patches:
        try:
            run(["patch", "-p1", "--batch", "-i", patch], log=log, env=env, cwd=target)
        except CommandFailed as error:
            raise ConfigurationError(
                f"{patch} does not apply to {fetched.source.name}", log=log
            ) from error
    _add_extras(recipe, target)


def unpack_source(archive: Path, target: Path, *, extract_dir: str = "") -> None:
    """The one folder of an archive, or its `extract_dir`, as `target`. Raises UnsafeArchive."""
    beside = target.with_name(f"{target.name}.unpacked")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    if archive.suffix == ".zip":
        unpack_zip(archive, beside)
    else:
        unpack_tar(archive, beside)
    found = [beside / extract_dir] if _is_inside(extract_dir) else list(beside.iterdir())
    if len(found) != 1 or not found[0].is_dir():
        what = (
            f"it has no folder {extract_dir}"
            if extract_dir
            else f"an sdist holds one folder, NAME-VERSION (PEP 625), this one has {len(found)} entries"
        )
        raise UnsafeArchive(f"{archive.name}: {what}")
    found[0].replace(target)
    shutil.rmtree(beside)


def _add_extras(recipe: Recipe, target: Path) -> None:
    for file, place in recipe.extras:
        if not _is_inside(place):
            raise ConfigurationError(f"{recipe.file}: {place} is not in the source")
        path = target / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, path)


def _is_inside(place: str) -> bool:
    path = PurePosixPath(place)
    return bool(place) and not path.is_absolute() and ".." not in path.parts
