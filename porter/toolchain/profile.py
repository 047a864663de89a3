"""Profiles of toolchain/debian.toml: what to take from which suite, and how to lay it out."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from porter.errors import ToolchainNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of a profile: its version begins with `version`; `members` choose its files."""

    name: str
    version: str
    members: tuple[str, ...]

    def accepts(self, version: str) -> bool:
        """Whether a Debian version (`epoch:upstream-revision`) is the one wanted."""
        return version.partition(":")[2].startswith(self.version) or (
            ":" not in version and version.startswith(self.version)
        )

    def wants(self, member: str) -> bool:
        """Whether a member, named relative to the root, is unpacked: the last match decides."""
        chosen = False
        for pattern in self.members:
            if fnmatchcase(member, pattern.removeprefix("!")):
                chosen = not pattern.startswith("!")
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class CxxHeaders:
    """Headers of `source` laid over `target`, whose `kept` files stay, with `defines` added."""

    source: str
    target: str
    kept: tuple[str, ...]
    defines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All that makes one toolchain; paths are relative to where the packages are unpacked.

    `modules` are npm packages that Emscripten's own JavaScript needs: (name, package URL,
    integrity). `cache` is where it keeps the libraries that it compiles when they are first
    linked, empty where the packages have them. `linker_flags` come before those of every link.
    """

    name: str
    suite: str
    emscripten: str
    clang: str
    root: str
    llvm: str
    binaryen: str
    ccache: str
    loader: str
    programs: tuple[str, ...]
    libraries: tuple[str, ...]
    modules: tuple[tuple[str, str, str], ...]
    packages: tuple[Package, ...]
    cxx_headers: CxxHeaders | None
    cache: str
    linker_flags: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProfile:
    """An interpreter with its headers and libraries, laid out as a `Profile` is."""

    version: str
    suite: str
    program: str
    include: str
    loader: str
    packages: tuple[Package, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RustProfile:
    """Rust's compiler and cargo, laid out as a `Profile` is.

    `sources` has the sources of the standard library.
    """

    version: str
    suite: str
    sources: str
    loader: str
    programs: tuple[str, ...]
    libraries: tuple[str, ...]
    packages: tuple[Package, ...]
    digest: str


def parse_profile(name: str, data: Mapping[str, Any]) -> Profile:
    """The profile of its table; `digest` is a hash of the table itself."""
    headers = data.get("cxx-headers")
    return Profile(
        name=name,
        **{key: data[key] for key in ("suite", "emscripten", "clang", "root", "llvm")},
        **{key: data[key] for key in ("binaryen", "ccache", "loader")},
        programs=_strings(data["programs"]),
        libraries=_strings(data["libraries"]),
        modules=(
            ("acorn", data["acorn"], data["acorn-integrity"]),
            *((key, more["purl"], more["integrity"]) for key, more in _tables(data, "modules")),
        ),
        packages=_packages(data),
        cxx_headers=CxxHeaders(
            source=headers["from"],
            target=headers["into"],
            kept=_strings(headers["kept"]),
            defines=_strings(headers["defines"]),
        )
        if headers
        else None,
        cache=data.get("cache", ""),
        linker_flags=_strings(data.get("linker-flags", ())),
        digest=_digest(data),
    )


def parse_python(version: str, data: Mapping[str, Any]) -> PythonProfile:
    """The interpreter of its table."""
    return PythonProfile(
        version=version,
        **{key: data[key] for key in ("suite", "program", "include", "loader")},
        packages=_packages(data),
        digest=_digest(data),
    )


def parse_rust(data: Mapping[str, Any]) -> RustProfile:
    """Rust's toolchain of its table."""
    return RustProfile(
        **{key: data[key] for key in ("version", "suite", "sources", "loader")},
        programs=_strings(data["programs"]),
        libraries=_strings(data["libraries"]),
        packages=_packages(data),
        digest=_digest(data),
    )


def read_profile(name: str) -> Profile:
    """A profile by name; raises ToolchainNotFound with the names there are."""
    profiles = _data()["profile"]
    if name not in profiles:
        raise ToolchainNotFound(
            f"no Debian profile {name!r}", advice=f"known: {', '.join(profiles)}"
        )
    return parse_profile(name, profiles[name])


def read_python(version: str) -> PythonProfile | None:
    """How Debian's archive gives an interpreter of a minor version; None where it does not."""
    pythons = _data()["python"]
    return parse_python(version, pythons[version]) if version in pythons else None


@cache
def read_rust() -> RustProfile:
    """How Debian's archive gives Rust."""
    return parse_rust(_data()["rust"])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("porter.toolchain").joinpath("debian.toml").read_text("utf-8"))


def _packages(data: Mapping[str, Any]) -> tuple[Package, ...]:
    members = _strings(data["library-members"])
    own = [
        Package(name=name, version=table["version"], members=_strings(table["members"]))
        for name, table in data["packages"].items()
    ]
    libraries = [
        Package(name=name, version="", members=members) for name in data["library-packages"]
    ]
    return (*own, *libraries)


def _tables(data: Mapping[str, Any], name: str) -> Iterable[tuple[str, Mapping[str, str]]]:
    tables: Mapping[str, Mapping[str, str]] = data.get(name, {})
    return tables.items()


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _strings(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)
