"""What each magic of IPython means, read once from magics.toml."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

CELL_MAGIC = re.compile(r"\s*%%(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MagicMeaning:
    """What `%name` (`line`) and `%%name` (`cell`) are: a word of magics.toml, "" where there is none.

    `module` is what the magic imports.
    """

    line: str = ""
    cell: str = ""
    tool: str = ""
    module: str = ""
    language: str = ""
    why: str = ""


@cache
def read_magics() -> Mapping[str, MagicMeaning]:
    """Every magic that is known, by its name."""
    text = files("compat_report.reading").joinpath("magics.toml").read_text("utf-8")
    return {name: MagicMeaning(**fields) for name, fields in tomllib.loads(text)["magic"].items()}


def cell_language(source: str) -> str | None:
    """The language of a cell that begins with a cell magic; None: that of its notebook."""
    begun = CELL_MAGIC.match(source)
    if not begun:
        return None
    meaning = read_magics().get(begun[1])
    if meaning is None:
        return None
    if meaning.cell in ("language", "markup"):
        return meaning.language
    if meaning.cell == "server" and begun[1] in ("sql", "cython", "fortran"):
        return begun[1]
    return "text" if meaning.cell == "file" else None
