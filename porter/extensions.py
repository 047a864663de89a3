"""Whether a source tree declares extension modules, so that a pure wheel of it is suspicious."""

import re
from collections.abc import Iterator
from pathlib import Path

# By file name: what in it declares a module that a compiler makes. Each is the build system's own
# word for it (setuptools, Meson, CMake with pybind11, nanobind and its FindPython, Cargo).
DECLARING = {
    "setup.py": r"\bext_modules\b|\bExtension\s*\(|\bcythonize\s*\(|\bcffi_modules\b|\bRustExtension\b",
    "setup.cfg": r"^\s*ext_modules\b",
    "pyproject.toml": r"ext-modules|setuptools-rust",
    "meson.build": r"\bextension_module\s*\(",
    "CMakeLists.txt": r"\b(pybind11_add_module|nanobind_add_module|[Pp]ython3?_add_library)\s*\(",
    "Cargo.toml": r"\bcdylib\b",
}
PATTERNS = {name: re.compile(text, re.MULTILINE) for name, text in DECLARING.items()}
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
# Deeper there are only examples, tests and other projects.
DEPTH = 3
LARGEST = 1 << 20


def declared_extensions(folder: Path) -> tuple[str, ...]:
    """Files below `folder` that declare extension modules, relative to it, the outermost first."""
    return tuple(sorted(_declaring(folder), key=lambda name: (name.count("/"), name)))


def _declaring(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        pattern = PATTERNS.get(path.name)
        parts = path.relative_to(folder).parts
        if pattern is None or len(parts) > DEPTH or any(part.startswith(".") for part in parts):
            continue
        if {"tests", "test", "examples", "docs", "doc"}.intersection(parts[:-1]):
            continue
        if not path.is_file() or path.stat().st_size > LARGEST:
            continue
        if pattern.search(COMMENT.sub("", path.read_text("utf-8", "replace"))):
            yield "/".join(parts)
