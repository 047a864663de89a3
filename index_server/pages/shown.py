"""How sizes, moments and wheel tags are written for people; pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache

from index_server.model import File
from porter.platform import Platform

UNITS = ("kB", "MB", "GB")
# The systems that wheels for elsewhere name in their platform tags.
SYSTEMS = {"linux": "Linux", "manylinux": "Linux", "musllinux": "Linux (musl)"}
SYSTEMS |= {"macosx": "macOS", "win32": "Windows", "win": "Windows", "ios": "iOS"}
SYSTEMS |= {"android": "Android"}
WASM = re.compile(r"(?:pyemscripten|pyodide|emscripten)_(\w+)_wasm32")
CPYTHON = re.compile(r"cp(\d)(\d*)")
PYTHON = re.compile(r"py(\d)(\d*)")


def show_size(size: int) -> str:
    """Bytes as a person reads them: `930 B`, `1.2 MB`."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in UNITS:
        value /= 1000
        if value < 999.5 or unit == UNITS[-1]:
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def show_day(moment: datetime) -> str:
    """`25 Nov 2026`, in UTC."""
    return f"{moment.day} {moment:%b %Y}"


def show_moment(moment: datetime) -> str:
    """`25 Nov 2026, 21:55 UTC`."""
    return f"{show_day(moment)}, {moment:%H:%M} UTC"


def show_platforms(file: File, platforms: Iterable[Platform]) -> tuple[str, ...]:
    """What a file runs on: Pyodide releases by name, other systems, `any platform` or `source`."""
    if not file.is_wheel:
        return ("source",)
    tags = {tag.platform for tag in file.tags}
    if "any" in tags:
        return ("any platform",)
    known = {
        name: f"Pyodide {platform.name}" for platform in platforms for name in wasm_tags(platform)
    }
    return tuple(dict.fromkeys(known.get(tag) or _system(tag) for tag in sorted(tags)))


@cache
def wasm_tags(platform: Platform) -> frozenset[str]:
    """The platform tags of a Pyodide release that are its own."""
    return frozenset(tag.platform for tag in platform.tags()) - {"any"}


def show_python(file: File) -> str:
    """Which Python a file is for: `CPython 3.13`, `CPython 3.11 and newer`, `Python 3`."""
    if not file.is_wheel:
        return f"Python {file.requires_python}".strip() if file.requires_python else "Python"
    shown = []
    for interpreter, abi in sorted({(tag.interpreter, tag.abi) for tag in file.tags}):
        name = _interpreter(interpreter)
        shown.append(f"{name} and newer" if abi == "abi3" else name)
    return ", ".join(dict.fromkeys(shown))


def _system(tag: str) -> str:
    if match := WASM.fullmatch(tag):
        return f"WebAssembly {match[1]}"
    return SYSTEMS.get(re.split(r"[_\d]", tag, maxsplit=1)[0], SYSTEMS.get(tag, tag))


def _interpreter(tag: str) -> str:
    for name, pattern in (("CPython", CPYTHON), ("Python", PYTHON)):
        if match := pattern.fullmatch(tag):
            return f"{name} {match[1]}.{match[2]}" if match[2] else f"{name} {match[1]}"
    return tag
