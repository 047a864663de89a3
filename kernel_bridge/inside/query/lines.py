"""The line of a magic, parsed: `[NAME <<] --option value … [-- body]`. Pure.

docs/reference/magics.md says what each magic takes.
"""

import keyword
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from kernel_bridge.inside.query.errors import BadMagic

TARGET = re.compile(r"\s*([^\W\d]\w*)\s*<<\s*")
TOKEN = re.compile(r"""\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)""", re.DOTALL)
# What an option is given: nothing, one text, a whole number, or `NAME=EXPRESSION` many times.
FLAG, TEXT, NUMBER, PAIRS = "flag", "text", "number", "pairs"

SYNTAX: Mapping[str, Mapping[str, str]] = {
    "sql": {"on": TEXT, "param": PAIRS, "limit": NUMBER},
    "googlesheet": {
        "on": TEXT,
        "id": TEXT,
        "range": TEXT,
        "header": FLAG,
        "no-header": FLAG,
        "values": TEXT,
        "limit": NUMBER,
    },
    "graphql": {
        "on": TEXT,
        "vars": TEXT,
        "paginate": TEXT,
        "cursor": TEXT,
        "rows": TEXT,
        "operation": TEXT,
        "limit": NUMBER,
    },
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "sql": (),
    "googlesheet": ("id", "range"),
    "graphql": ("on",),
}
BODIED = ("sql", "graphql")
CHOICES = {"values": ("unformatted", "formatted", "formula")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Magic:
    """One magic as written: `target` is the name that takes the result, None to show it.

    `options` are by name, without dashes; `pairs` are those of `--param`: name to expression.
    """

    kind: str
    target: str | None
    options: Mapping[str, str | int | bool]
    pairs: Mapping[str, str]
    body: str


def parse_cell(code: str) -> Magic | None:
    """The magic that a whole cell is, None where it is none of these; raises BadMagic."""
    found = re.match(r"\s*%%(\w+)([^\n]*)(?:\n|\Z)", code)
    if found is None or found[1] not in SYNTAX:
        return None
    return parse_magic(found[1], found[2], code[found.end() :])


def parse_magic(kind: str, line: str, cell: str | None = None) -> Magic:
    """A magic by what IPython gives it; raises BadMagic.

    `cell` is None for `%sql …`: then what follows the options is the body.
    """
    target, start = None, 0
    if (found := TARGET.match(line)) is not None:
        target, start = found[1], found.end()
        if keyword.iskeyword(target):
            raise _bad(kind, f"{target!r} is a word of Python's, no name")
    options, pairs, rest = _options(kind, line, start)
    if cell is None:
        cell = rest
    elif rest.strip():
        raise _bad(kind, f"{rest.strip()[:60]!r} is no option")
    magic = Magic(kind=kind, target=target, options=options, pairs=pairs, body=cell)
    _check(magic)
    return magic


def _options(
    kind: str, line: str, start: int
) -> tuple[dict[str, str | int | bool], dict[str, str], str]:
    options: dict[str, str | int | bool] = {}
    pairs: dict[str, str] = {}
    while (found := TOKEN.match(line, start)) is not None and found[1].startswith("--"):
        start = found.end()
        if found[1] == "--":
            break
        word, equals, value = found[1][2:].partition("=")
        form = SYNTAX[kind].get(word)
        if form is None:
            raise _bad(kind, f"there is no option --{word}")
        if word in options:
            raise _bad(kind, f"--{word} is there twice")
        if form == FLAG:
            if equals:
                raise _bad(kind, f"--{word} takes no value")
            options[word] = True
            continue
        if not equals:
            following = TOKEN.match(line, start)
            if following is None:
                raise _bad(kind, f"--{word} lacks its value")
            value, start = following[1], following.end()
        _take(kind, word, _unquoted(kind, value), options, pairs)
    return options, pairs, line[start:]


def _take(
    kind: str,
    word: str,
    value: str,
    options: dict[str, str | int | bool],
    pairs: dict[str, str],
) -> None:
    form = SYNTAX[kind][word]
    if form == PAIRS:
        name, equals, expression = value.partition("=")
        if not equals or not name.isidentifier() or not expression.strip():
            raise _bad(kind, f"--{word} {value} is not NAME=EXPRESSION")
        if name in pairs:
            raise _bad(kind, f"--{word} {name} is there twice")
        pairs[name] = expression
    elif form == NUMBER:
        if not re.fullmatch(r"[0-9_,]{1,15}", value) or not int(value.replace(",", "")):
            raise _bad(kind, f"--{word} {value} is not a number of at least 1")
        options[word] = int(value.replace(",", ""))
    elif not value or (word in CHOICES and value not in CHOICES[word]):
        known = ", ".join(CHOICES.get(word, ("a text",)))
        raise _bad(kind, f"--{word} is {value!r}, and may be {known}")
    else:
        options[word] = value


def _unquoted(kind: str, token: str) -> str:
    try:
        return "".join(shlex.split(token))
    except ValueError as error:
        raise _bad(kind, f"the quotes of {token!r} are not closed") from error


def _check(magic: Magic) -> None:
    for word in NEEDED[magic.kind]:
        if word not in magic.options:
            raise _bad(magic.kind, f"--{word} is missing")
    if {"header", "no-header"} <= set(magic.options):
        raise _bad(magic.kind, "--header and --no-header exclude each other")
    if magic.kind in BODIED and not magic.body.strip():
        raise _bad(magic.kind, "there is no query below the line")
    if magic.kind not in BODIED and magic.body.strip():
        raise _bad(magic.kind, "nothing is to stand below the line")


def _bad(kind: str, what: str) -> BadMagic:
    words = " ".join(f"--{word}" for word in SYNTAX[kind])
    return BadMagic(f"%%{kind}: {what}", advice=f"write %%{kind} [NAME <<], then of these: {words}")
