"""The journey of a first recipe: fetch the source, survey it, write what was found."""

import os
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packageurl import PackageURL
from packaging.utils import InvalidName, canonicalize_name

from porter.errors import ConfigurationError, UsageError
from porter.home import Home, new_file
from porter.lookup import newest_version
from porter.platform import Platform
from porter.recipe import Recipe, parse_recipe, read_recipes
from porter.source import Address, Debian, Fetched, Git, Source, fetch_source, parse_source
from porter.source.git import find_commit
from porter.source.lay import unpack_source
from porter.source.parse import GIT
from porter.survey.model import Survey
from porter.survey.read import survey_source
from porter.survey.render import render_recipe
from porter.tree import copy_tree

FILE = "recipe.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A recipe in the file `path`; `note` is what else there is to know of its source."""

    name: str
    path: Path
    source: str
    survey: Survey
    known: frozenset[str]
    note: str


def write_recipe(
    name: str,
    text: str,
    *,
    recipes: Sequence[Path],
    platform: Platform,
    home: Home,
    env: Mapping[str, str],
    replaces: bool,
) -> Written:
    """Survey the source `text` and write `NAME/recipe.toml` in the first folder of `recipes`.

    Besides what `parse_source` takes, a package URL may be without a version (the newest with an
    sdist is meant) and a repository without a commit (that of its HEAD, or of a branch or a tag).
    Raises ConfigurationError where there is a recipe already, unless it `replaces` it.
    """
    try:
        project = canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise UsageError(f"{name!r} is not the name of a project (PEP 508)") from error
    target = recipes[0] / project / FILE
    if target.exists() and not replaces:
        raise ConfigurationError(
            f"{target} is there already", advice="--force writes it anew, without what you changed"
        )
    source = parse_source(_pin(text, home=home, env=env), recipes=(), platform=platform)
    source = replace(source, recipe=Recipe(name=project))
    fetched = fetch_source(source, platform=platform, home=home, env=env)
    survey = _survey(fetched, home)
    known = frozenset(read_recipes(recipes)) - {project}
    rendered = render_recipe(
        survey,
        name=project,
        origin=_origin(source),
        source=_fields(source, fetched, target.parent),
        known=known,
    )
    # What is written is read: a recipe that cannot be is a mistake of ours.
    parse_recipe(tomllib.loads(rendered), name=project, folder=target.parent, where=str(target))
    with new_file(target) as file:
        file.write_text(rendered, encoding="utf-8")
    return Written(
        name=project,
        path=target,
        source=_origin(source),
        survey=survey,
        known=known,
        note=_note(project, survey, fetched),
    )


def _pin(text: str, *, home: Home, env: Mapping[str, str]) -> str:
    """The same source, its version or its commit told."""
    if text.startswith(GIT):
        return find_commit(text, home=home, env=env)
    if not text.startswith("pkg:"):
        return text
    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise UsageError(f"{text}: not a package URL: {error}") from error
    if purl.type != "pypi" or purl.version:
        return text
    return purl._replace(version=newest_version(purl, env=env)).to_string()


def _survey(fetched: Fetched, home: Home) -> Survey:
    home.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=home.work) as scratch:
        folder = Path(scratch) / "source"
        if fetched.path.is_dir():
            copy_tree(fetched.entries, folder)
        else:
            unpack_source(fetched.path, folder)
        return survey_source(folder)


def _origin(source: Source) -> str:
    return source.where if not isinstance(source.origin, Path) else source.origin.name


def _fields(source: Source, fetched: Fetched, folder: Path) -> dict[str, str]:
    """The fields of `[source]` that name it again."""
    origin = source.origin
    if isinstance(origin, PackageURL):
        qualifiers = origin.qualifiers if isinstance(origin.qualifiers, dict) else {}
        kept = {key: value for key, value in qualifiers.items() if key != "checksum"}
        return {"purl": origin._replace(qualifiers=kept).to_string(), "sha256": fetched.sha256}
    if isinstance(origin, Address):
        return {"url": origin.url, "sha256": fetched.sha256}
    if isinstance(origin, Debian):
        return {"purl": str(origin), "sha256": fetched.sha256}
    if isinstance(origin, Git):
        return {"git": origin.url, "commit": origin.commit}
    path = {"path": os.path.relpath(origin, folder.resolve())}
    return path if origin.is_dir() else {**path, "sha256": fetched.sha256}


def _note(project: str, survey: Survey, fetched: Fetched) -> str:
    notes = [fetched.note] if fetched.note else []
    if survey.name and canonicalize_name(survey.name) != project:
        notes.append(f"the source calls itself {survey.name}")
    if not survey.compiled:
        notes.append("no file declares an extension module: the wheel may be pure")
    return "; ".join(notes)
