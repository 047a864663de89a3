"""Functions and classes that cells define, by their source.

IPython keeps the transformed source of each cell that was run in `linecache`, under a file name of
its own (`IPython.core.compilerop`).
"""

import ast
import inspect
import linecache
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import Any

type Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
MAIN = "__main__"


class NoSource(Exception):
    """Why a definition cannot be made again from its cell."""


def inner_definition(value: Any) -> Any:
    """The notebook's own function or class that a value is or wraps, or None."""
    if not isinstance(value, FunctionType | type) and "__wrapped__" not in _attributes(value):
        return None
    try:
        inner = inspect.unwrap(value)
    except ValueError:
        return None
    if isinstance(inner, FunctionType | type) and inner.__module__ == MAIN:
        return inner
    return None


def find_source(shell: Any, name: str, value: Any) -> tuple[str, int]:
    """The statement that binds a name to a function or class of the notebook, and its place.

    Of two places the smaller one was run first. Raises NoSource.
    """
    inner = inner_definition(value)
    line = getattr(inner, "__firstlineno__", 0)
    if isinstance(inner, FunctionType):
        line = inner.__code__.co_firstlineno
    for number, lines in _cells(shell, inner):
        tree = ast.parse("".join(lines))
        for statement in _top_level(tree.body):
            if not _defines(statement, inner, name):
                continue
            start = min((d.lineno for d in getattr(statement, "decorator_list", ())), default=0)
            if line and line not in (start, statement.lineno):
                continue
            if value is not inner and not getattr(statement, "decorator_list", ()):
                raise NoSource("it was wrapped in something after it was defined")
            return _text(statement, start, lines), number * 100_000 + statement.lineno
    if isinstance(inner, FunctionType) and "<locals>" in inner.__qualname__:
        raise NoSource("it was defined inside another function, whose variables it keeps")
    raise NoSource("no cell that was run defines it")


def _text(statement: ast.stmt, start: int, lines: list[str]) -> str:
    """The statement as it was written; as Python writes it where it shares a line with others."""
    first = (start or statement.lineno) - 1
    text = textwrap.dedent("".join(lines[first : statement.end_lineno]))
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ast.unparse(statement)
    same = len(tree.body) == 1 and ast.dump(tree.body[0]) == ast.dump(statement)
    return text if same else ast.unparse(statement)


def _cells(shell: Any, inner: Any) -> Iterator[tuple[int, list[str]]]:
    """Lines of the cells that may define it, the latest first."""
    known = list(enumerate(getattr(shell.compile, "_filename_map", ())))
    file = inner.__code__.co_filename if isinstance(inner, FunctionType) else None
    for number, name in reversed(known):
        lines = linecache.getlines(name)
        if file in (None, name) and _is_python("".join(lines)):
            yield number, lines


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that are run with the cell, those in branches too, the last first."""
    for statement in reversed(body):
        yield statement
        if not isinstance(statement, DEFINITIONS):
            for field in ("finalbody", "orelse", "body"):
                yield from _top_level(getattr(statement, field, []))


def _defines(statement: ast.stmt, inner: Any, name: str) -> bool:
    if isinstance(statement, DEFINITIONS):
        is_class = isinstance(statement, ast.ClassDef)
        return statement.name == inner.__name__ and is_class == isinstance(inner, type)
    if inner.__name__ != "<lambda>" or not isinstance(statement, ast.Assign):
        return False
    targets = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return isinstance(statement.value, ast.Lambda) and targets == [name]


def _attributes(value: Any) -> Any:
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return ()
