"""What a port needs beyond its source, as its owner wrote it down."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from porter.errors import ConfigurationError

NAMES = {str: "string", int: "number", dict: "dict", list: "list"}
FLAGS = ("cflags", "cxxflags", "ldflags")
FIELDS: dict[str, dict[str, type]] = {
    "source": {"purl": str, "sha256": str},
    "build": {
        "cflags": str,
        "cxxflags": str,
        "ldflags": str,
        "exports": str,
        "env": dict,
        "config-settings": list,
        "patches": list,
    },
    "audit": {"size": int, "allow": dict},
    "test": {"imports": list, "files": list, "shipped": list, "skip": dict, "requires": list},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one project is built and tried.

    `folder` is where patches and tests lie, None for a project without a recipe. Flags are
    added to the platform's own. `config_settings` are `KEY=VALUE` for the build backend
    (PEP 517), `exports` the symbols an extension module keeps (`pyinit`, `requested`,
    `whole_archive`, as pyodide-build names them).

    `size` is how large its wheel may be, in bytes; `allow` pairs findings of an audit (`CODE` or
    `CODE:SUBJECT`) with the reason to accept them.

    In the runtime `imports` are tried, then pytest runs the files `tests` and what the wheel's
    packages `shipped` carry, but for `skip`: (pattern of a test's name, reason) each. `requires`
    are package URLs of pure wheels that the tests need, each with its checksum.
    """

    name: str
    folder: Path | None = None
    purl: str = ""
    sha256: str = ""
    cflags: str = ""
    cxxflags: str = ""
    ldflags: str = ""
    exports: str = "requested"
    env: tuple[tuple[str, str], ...] = ()
    config_settings: tuple[str, ...] = ()
    patches: tuple[Path, ...] = ()
    size: int | None = None
    allow: tuple[tuple[str, str], ...] = ()
    imports: tuple[str, ...] = ()
    tests: tuple[Path, ...] = ()
    shipped: tuple[str, ...] = ()
    skip: tuple[tuple[str, str], ...] = ()
    requires: tuple[str, ...] = ()


def parse_recipe(data: Mapping[str, Any], *, name: str, folder: Path, where: str) -> Recipe:
    """The recipe of a parsed recipe.toml, or of a pyproject.toml's `[tool.porter]`.

    Paths are relative to `folder`. Raises ConfigurationError that names every field that is
    unknown or of the wrong type.
    """
    mistakes = [*_mistakes(data)]
    if mistakes:
        raise ConfigurationError(
            f"{where}: {'; '.join(mistakes)}", advice=f"its fields are {_known_fields()}"
        )
    source, build, audit, test = (data.get(table, {}) for table in FIELDS)
    return Recipe(
        name=name,
        folder=folder,
        purl=source.get("purl", ""),
        sha256=source.get("sha256", ""),
        exports=build.get("exports", "requested"),
        env=tuple(build.get("env", {}).items()),
        config_settings=tuple(build.get("config-settings", ())),
        patches=tuple(folder / patch for patch in build.get("patches", ())),
        size=audit.get("size"),
        allow=tuple(audit.get("allow", {}).items()),
        imports=tuple(test.get("imports", ())),
        tests=tuple(folder / file for file in test.get("files", ())),
        shipped=tuple(test.get("shipped", ())),
        skip=tuple(test.get("skip", {}).items()),
        requires=tuple(test.get("requires", ())),
        **{flag: build.get(flag, "") for flag in FLAGS},
    )


def read_recipe(folder: Path, *, name: str | None = None) -> Recipe:
    """The recipe of a folder: its recipe.toml, else `[tool.porter]`, else an empty one.

    Where none names test files, they are the `test_*.py` at the folder's top.
    """
    name = name or folder.resolve().name
    recipe_file, pyproject = folder / "recipe.toml", folder / "pyproject.toml"
    if recipe_file.is_file():
        recipe = parse_recipe(_read(recipe_file), name=name, folder=folder, where=str(recipe_file))
    elif pyproject.is_file():
        tool = _read(pyproject).get("tool", {})
        table = tool.get("porter", {}) if isinstance(tool, dict) else {}
        recipe = parse_recipe(table, name=name, folder=folder, where=f"{pyproject} [tool.porter]")
    else:
        recipe = Recipe(name=name, folder=folder)
    for patch in recipe.patches:
        if not patch.is_file():
            raise ConfigurationError(f"{recipe_file}: no patch {patch.name}")
    if recipe.tests:
        return recipe
    return replace(recipe, tests=tuple(sorted(folder.glob("test_*.py"))))


def find_recipe(recipes: Path, project: str) -> Recipe:
    """The recipe of a project by its normalised name (PEP 503), an empty one where none is."""
    folder = recipes / canonicalize_name(project)
    if folder.is_dir():
        return read_recipe(folder, name=project)
    return Recipe(name=project)


def find_own_recipe(folder: Path, project: str) -> Recipe | None:
    """The recipe of the project that `folder` is, None where it is another one."""
    pyproject = folder / "pyproject.toml"
    table = _read(pyproject).get("project", {}) if pyproject.is_file() else {}
    name = table.get("name") if isinstance(table, dict) else None
    if not isinstance(name, str) or canonicalize_name(name) != canonicalize_name(project):
        return None
    return read_recipe(folder, name=project)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _known_fields() -> str:
    return ", ".join(f"{table}.{field}" for table, fields in FIELDS.items() for field in fields)


def _mistakes(data: object) -> list[str]:
    if not isinstance(data, Mapping):
        return ["must be a table"]
    found = []
    for table, fields in data.items():
        known = FIELDS.get(table)
        if known is None:
            found.append(f"unknown table [{table}]")
        elif not isinstance(fields, dict):
            found.append(f"{table} must be a table")
        else:
            found += [
                message
                for field, value in fields.items()
                if (message := _mistake(f"{table}.{field}", known.get(field), value))
            ]
    return found


def _mistake(field: str, wanted: type | None, value: object) -> str:
    if wanted is None:
        return f"unknown field {field}"
    if not isinstance(value, wanted) or isinstance(value, bool):
        return f"{field} must be a {NAMES[wanted]}"
    members = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    if not all(isinstance(member, str) for member in members):
        return f"{field} must hold strings only"
    return ""
