"""What a project's files, and cargo's messages, tell of the crates that it needs. Pure but for reads."""

import re
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from porter.source import Fetched

# Build requirements that start cargo.
BACKENDS = frozenset({"maturin", "setuptools-rust"})
CARGO = "Cargo.toml"
# Deeper there are only vendored crates, examples and tests.
DEPTH = 3
APART = frozenset({"vendor", "target", "tests", "test", "examples", "benches", "fuzz"})
TABLES = ("dependencies", "build-dependencies")
# What cargo says where no source has a crate (its `core/resolver/errors.rs`).
ABSENT = re.compile(r"^error: no matching package named `([^`]+)` found", re.MULTILINE)
UNFIT = re.compile(
    r"^error: failed to select a version for (?:the requirement )?`([^`\s]+)(?: = \"([^\"]*)\")?`",
    re.MULTILINE,
)
FOUND = re.compile(r"^candidate versions found which didn't match: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A crate that no source has: the requirement (empty: any version), and the versions there."""

    name: str
    wanted: str = ""
    found: str = ""

    def __str__(self) -> str:
        has = f" (there is {self.found})" if self.found else ""
        return f"{self.name} {self.wanted}".strip() + has


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A crate that a project was compiled with, by its Cargo.lock."""

    name: str
    version: str


def find_manifest(folder: Path) -> Path | None:
    """The Cargo.toml from which the project's build backend starts; None where none does."""
    project = _read(folder / "pyproject.toml")
    tool = _table(project, "tool")
    if not (_uses_cargo(project) or "setuptools_rust" in _text(folder / "setup.py")):
        return None
    told = [_table(tool, "maturin").get("manifest-path")]
    modules = _table(tool, "setuptools-rust").get("ext-modules", ())
    told += [module.get("path") for module in modules if isinstance(module, dict)]
    for name in (*told, CARGO):
        if isinstance(name, str) and (folder / name).is_file():
            return folder / name
    return any_manifest(folder)


def any_manifest(folder: Path) -> Path | None:
    """The outermost Cargo.toml of a project, whatever starts cargo."""
    return min(_manifests(folder), key=lambda path: (len(path.parts), path), default=None)


def package_name(crate: Path) -> tuple[str, str]:
    """(name, version) of the crate in a folder, both empty where it tells none."""
    package = _table(_read(crate / CARGO), "package")
    return str(package.get("name", "")), str(package.get("version", ""))


def may_have_rust(fetched: Fetched) -> bool:
    """Whether the source has a Cargo.toml somewhere; patches and extra files are not seen."""
    if fetched.path.is_dir():
        return any(entry.name.rpartition("/")[2] == CARGO for entry in fetched.entries)
    try:
        if fetched.path.suffix == ".zip":
            with zipfile.ZipFile(fetched.path) as archive:
                return any(name.endswith(f"/{CARGO}") for name in archive.namelist())
        with tarfile.open(fetched.path) as members:
            return any(member.name.endswith(f"/{CARGO}") for member in members)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError):
        # Whoever unpacks it says what is wrong with it.
        return False


def needed_crates(manifest: Path) -> Iterator[tuple[str, str]]:
    """(name, requirement) of the crates that a Cargo.toml needs whatever its features."""
    data = _read(manifest)
    tables = [_table(data, name) for name in TABLES]
    tables.append(_table(data, "workspace", "dependencies"))
    for target in _table(data, "target").values():
        if isinstance(target, dict):
            tables += [_table(target, name) for name in TABLES]
    for table in tables:
        for name, told in table.items():
            if isinstance(told, str):
                yield name, told
            elif isinstance(told, dict) and not told.get("optional") and "path" not in told:
                yield str(told.get("package", name)), str(told.get("version", ""))


def parse_missing(text: str) -> Missing | None:
    """The crate that cargo did not find, by what it printed; None where it says something else."""
    if match := ABSENT.search(text):
        return Missing(name=match[1])
    if match := UNFIT.search(text):
        found = FOUND.search(text)
        return Missing(name=match[1], wanted=match[2] or "", found=found[1] if found else "")
    return None


def parse_lock(text: str) -> tuple[Locked, ...]:
    """The crates of a Cargo.lock that are not the project's own; none of one that is no TOML."""
    try:
        packages = tomllib.loads(text).get("package", ())
    except tomllib.TOMLDecodeError:
        return ()
    return tuple(
        Locked(name=str(package["name"]), version=str(package["version"]))
        for package in packages
        if isinstance(package, dict) and {"name", "version", "source"} <= package.keys()
    )


def replaces_source(folder: Path, manifest: Path) -> bool:
    """Whether the project itself says where its crates are (`[source.…]` of .cargo/config.toml)."""
    places = {folder, manifest.parent, *manifest.relative_to(folder).parents}
    return any(
        _table(_read(folder / place / ".cargo" / name), "source")
        for place in places
        for name in ("config.toml", "config")
    )


def vendored_folders(folder: Path, manifest: Path) -> list[Path]:
    """Folders that `cargo vendor` filled, beside the manifest or at the top."""
    places = dict.fromkeys((manifest.parent / "vendor", folder / "vendor"))
    return [place for place in places if next(place.glob("*/.cargo-checksum.json"), None)]


def _uses_cargo(project: Mapping[str, Any]) -> bool:
    system = _table(project, "build-system")
    requires = system.get("requires", ())
    names = {_name(text) for text in requires} if isinstance(requires, list) else set()
    return bool(names & BACKENDS) or str(system.get("build-backend", "")).startswith("maturin")


def _manifests(folder: Path) -> Iterator[Path]:
    for path in folder.rglob(CARGO):
        parts = path.relative_to(folder).parts
        if len(parts) <= DEPTH and not APART.intersection(parts):
            yield path


def _name(text: object) -> str:
    try:
        return canonicalize_name(Requirement(str(text)).name)
    except InvalidRequirement:
        return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # cargo and the build backend tell better what is wrong with it.
        return {}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _table(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    found: Any = data
    for name in names:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}
