"""Profiles of toolchain/debian.toml: what to take from which suite, and how to lay it out."""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
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
    """All that makes one toolchain; paths are relative to where the packages are unpacked."""

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
    acorn: str
    acorn_integrity: str
    packages: tuple[Package, ...]
    cxx_headers: CxxHeaders
    digest: str


def parse_profile(name: str, data: Mapping[str, Any]) -> Profile:
    """The profile of its table; `digest` is a hash of the table itself."""
    members = _strings(data["library-members"])
    packages = [
        Package(name=package, version=table["version"], members=_strings(table["members"]))
        for package, table in data["packages"].items()
    ]
    packages += [
        Package(name=package, version="", members=members) for package in data["library-packages"]
    ]
    headers = data["cxx-headers"]
    return Profile(
        name=name,
        **{key: data[key] for key in ("suite", "emscripten", "clang", "root", "llvm")},
        **{key: data[key] for key in ("binaryen", "ccache", "loader", "acorn")},
        programs=_strings(data["programs"]),
        libraries=_strings(data["libraries"]),
        acorn_integrity=data["acorn-integrity"],
        packages=tuple(packages),
        cxx_headers=CxxHeaders(
            source=headers["from"],
            target=headers["into"],
            kept=_strings(headers["kept"]),
            defines=_strings(headers["defines"]),
        ),
        digest=hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest(),
    )


def read_profile(name: str) -> Profile:
    """A profile by name; raises ToolchainNotFound with the names there are."""
    text = files("porter.toolchain").joinpath("debian.toml").read_text("utf-8")
    profiles = tomllib.loads(text)["profile"]
    if name not in profiles:
        raise ToolchainNotFound(
            f"no Debian profile {name!r}", advice=f"known: {', '.join(profiles)}"
        )
    return parse_profile(name, profiles[name])


def _strings(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)
