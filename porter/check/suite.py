"""Where the tests are: a recipe's, or the suite that a project keeps in its sources."""

import configparser
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from porter.check.model import Tests
from porter.errors import ConfigurationError
from porter.recipe import Recipe

FILES = ("test_*.py", "*_test.py")
FOLDERS = ("tests", "test", "testing")
# Extras and groups that name what a suite needs, by the names projects give them.
EXTRAS = ("test", "tests", "testing")
# Folders below which nothing is a suite.
OTHER = ("docs", "doc", "examples", "benchmarks", "build", "node_modules", "vendor", "subprojects")
LARGEST = 20 << 20


def recipe_tests(recipe: Recipe, *, leave_out: Callable[[Path], bool] = lambda _: False) -> Tests:
    """The tests a recipe names, but those to `leave_out`.

    Raises ConfigurationError where one is not there.
    """
    tests = [test for test in recipe.tests if not leave_out(test)]
    return Tests(
        files=tuple(pair for test in tests for pair in _copied(test)),
        named=tuple(test.name for test in tests),
        shipped=recipe.shipped,
        skip=recipe.skip,
    )


def find_suite(
    folder: Path, members: Collection[str], *, only: Collection[str] = (), recipe: Recipe
) -> Tests:
    """The suite in a source tree, of which the wheel with these `members` was built.

    Test files that the wheel carries are run where they are installed; the others are copied,
    with all that lies beside them. `only` are patterns of files, relative to the source tree.
    Raises ConfigurationError where there is none.
    """
    named, installed = [], []
    copied: dict[str, Path] = {}
    for path in _test_files(folder):
        name = path.relative_to(folder).as_posix()
        if only and not any(fnmatchcase(name, pattern) for pattern in only):
            continue
        where = name.removeprefix("src/")
        if where in members:
            installed.append(where)
        else:
            named.append(name)
            copied |= dict(_beside(path, folder))
    if not named and not installed:
        what = f"no test file matches {', '.join(only)}" if only else "it has no test files"
        raise ConfigurationError(
            f"{recipe.name}: {what}", advice="name the files with --only, as the source has them"
        )
    return Tests(
        files=tuple(sorted(copied.items())),
        named=tuple(named),
        installed=tuple(installed),
        skip=recipe.skip,
        extra=tuple(_requirements(folder)),
    )


def _copied(test: Path) -> Iterator[tuple[str, Path]]:
    """(name in the tests folder, file here) of a test file, or of all in a test folder."""
    if test.is_dir():
        for path in sorted(test.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{test.name}/{path.relative_to(test).as_posix()}", path
    elif test.is_file():
        yield test.name, test
    else:
        raise ConfigurationError(f"{test}: the recipe names a test file that is not there")


def _test_files(folder: Path) -> Iterator[Path]:
    roots = [folder / path for path in _configured(folder)] or [folder]
    found = {path for root in roots for pattern in FILES for path in _matching(root, pattern)}
    for path in sorted(found):
        parts = path.relative_to(folder).parts
        if not any(part in OTHER or part.startswith(".") for part in parts[:-1]):
            yield path


def _matching(root: Path, pattern: str) -> Iterator[Path]:
    if root.is_file():
        yield root
    yield from root.rglob(pattern)


def _beside(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """A test file, with what its folder and the folders above it hold for it."""
    top = next((p for p in path.parents if p.name in FOLDERS and p != folder), path.parent)
    for other in [path, *top.rglob("*"), *folder.glob("conftest.py")] if top != folder else [path]:
        small = other.is_file() and other.stat().st_size <= LARGEST
        if small and not other.is_symlink() and "__pycache__" not in other.parts:
            yield other.relative_to(folder).as_posix(), other


def _configured(folder: Path) -> list[str]:
    """`testpaths` of pytest's own configuration, in its order of files."""
    for name, section in (
        ("pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        if (folder / name).is_file():
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read(folder / name, encoding="utf-8")
            except (configparser.Error, UnicodeDecodeError):
                continue
            if paths := parser.get(section, "testpaths", fallback="").split():
                return [path for path in paths if _inside(path)]
    tool = _pyproject(folder).get("tool", {}).get("pytest", {})
    paths = tool.get("ini_options", tool).get("testpaths", []) if isinstance(tool, dict) else []
    paths = paths.split() if isinstance(paths, str) else paths
    return [path for path in paths if isinstance(path, str) and _inside(path)]


def _inside(path: str) -> bool:
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


def _requirements(folder: Path) -> Iterator[str]:
    data = _pyproject(folder)
    project = data.get("project", {})
    tables: list[Mapping[str, Any]] = [
        project.get("optional-dependencies", {}),
        data.get("dependency-groups", {}),
    ]
    for table in tables:
        for name in EXTRAS:
            yield from (text for text in table.get(name, []) if isinstance(text, str))


def _pyproject(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
