"""Platforms: Pyodide releases, and what a wheel must say to be installed by one."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from packaging.tags import Tag, compatible_tags, cpython_tags

from porter.errors import UnknownPlatform


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One Pyodide release.

    `abi` is the PEP 783 version of the platform (`2025_0`), `emscripten` the compiler that
    Pyodide itself was built with, `runtime` the package URL of the npm package that holds the
    runtime, `integrity` its hash. `toolchain` is a profile of toolchain/debian.toml, empty where
    there is none: wheels for it can be audited and tested, but not built from registries alone.
    """

    pyodide: str
    python: str
    abi: str
    emscripten: str
    runtime: str
    integrity: str
    toolchain: str = ""

    @property
    def name(self) -> str:
        """What people call it: `0.29` of 0.29.5, and `314` of 314.0.7.

        From 314 on a release's first number is its Python's version, before it the second said
        what belongs together.
        """
        major, minor = self.pyodide.split(".")[:2]
        return major if int(major) else f"{major}.{minor}"

    @property
    def python_minor(self) -> tuple[int, int]:
        """(major, minor): pyodide-build needs the host's interpreter to be of the same."""
        major, minor = self.python.split(".")[:2]
        return int(major), int(minor)

    @property
    def python_short(self) -> str:
        """`3.13` of `3.13.2`."""
        major, minor = self.python_minor
        return f"{major}.{minor}"

    @property
    def tag(self) -> str:
        """The wheel's platform tag, as PEP 783 spells it."""
        return f"pyemscripten_{self.abi}_wasm32"

    @property
    def triplet(self) -> str:
        """CPython's platform triplet, part of every extension module's file name."""
        return "wasm32-emscripten"

    def markers(self) -> dict[str, str]:
        """The values of environment markers (PEP 508) in the runtime, but for `extra`."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.python,
            "os_name": "posix",
            "platform_machine": "wasm32",
            "platform_python_implementation": "CPython",
            "platform_release": self.emscripten,
            "platform_system": "Emscripten",
            "platform_version": "#1",
            "python_full_version": self.python,
            "python_version": self.python_short,
            "sys_platform": "emscripten",
        }

    def tags(self) -> Iterator[Tag]:
        """Wheel tags this release can install, best first.

        `pyodide_*` is the tag's spelling before PEP 783; indexes still carry it.
        """
        platforms = [self.tag, f"pyodide_{self.abi}_wasm32"]
        yield from cpython_tags(self.python_minor, platforms=platforms)
        interpreter = "cp{}{}".format(*self.python_minor)
        yield from compatible_tags(self.python_minor, interpreter, platforms)


def parse_platforms(data: Mapping[str, Any]) -> dict[str, Platform]:
    """Platforms of a parsed platforms.toml, by release, in the file's order."""
    return {
        release: Platform(pyodide=release, **fields) for release, fields in data["platform"].items()
    }


def read_platforms() -> dict[str, Platform]:
    """Every platform that this Porter knows."""
    return parse_platforms(_data())


def read_platform(release: str | None = None) -> Platform:
    """The platform of a Pyodide release, by its number or its short name, or the default one.

    Raises UnknownPlatform with the names there are.
    """
    data = _data()
    platforms = parse_platforms(data)
    wanted = release or data["default"]
    for platform in platforms.values():
        if wanted in (platform.pyodide, platform.name):
            return platform
    names = ", ".join(f"{p.name} ({p.pyodide})" for p in platforms.values())
    raise UnknownPlatform(f"no platform {release!r}", advice=f"known: {names}")


def _data() -> dict[str, Any]:
    return tomllib.loads(files("porter").joinpath("platforms.toml").read_text("utf-8"))
