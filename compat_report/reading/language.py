"""The language a notebook is written in, and the kernel it asks for, as its metadata tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compat_report.model import Finding, Location, Severity
from compat_report.rules import find

PYTHON = re.compile(
    r"\A(?:i?python|xpython|xeus-python|pyodide|python)[\d.\s]*\Z|\A(?:py|conda-env-.*-py)\Z"
)
# What kernels call themselves where the metadata have no word of the language.
KERNELS = {"ir": "r", "xr": "r", "iruby": "ruby", "sagemath": "sage", "sparkkernel": "scala"}
JULIA = re.compile(r"\Ajulia")
# Languages for which a kernel that runs in a browser is published, other than Python's.
IN_BROWSER = frozenset({"r", "javascript", "typescript", "lua", "sqlite", "c++", "p5.js", "octave"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """`language` in lower case, "python" for all of Python's names; `old` for Python 2."""

    language: str
    kernel: str | None
    old: bool = False


def parse_language(metadata: Mapping[str, Any]) -> Spoken:
    """What the notebook's metadata say; a notebook that says nothing is one of Python."""
    spec, info = _mapping(metadata, "kernelspec"), _mapping(metadata, "language_info")
    kernel = _text(spec, "name")
    language = (
        _text(info, "name") or _text(spec, "language") or _text(metadata, "language") or ""
    ).lower()
    if not language and kernel:
        name = kernel.lower()
        language = "julia" if JULIA.match(name) else KERNELS.get(name, "python")
    version = _text(info, "version") or ""
    old = (
        version.startswith("2.")
        or kernel == "python2"
        or language in {"python2", "ipython2"}
        or _text(info, "pygments_lexer") == "ipython2"
    )
    if not language or PYTHON.match(language):
        return Spoken(language="python", kernel=kernel, old=old)
    return Spoken(language=language, kernel=kernel)


def check_language(spoken: Spoken, location: Location) -> list[Finding]:
    """What a notebook of another language, or of Python 2, means for a browser."""
    if spoken.old:
        return [find("python-2", location, "Python 2")]
    if spoken.language == "python":
        return []
    severity = Severity.UNKNOWN if spoken.language in IN_BROWSER else Severity.SERVER
    return [find("other-language", location, spoken.language, severity=severity)]


def _mapping(metadata: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = metadata.get(key)
    return value if isinstance(value, dict) else {}


def _text(metadata: Mapping[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    return value if isinstance(value, str) and value else None
