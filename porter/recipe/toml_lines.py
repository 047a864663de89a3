"""On which line of a TOML document a field stands: tomllib does not tell."""

import re

HEADER = re.compile(r"\s*\[\[?([^\]]+)\]\]?\s*(?:#.*)?$")
KEY = re.compile(
    r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=(.*)"""
)
PART = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*(?:\.|$)""")
QUOTES = ('"""', "'''")


def find_line(text: str, field: tuple[str, ...]) -> int:
    """The line, from 1, where `field` is given a value; that of the nearest table around it.

    0 where neither stands in the text.
    """
    best, depth = 0, 0
    for line, path in _paths(text):
        shared = 0
        while shared < min(len(path), len(field)) and path[shared] == field[shared]:
            shared += 1
        # An inline table holds its fields on the line of its own name.
        if shared > depth and (shared == len(path) or shared == len(field)):
            best, depth = line, shared
    return best


def _paths(text: str) -> list[tuple[int, tuple[str, ...]]]:
    found: list[tuple[int, tuple[str, ...]]] = []
    table: tuple[str, ...] = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if header := HEADER.match(line):
            table = _parts(header[1])
            found.append((number, table))
        elif key := KEY.match(line):
            found.append((number, table + _parts(key[1])))
            inside = next((q for q in QUOTES if key[2].count(q) % 2), "")
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in PART.findall(text))
