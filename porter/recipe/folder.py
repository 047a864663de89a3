"""Where recipes lie: in a folder of their own, in a project, or in folders of many."""

import os
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from porter.errors import ConfigurationError
from porter.recipe.fields import find_mistakes, known_fields, make_recipe
from porter.recipe.meta import parse_meta
from porter.recipe.mistake import Mistake, raise_mistakes
from porter.recipe.model import Recipe
from porter.recipe.toml_lines import find_line

RECIPE, META, PROJECT = "recipe.toml", "meta.yaml", "pyproject.toml"
type Read = tuple[Recipe | None, list[Mistake]]


def read_recipe(folder: Path, *, name: str | None = None) -> Recipe:
    """The recipe of a folder: its recipe.toml, else its meta.yaml, else `[tool.porter]`, else none.

    A meta.yaml names its project, the others are of `name` or the folder's own. Where none names
    test files, they are the `test_*.py` at the folder's top. Raises ConfigurationError with every
    mistake, its line and its field.
    """
    files = _list_files(folder)
    recipe, mistakes = _read_folder(folder, name or folder.resolve().name, files)
    raise_mistakes(mistakes, advice=_advice(mistakes))
    if recipe is not None:
        return recipe
    plain = Recipe(name=name or folder.resolve().name, folder=folder)
    return replace(plain, tests=_tests(plain, files))


def read_recipes(folders: Sequence[Path]) -> dict[str, Recipe]:
    """Every recipe below the folders, by normalised name; the first folder that has it wins.

    A folder of recipes holds one folder a project. Raises ConfigurationError with every mistake
    of every file.
    """
    found: dict[str, Recipe] = {}
    mistakes: list[Mistake] = []
    for folder in folders:
        mine: dict[str, Recipe] = {}
        for path, files in _projects(folder):
            recipe, wrong = _read_folder(path, path.name, files)
            mistakes += wrong
            if recipe is None:
                continue
            if (other := mine.get(recipe.key)) is not None:
                text = f"{recipe.name} has another recipe in {other.folder}"
                mistakes.append(Mistake(where=str(recipe.file), text=text))
            mine.setdefault(recipe.key, recipe)
        found = {**mine, **found}
    raise_mistakes(mistakes, advice=_advice(mistakes))
    return found


def recipe_folders(folder: Path) -> Iterator[Path]:
    """The folders right below `folder` that hold a recipe, sorted by name."""
    return (path for path, _ in _projects(folder))


def _projects(folder: Path) -> Iterator[tuple[Path, frozenset[str]]]:
    """The folders right below that hold a recipe, sorted by name, each with the files in it."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as found:
        names = sorted(item.name for item in found if item.is_dir())
    for name in names:
        path = folder / name
        files = _list_files(path)
        if RECIPE in files or META in files or (PROJECT in files and _has_table(path / PROJECT)):
            yield path, files


def _list_files(folder: Path) -> frozenset[str]:
    """The names of the files right below: one look, where there are thousands of folders."""
    try:
        with os.scandir(folder) as found:
            return frozenset(item.name for item in found if item.is_file())
    except OSError:
        return frozenset()


def find_recipe(recipes: Path | Sequence[Path], project: str) -> Recipe:
    """The recipe of a project by its normalised name (PEP 503), an empty one where none is.

    Of several folders the first that has it wins.
    """
    wanted = canonicalize_name(project)
    for folder in [recipes] if isinstance(recipes, Path) else recipes:
        if (folder / wanted).is_dir():
            return read_recipe(folder / wanted, name=project)
        # The repository of Pyodide's own recipes spells names as their projects do.
        for path in recipe_folders(folder):
            if canonicalize_name(path.name) == wanted:
                return read_recipe(path, name=project)
    return Recipe(name=project)


def find_own_recipe(folder: Path, project: str) -> Recipe | None:
    """The recipe of the project that `folder` is, None where it is another one."""
    pyproject = folder / PROJECT
    table = _parse(pyproject, _text(pyproject)).get("project", {}) if pyproject.is_file() else {}
    name = table.get("name") if isinstance(table, dict) else None
    if not isinstance(name, str) or canonicalize_name(name) != canonicalize_name(project):
        return None
    return read_recipe(folder, name=project)


def _read_folder(folder: Path, name: str, files: Collection[str]) -> Read:
    readers: tuple[tuple[str, Callable[[Path, str], Read]], ...] = (
        (RECIPE, _read_toml),
        (META, _read_meta),
        (PROJECT, _read_project),
    )
    for file, read in readers:
        if file not in files:
            continue
        path = folder / file
        try:
            recipe, mistakes = read(path, name)
        except ConfigurationError as error:
            return None, [Mistake(where=str(path), text=error.message.removeprefix(f"{path}: "))]
        if recipe is None:
            return None, mistakes
        every = [recipe, *(each for _, each in recipe.platforms)]
        absent = [
            f"no {what} {named.name}"
            for each in every
            for what, told in (
                ("patch", each.patches),
                ("file", [extra for extra, _ in each.extras]),
            )
            for named in told
            if not named.is_file()
        ]
        mistakes += [Mistake(where=str(path), text=text) for text in dict.fromkeys(absent)]
        return _complete(recipe, path, files), mistakes
    return None, []


def _complete(recipe: Recipe, file: Path, files: Collection[str]) -> Recipe:
    platforms = tuple((name, _complete(each, file, files)) for name, each in recipe.platforms)
    told = (file, platforms, _tests(recipe, files))
    # Among thousands most have all of it.
    if told == (recipe.file, recipe.platforms, recipe.tests):
        return recipe
    return replace(recipe, file=told[0], platforms=told[1], tests=told[2])


def _read_toml(path: Path, name: str) -> Read:
    text = _text(path)
    return _from_table(_parse(path, text), partial(find_line, text), name, path)


def _read_project(path: Path, name: str) -> Read:
    text = _text(path)
    tool = _parse(path, text).get("tool", {})
    table = tool.get("porter", {}) if isinstance(tool, dict) else {}
    return _from_table(
        table,
        lambda field: find_line(text, ("tool", "porter", *field)),
        name,
        path,
        "[tool.porter] ",
    )


def _from_table(
    table: Any, lines: Callable[[tuple[str, ...]], int], name: str, path: Path, prefix: str = ""
) -> Read:
    if mistakes := [*find_mistakes(table, where=str(path), lines=lines, prefix=prefix)]:
        return None, mistakes
    return make_recipe(table, name=name, folder=path.parent, file=path), []


def _read_meta(path: Path, _: str) -> Read:
    return parse_meta(_text(path), folder=path.parent, where=str(path))


def _tests(recipe: Recipe, files: Collection[str]) -> tuple[Path, ...]:
    folder = recipe.folder
    if recipe.tests or folder is None:
        return recipe.tests
    names = sorted(name for name in files if name.startswith("test_") and name.endswith(".py"))
    return tuple(folder / name for name in names)


def _has_table(pyproject: Path) -> bool:
    """Whether a project's file has `[tool.porter]`; one that cannot be read is told of later."""
    try:
        return "tool.porter" in pyproject.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _text(path: Path) -> str:
    try:
        # Both TOML and YAML know every end of a line.
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _parse(path: Path, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _advice(mistakes: Sequence[Mistake]) -> str:
    """The fields there are, where one of recipe.toml's was misspelt."""
    misspelt = any("unknown " in m.text and META not in m.where for m in mistakes)
    return known_fields() if misspelt else ""
