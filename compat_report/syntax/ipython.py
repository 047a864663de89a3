"""IPython's own transforms, one at a time, so that each line that comes out is known by its origin.

Slow to import and to run: only cells that nothing else can read come here.
"""

import ast
import warnings
from dataclasses import dataclass
from typing import Any

from compat_report.syntax.transform import FAILURES, Parsed


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a line comes from: its number from 1 in the source, and what to add to columns.

    In a line that IPython made, no column is beyond `most`: there the call stands for the rest.
    """

    line: int
    shift: int = 0
    most: int | None = None


def parse_rewritten(source: str) -> Parsed | None:
    """The tree of a cell as IPython runs it, with the source's positions; None: it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lines, origins = _transform(source)
            tree = ast.parse("".join(lines))
    except (*FAILURES, RuntimeError, IndexError, AssertionError):
        return None
    _move(tree, _by_line(lines, origins), source.split("\n"))
    return Parsed(tree, rewritten=True)


def _transform(source: str) -> tuple[list[str], list[Origin]]:
    from IPython.core.inputtransformer2 import (
        TRANSFORM_LOOP_LIMIT,
        TransformerManager,
        leading_empty_lines,
    )

    manager: Any = TransformerManager()  # type: ignore[no-untyped-call]
    lines = (source if source.endswith("\n") else source + "\n").splitlines(keepends=True)
    origins, number = [], 1
    for line in lines:
        origins.append(Origin(number))
        number += line.endswith("\n")
    transforms: list[Any] = [*manager.cleanup_transforms, *manager.line_transforms]
    for transform in transforms:
        changed = transform(lines)
        if transform is leading_empty_lines or len(changed) != len(lines):
            origins = origins[len(lines) - len(changed) :]
        else:
            origins = [
                _shifted(origin, before, after)
                for origin, before, after in zip(origins, lines, changed, strict=True)
            ]
        lines = changed
    for _ in range(TRANSFORM_LOOP_LIMIT):
        changed, made = manager.do_one_token_transform(lines)
        if not changed:
            return lines, origins
        origins = _follow(lines, made, origins)
        lines = made
    raise RuntimeError("too many magics")


def _shifted(origin: Origin, before: str, after: str) -> Origin:
    taken = len(before) - len(after)
    return Origin(origin.line, origin.shift + taken) if taken > 0 else origin


def _follow(before: list[str], after: list[str], origins: list[Origin]) -> list[Origin]:
    """One line of `after` stands for one or several of `before`; the rest are as they were."""
    taken = len(before) - len(after)
    at = next(
        (n for n, (old, new) in enumerate(zip(before, after, strict=False)) if old != new),
        len(after) - 1,
    )
    same = 0
    for old, new in zip(before[at], after[at], strict=False):
        if old != new:
            break
        same += 1
    made = Origin(origins[at].line, origins[at].shift, same)
    return [*origins[:at], made, *origins[at + 1 + taken :]]


def _by_line(lines: list[str], origins: list[Origin]) -> list[Origin]:
    """Origins by line as a tree counts them: str.splitlines breaks at more characters."""
    kept: list[Origin] = []
    fresh = True
    for line, origin in zip(lines, origins, strict=True):
        if fresh:
            kept.append(origin)
        fresh = line.endswith("\n")
    return kept


def _move(tree: ast.Module, origins: list[Origin], source: list[str]) -> None:
    last = len(source)
    for node in ast.walk(tree):
        if not hasattr(node, "lineno"):
            continue
        place: Any = node
        begin = _origin(origins, place.lineno)
        end = _origin(origins, place.end_lineno or place.lineno)
        place.lineno = min(begin.line, last)
        place.end_lineno = min(max(end.line, begin.line), last)
        column = place.col_offset
        if begin.most is not None:
            column = min(column, begin.most)
        width = len(source[place.lineno - 1].encode("utf-8", "replace"))
        place.col_offset = max(min(column + begin.shift, width), 0)


def _origin(origins: list[Origin], number: int) -> Origin:
    return origins[min(number, len(origins)) - 1]
