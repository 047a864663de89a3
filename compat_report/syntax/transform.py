"""A cell's source → a syntax tree and the pieces of IPython's syntax in it, at their own lines.

Most cells are Python, or Python with lines that begin with `%` or `!`. In those, each such line
is replaced by a statement of its own; that the parsed tree has it as one proves that the line
was no part of a string or of a longer expression. All else goes through IPython.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

from compat_report.reading.magic_table import read_magics

type Kind = Literal["line", "cell", "system", "help"]

CELL_MAGIC = re.compile(r"\A\s*?[ \t]*%%(?![%\s])(\S+)[ \t]*(.*)")
ESCAPE = re.compile(
    r"^[ \t]*(?:(?P<mark>[%!])"
    r"|(?P<ask>\?\??[ \t]*[\w.*%]*[ \t]*$|%{0,2}[^\W\d][\w.*]*\?\??[ \t]*$)"
    r"|(?P<left>[^\n=#'\"(!%?]*=[ \t]*)(?P<set>[%!](?!=)))",
    re.MULTILINE,
)
# A cell that Python cannot read is given to IPython up to this many characters: it reads the
# whole cell again for each piece of its syntax.
MOST = 200_000
# Where statements have statements inside.
INNER = ("body", "orelse", "finalbody", "handlers", "cases")
FAILURES = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True, slots=True)
class Escape:
    """One piece of IPython's syntax.

    `name` is the magic's, "" for a command of the shell; `text` its arguments or the command,
    continued lines joined; `body` what follows a cell magic's line. `line` and `column` are
    where it begins, `text_column` where its arguments do.
    """

    kind: Kind
    name: str
    text: str
    line: int
    column: int
    body: str = ""
    text_column: int = 0


class Parsed(NamedTuple):
    """`escapes` by the line of the statement that stands for each in `tree`.

    `head` is the cell magic the cell begins with, outer ones first. `rewritten` tells that
    IPython made calls of `get_ipython()` in the tree that are not in the source.
    """

    tree: ast.Module
    escapes: Mapping[int, Escape] = MappingProxyType({})
    head: tuple[Escape, ...] = ()
    rewritten: bool = False


class UnreadableCell(ValueError):
    """The cell is neither Python nor IPython; `line` is where that shows, 0 if nobody can say."""

    def __init__(self, detail: str, line: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line


def parse_cell(source: str) -> Parsed:
    """Read a code cell whose lines end with newlines. Raises UnreadableCell."""
    if "%%" in source and (begun := CELL_MAGIC.match(source)):
        return _parse_cell_magic(source, begun)
    reason: BaseException | None = None
    if ("%" in source or "!" in source or "?" in source) and ESCAPE.search(source):
        try:
            parsed = _parse_escaped(source, frozenset())
        except FAILURES as error:
            reason = error
        else:
            if parsed is not None:
                return parsed
    try:
        return Parsed(parse_python(source))
    except FAILURES as error:
        # Where magics were taken out, what remained is to blame.
        reason = reason or error
    if len(source) <= MOST and not isinstance(reason, RecursionError | MemoryError):
        from compat_report.syntax.ipython import parse_rewritten

        parsed = parse_rewritten(source)
        if parsed is not None:
            return parsed
    raise _unreadable(reason, source)


def parse_python(source: str) -> ast.Module:
    """`ast.parse` without what it does for other kinds of input. Raises one of FAILURES."""
    tree = compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    return cast("ast.Module", tree)


def _parse_cell_magic(source: str, begun: re.Match[str]) -> Parsed:
    line = source.count("\n", 0, begun.start(1)) + 1
    first, _, body = source[begun.start(1) :].partition("\n")
    column = begun.start(1) - 2 - (source.rfind("\n", 0, begun.start(1)) + 1)
    name = begun[1]
    head = Escape(
        kind="cell",
        name=name,
        text=first[len(name) :].strip(),
        line=line,
        column=column,
        body=body,
        text_column=column + 2 + begun.start(2) - begun.start(1),
    )
    meaning = read_magics().get(name.rstrip("?"))
    if meaning is None or meaning.cell not in ("code", "body"):
        return Parsed(ast.Module([], []), head=(head,))
    try:
        parsed = parse_cell("\n" * line + body)
    except UnreadableCell as error:
        raise UnreadableCell(error.detail, error.line) from None
    return parsed._replace(head=(head, *parsed.head))


def _parse_escaped(source: str, skipped: frozenset[int]) -> Parsed | None:
    """The tree with a `0` in place of each escape; None where the tree does not prove them.

    Lines that turn out to be parts of strings are left as they are: `skipped`. Raises one of
    FAILURES.
    """
    lines = source.split("\n")
    escapes: dict[int, Escape] = {}
    places: dict[int, int] = {}
    number = 0
    while number < len(lines):
        line = lines[number]
        found = ESCAPE.match(line) if "%" in line or "!" in line or "?" in line else None
        if found is None or number + 1 in skipped:
            number += 1
            continue
        last = number
        while lines[last].endswith("\\") and last + 1 < len(lines):
            last += 1
        begin = found.start("mark")
        if begin < 0:
            begin = found.start("set")
        if begin < 0:
            begin = len(line) - len(line.lstrip())
        text = line[begin:]
        if last > number:
            text = " ".join([part[:-1].rstrip() for part in (text, *lines[number + 1 : last])])
            text += " " + lines[last].strip()
        escapes[number + 1] = _escape(text.rstrip(), number + 1, begin)
        places[number + 1] = len(line[:begin].encode("utf-8", "replace"))
        lines[number] = line[:begin] + "0"
        for blank in range(number + 1, last + 1):
            lines[blank] = ""
        number = last + 1
    tree = parse_python("\n".join(lines))
    unproven = _unproven(tree, places)
    if not unproven:
        return Parsed(tree, escapes)
    return None if skipped else _parse_escaped(source, frozenset(unproven))


def _escape(text: str, line: int, column: int) -> Escape:
    if text.startswith("?") or (text.endswith("?") and not text.startswith("!")):
        return Escape("help", "", text.strip("?"), line, column)
    if text.startswith("!"):
        return Escape("system", "", text.lstrip("!").strip(), line, column, text_column=column + 1)
    name, _, rest = text[1:].partition(" ")
    begin = column + 1 + len(name) + 1 + len(rest) - len(rest.lstrip())
    return Escape("line", name, rest.strip(), line, column, text_column=begin)


def _unproven(tree: ast.Module, places: dict[int, int]) -> dict[int, int]:
    """Those lines whose `0` is no statement's whole expression, nor all that it assigns.

    `places` are its columns by line, counted in bytes of UTF-8 as trees do.
    """
    missing = dict(places)
    waiting: list[ast.AST] = list(tree.body)
    while waiting and missing:
        statement = waiting.pop()
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Constant) and missing.get(value.lineno) == value.col_offset:
            if isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign):
                del missing[value.lineno]
            continue
        for name in INNER:
            inner = getattr(statement, name, None)
            if isinstance(inner, list):
                waiting.extend(inner)
    return missing


def _unreadable(error: BaseException, source: str) -> UnreadableCell:
    if isinstance(error, SyntaxError):
        line = min(error.lineno or 0, source.count("\n") + 1)
        return UnreadableCell(error.msg or "invalid syntax", max(line, 0))
    if isinstance(error, RecursionError | MemoryError):
        return UnreadableCell("it is nested too deeply")
    return UnreadableCell(str(error))
