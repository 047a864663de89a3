"""Survey a source tree: read its files, run none of them."""

import contextlib
import email
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from porter.audit.names import import_names
from porter.extensions import LARGEST, declared_extensions
from porter.survey.model import Guess, Survey
from porter.survey.setup import SetupCall, parse_setup
from porter.survey.words import (
    backend_name,
    build_requirement_guesses,
    executable_guesses,
    library_guesses,
    library_name,
)

TEST_FOLDERS = ("tests", "test")
# Folders at the top that hold no import name.
NOT_IMPORTED = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks", "bench",
     "build", "dist", "scripts", "tools", "setup", "conftest", "noxfile", "tasks", "versioneer",
     "_custom_build", "backend"}
)  # fmt: skip
LIBRARY_FILES = ("meson.build", "CMakeLists.txt")
DEPTH = 3
# Where the packages lie that do not lie at the top.
LAYOUTS = ("src", "lib", "python")


def survey_source(folder: Path) -> Survey:
    """What the files below `folder` tell."""
    project = _toml(folder / "pyproject.toml")
    table = _table(project, "project")
    setup = parse_setup(_text(folder / "setup.py"))
    system = _table(project, "build-system")
    requires = tuple(map(str, system.get("requires", ()))) or setup.setup_requires
    info = _pkg_info(folder)
    compiled = declared_extensions(folder)
    files = {name: _text(folder / name) for name in _library_files(folder)}
    return Survey(
        name=str(table.get("name") or info.get("Name") or setup.name),
        version=str(table.get("version") or info.get("Version") or setup.version),
        backend=backend_name(
            system.get("build-backend", ""), setup_py=bool(setup.found), requires=requires
        ),
        requires=requires,
        imports=_imports(folder, setup, project),
        compiled=compiled,
        host=tuple(
            _each_once(
                [
                    *build_requirement_guesses(requires),
                    *library_guesses(files),
                    *_setup_libraries(setup),
                ]
            )
        ),
        run=tuple(_run(table, info, setup)),
        executable=tuple(executable_guesses(requires, _suffixes(folder) if compiled else set())),
        tests=tuple(_tests(folder)),
    )


def _imports(folder: Path, setup: SetupCall, project: Mapping[str, Any]) -> tuple[str, ...]:
    told = [*setup.extensions, *_meson_packages(project), *_rust_modules(folder, project)]
    for root in (*(folder / name for name in LAYOUTS), folder):
        tops = [
            str(path.relative_to(root))
            for path in (*root.glob("*.py"), *root.glob("*/__init__.py"))
            if path.relative_to(root).parts[0].removesuffix(".py") not in NOT_IMPORTED
        ]
        if tops or told:
            # A package's extension modules are told by setup.py, as a wheel's by its members.
            told_files = [f"{name.replace('.', '/')}.so" for name in told]
            return import_names([*tops, *told_files])
    return ()


def _meson_packages(project: Mapping[str, Any]) -> list[str]:
    """Modules of setuptools' table in pyproject.toml (`ext-modules`)."""
    modules = _table(project, "tool", "setuptools").get("ext-modules", ())
    return [str(m["name"]) for m in modules if isinstance(m, dict) and "name" in m]


def _rust_modules(folder: Path, project: Mapping[str, Any]) -> list[str]:
    """The module of a project of maturin, and those of setuptools-rust's table in pyproject.toml."""
    modules = _table(project, "tool", "setuptools-rust").get("ext-modules", ())
    told = [str(m["target"]) for m in modules if isinstance(m, dict) and "target" in m]
    if _table(project, "build-system").get("build-backend") == "maturin":
        cargo = _toml(folder / "Cargo.toml")
        names = (
            _table(project, "tool", "maturin").get("module-name"),
            _table(cargo, "lib").get("name"),
            _table(cargo, "package").get("name"),
        )
        told += [str(name).replace("-", "_") for name in names if name][:1]
    return told


def _run(table: Mapping[str, Any], info: Mapping[str, Any], setup: SetupCall) -> Iterator[Guess]:
    sources = (
        ("pyproject.toml", table.get("dependencies", ())),
        ("PKG-INFO", info.get("Requires-Dist", ())),
        ("setup.py", setup.install_requires),
    )
    for file, requirements in sources:
        found = [name for text in requirements if (name := _needed(str(text)))]
        if found:
            for name in dict.fromkeys(found):
                yield Guess(value=name, evidence=file)
            return


def _needed(text: str) -> str:
    """The name of a requirement without which the project cannot be, by normalised name."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return ""
    return "" if requirement.marker else canonicalize_name(requirement.name)


def _each_once(guesses: list[Guess]) -> list[Guess]:
    """The first guess of each value."""
    found: dict[str, Guess] = {}
    for guess in guesses:
        found.setdefault(guess.value, guess)
    return list(found.values())


def _tests(folder: Path) -> Iterator[Guess]:
    for name in TEST_FOLDERS:
        if (folder / name).is_dir():
            yield Guess(value=name, evidence=f"{name}/")


def _setup_libraries(setup: SetupCall) -> Iterator[Guess]:
    for library in setup.libraries:
        yield Guess(value=library_name(library), evidence=f'setup.py: libraries=["{library}"]')


def _library_files(folder: Path) -> list[str]:
    found = []
    for name in LIBRARY_FILES:
        for path in sorted(folder.rglob(name)):
            parts = path.relative_to(folder).parts
            if len(parts) <= DEPTH and "subprojects" not in parts and not _is_test(parts):
                found.append("/".join(parts))
    return found


def _is_test(parts: tuple[str, ...]) -> bool:
    return not {"tests", "test", "examples", "docs", "doc"}.isdisjoint(parts)


def _suffixes(folder: Path) -> set[str]:
    return {path.suffix.lower() for path in folder.rglob("*") if path.is_file()}


def _pkg_info(folder: Path) -> dict[str, Any]:
    """The sdist's core metadata, `Requires-Dist` as a list."""
    text = _text(folder / "PKG-INFO")
    if not text:
        return {}
    message = email.message_from_string(text)
    return {
        "Name": message.get("Name", ""),
        "Version": message.get("Version", ""),
        "Requires-Dist": message.get_all("Requires-Dist") or [],
    }


def _toml(path: Path) -> Mapping[str, Any]:
    with contextlib.suppress(tomllib.TOMLDecodeError):
        return tomllib.loads(_text(path))
    return {}


def _table(data: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        inner = data.get(name, {})
        data = inner if isinstance(inner, dict) else {}
    return data


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= LARGEST else ""
    except OSError:
        return ""
