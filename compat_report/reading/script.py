"""Notebooks written as text: percent and light scripts, Markdown, R Markdown, and plain Python.

Jupytext knows the formats. It is asked only where a file shows their marks: importing it takes
longer than reading a thousand notebooks, and a script without marks is one cell.
"""

import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compat_report.model import Cell, CellKind
from compat_report.reading.language import parse_language
from compat_report.reading.magic_table import cell_language

MARKS = re.compile(r"^# ?(?:%%|\+(?: |$)|In ?\[[\d ]*\]:|---$)", re.MULTILINE)
# Markdown in MyST's form says so in its header, or has MyST's cells.
MYST = re.compile(r"^\s*format_name: myst|^(?:```|~~~)\{code-cell\}", re.MULTILINE)
FRONT = re.compile(r"\A(?:# )?---\n.*?\n(?:# )?---\n", re.DOTALL)
FORMATS = {".py": "py", ".md": "md", ".Rmd": "Rmd", ".rmd": "Rmd", ".qmd": "Rmd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The cells of a notebook of text; `format` is Jupytext's name of it, or "python"."""

    format: str
    metadata: Mapping[str, Any]
    cells: tuple[Cell, ...]


class BadText(ValueError):
    """The text cannot be read in the format it is in; the message says why."""


def parse_script(text: str, *, suffix: str) -> Text:
    """The cells of a notebook of text. Raises BadText.

    `suffix` is the file's: ".py", ".md", ".Rmd" or ".qmd"; anything else is taken for Python.
    """
    kind = FORMATS.get(suffix, "py")
    if kind == "py" and not MARKS.search(text):
        cell = Cell(index=0, kind=CellKind.CODE, source=text, line=1, language="python")
        return Text(format="python", metadata={}, cells=(cell,))
    if kind == "md" and MYST.search(text):
        kind = "md:myst"
    return _parse_paired(text, kind)


def decode_script(data: bytes) -> tuple[str, str]:
    """The text of a Python file and its encoding, as its mark or cookie says (PEP 263).

    Raises SyntaxError or UnicodeDecodeError.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding), encoding


def _parse_paired(text: str, kind: str) -> Text:
    notebook = _read_paired(text, kind)
    metadata = dict(notebook.metadata)
    about = metadata.get("jupytext")
    form = about.get("text_representation", {}) if isinstance(about, dict) else {}
    language = parse_language(metadata).language
    cells: list[Cell] = []
    lines = text.split("\n")
    at = 0
    for index, cell in enumerate(notebook.cells):
        at = _find_line(cell.source.split("\n"), lines, at)
        code = cell.cell_type == "code"
        cells.append(
            Cell(
                index=index,
                kind=CellKind(cell.cell_type),
                source=cell.source,
                language=(cell_language(cell.source) if code else None) or language,
                line=at + 1,
                tags=tuple(str(tag) for tag in cell.metadata.get("tags") or ()),
            )
        )
        at += cell.source.count("\n") + 1
    return Text(
        format=f"jupytext {form.get('format_name', kind)}", metadata=metadata, cells=tuple(cells)
    )


def _read_paired(text: str, kind: str) -> Any:
    """Without its header where Jupytext stumbles over that alone."""
    import jupytext  # type: ignore[import-untyped]

    reason = ""
    for again in (text, FRONT.sub(lambda front: "\n" * front[0].count("\n"), text)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return jupytext.reads(again, kind)
        except Exception as error:  # noqa: BLE001 — of a header it takes whatever YAML gives
            reason = (str(error) or repr(error)).splitlines()[0]
    raise BadText(reason)


def _find_line(wanted: Iterable[str], lines: list[str], start: int) -> int:
    """The line, from 0, at which a cell's first line that is not empty stands, less those before it.

    A magic or a line of Markdown may be a comment in the file.
    """
    for skipped, line in enumerate(wanted):
        if not line.strip():
            continue
        for number in range(start, len(lines)):
            if lines[number] == line or lines[number].lstrip("# ") == line.lstrip("# "):
                return max(number - skipped, 0)
        break
    return min(start, len(lines) - 1)
