"""The body of a cell `%%dataframe`, TOML, → what is to be done; pure, in kernels of both kinds."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from kernel_bridge.inside.errors import InsideError

MODES = ("fail", "replace", "append")
FORMATS = ("parquet",)
COMPRESSIONS = ("zstd", "snappy", "gzip", "none")
# The same as the server's: a wrong name is told with its line, before anything is sent.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}){0,3}")
# tomllib tells the place in its message, `… (at line 2, column 7)`, and from Python 3.14 apart.
PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
ADVICE = "docs/reference/dataframe-magic.md has every field"


class BadCell(InsideError):
    """The cell cannot be read as written; every mistake is told, each with its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCell:
    """What a cell asks for: the frame in the variable `frame` becomes dataset `name` of target `to`.

    `columns` are those that are sent, () for all.
    """

    frame: str
    to: str
    name: str
    mode: str = "fail"
    columns: tuple[str, ...] = ()
    partition: tuple[str, ...] = ()
    format: str = "parquet"
    compression: str = "zstd"
    key: str = ""


def parse_cell(line: str, body: str) -> FrameCell:
    """The cell's arguments, of its first line (there are none) and the rest; raises BadCell."""
    if line.strip():
        raise BadCell(
            "line 1: %%dataframe takes no arguments on its own line",
            advice='write them below it, one a line: frame = "df"',
        )
    try:
        told = tomllib.loads(body)
    except tomllib.TOMLDecodeError as error:
        found = PLACE.search(str(error))
        at = int(found[1]) if found and found[1] else body.count("\n") + 1
        raise BadCell(
            f"line {at + 1}: {PLACE.sub('', str(error))}",
            advice='arguments are TOML, one a line: frame = "df"',
        ) from error
    except RecursionError as error:
        raise BadCell("line 2: it is nested too deep", advice=ADVICE) from error
    return _Reader(body, told).read()


class _Reader:
    """Reads field by field, and collects mistakes."""

    def __init__(self, body: str, told: Mapping[str, object]) -> None:
        self._lines = body.split("\n")
        self._told = told
        self._mistakes: list[tuple[int, str]] = []

    def read(self) -> FrameCell:
        known = tuple(FrameCell.__annotations__)
        for key in self._told:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                self._wrong(key, f"there is no such field; {hint}")
        cell = FrameCell(
            frame=self._text("frame"),
            to=self._text("to"),
            name=self._text("name"),
            mode=self._one_of("mode", MODES),
            columns=self._texts("columns"),
            partition=self._texts("partition"),
            format=self._one_of("format", FORMATS),
            compression=self._one_of("compression", COMPRESSIONS),
            key=self._text("key", default=""),
        )
        if cell.frame and not cell.frame.isidentifier():
            self._wrong("frame", f"{cell.frame!r} is no name of a variable")
        if cell.name and not NAME.fullmatch(cell.name):
            self._wrong(
                "name", "up to four parts with / between, each of letters, digits, _ - ."
                " and beginning with a letter or a digit"
            )  # fmt: skip
        for column in cell.partition:
            if cell.columns and column not in cell.columns:
                self._wrong("partition", f"{column} is not among the columns that are sent")
        if self._mistakes:
            told = dict.fromkeys(f"line {line}: {text}" for line, text in sorted(self._mistakes))
            raise BadCell("\n".join(told), advice=ADVICE)
        return cell

    def _text(self, key: str, default: str | None = None) -> str:
        if key not in self._told:
            if default is None:
                self._wrong(key, "it is missing")
            return default or ""
        value = self._told[key]
        if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
            self._wrong(key, f"it is text, not {_shown(value)}")
            return ""
        return value

    def _one_of(self, key: str, known: tuple[str, ...]) -> str:
        value = self._told.get(key, known[0])
        if value not in known:
            self._wrong(key, f"it is one of {', '.join(known)}, not {_shown(value)}")
        return str(value)

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._told.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self._wrong(key, f'it is a list of columns, ["year"], not {_shown(value)}')
            return ()
        if len(set(value)) < len(value):
            self._wrong(key, "a column is named twice")
        return tuple(value)

    def _wrong(self, key: str, text: str) -> None:
        self._mistakes.append((self._line_of(key), f"{key}: {text}"))

    def _line_of(self, key: str) -> int:
        """The line of a field in the cell, whose first is the magic's; 1 where it has none."""
        plain = re.compile(rf"""\s*(?:\[\s*)?["']?{re.escape(key)}["']?\s*[=.\]]""")
        for number, line in enumerate(self._lines, 2):
            if plain.match(line):
                return number
        return 1


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
