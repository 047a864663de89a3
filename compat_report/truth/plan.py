"""A notebook's cells → what the runtime is to run; pure."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compat_report.model import Cell, CellKind, Facts
from compat_report.syntax.cell import with_newlines
from compat_report.syntax.transform import (
    FAILURES,
    Parsed,
    UnreadableCell,
    parse_cell,
    parse_python,
)

# Tools whose lines ask for wheels: those are there before the first cell runs.
TOOLS = frozenset({"pip", "conda", "mamba", "uv"})
# Names that IPython gives a notebook, and that Python alone has not.
GIVEN = re.compile(r"\b(?:get_ipython|display|IPython|In|Out|__?|_i+|_\d+)\b")
MICROPIP = re.compile(r"\b(?:micropip|piplite)\b")
# nbformat's tag of a cell that may raise; what runs notebooks then goes on.
MAY_RAISE = "raises-exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One cell as it is run: `source` without what installs."""

    index: int
    source: str
    may_raise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What is run of a notebook.

    `ipython` and `micropip` say whether its cells speak of these, `requires` whether lines of
    them install something.
    """

    steps: tuple[Step, ...] = ()
    ipython: bool = False
    micropip: bool = False
    requires: bool = False

    def as_plan(self) -> dict[str, object]:
        """What inside.py is told."""
        return {
            "cells": [
                {"index": step.index, "source": step.source, "may_raise": step.may_raise}
                for step in self.steps
            ],
            "ipython": self.ipython,
        }


def plan_steps(facts: Facts) -> Steps:
    """The code cells of a notebook, in their order."""
    asked: dict[int, dict[int, list[str]]] = {}
    for said in facts.cells:
        for requirement in said.requirements:
            if requirement.tool in TOOLS:
                lines = asked.setdefault(said.index, {})
                lines.setdefault(requirement.location.line, []).append(requirement.text)
    steps, ipython, micropip = [], False, False
    for cell in facts.notebook.cells:
        if cell.kind is CellKind.CODE:
            source, special = prepare_cell(cell, asked.get(cell.index, {}))
            if facts.notebook.format == "marimo":
                source = _without_return(source)
            ipython = ipython or special
            micropip = micropip or bool(MICROPIP.search(source))
            steps.append(Step(index=cell.index, source=source, may_raise=MAY_RAISE in cell.tags))
    return Steps(steps=tuple(steps), ipython=ipython, micropip=micropip, requires=bool(asked))


def prepare_cell(cell: Cell, asked: Mapping[int, Sequence[str]]) -> tuple[str, bool]:
    """A cell's source with calls in place of lines that install, and whether IPython must run it.

    `asked` has by line what that asks for.
    """
    source = with_newlines(cell.source)
    try:
        parsed = parse_cell(source)
    except UnreadableCell:
        # Whoever runs it says so.
        return source, False
    lines = source.split("\n")
    left = set(parsed.escapes)
    for number in parsed.escapes.keys() & asked.keys():
        left.discard(number)
        column = parsed.escapes[number].column
        last = number - 1
        while lines[last].endswith("\\") and last + 1 < len(lines):
            last += 1
        lines[number - 1] = f"{lines[number - 1][:column]}__require__({list(asked[number])!r})"
        lines[number : last + 1] = [""] * (last + 1 - number)
    return "\n".join(lines), bool(left) or _is_special(parsed, lines)


def _without_return(source: str) -> str:
    """The body of a function as statements: marimo's cells return the names that they bind."""
    try:
        body = parse_python(source).body
    except FAILURES:
        return source
    if not body or not isinstance(body[-1], ast.Return):
        return source
    return "\n".join(source.split("\n")[: body[-1].lineno - 1])


def _is_special(parsed: Parsed, lines: Iterable[str]) -> bool:
    return bool(parsed.head) or parsed.rewritten or any(map(GIVEN.search, lines))
