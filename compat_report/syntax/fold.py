"""Expressions whose value is known without running them."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from compat_report.model import NOT_CONSTANT

type LookUp = Callable[[str], Any]
type Resolve = Callable[[ast.expr], str | None]

OPERATIONS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
UNARY: Mapping[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
# Calls that give their argument, or paths put together of theirs.
SAME = frozenset({"pathlib.Path", "pathlib.PurePath", "os.path.expanduser", "os.fspath"})
JOIN = frozenset({"os.path.join", "pathlib.Path", "pathlib.PurePath"})
# No value that is worked out grows beyond this many bits, characters or items.
MOST = 65_536
DEEPEST = 60


def fold(node: ast.expr, look_up: LookUp, resolve: Resolve, *, depth: int = 0) -> Any:
    """The value of an expression: a number, string, bytes, bool, None or a tuple of such.

    Lists count as tuples. `look_up` gives the constant that a name is bound to, `resolve` the
    dotted name that a call is of. NOT_CONSTANT where the value cannot be told.
    """
    if type(node) is ast.Constant:
        return node.value
    if type(node) not in KINDS or depth > DEEPEST:
        return NOT_CONSTANT
    return KINDS[type(node)](node, look_up, resolve, depth + 1)


def _name(node: ast.Name, look_up: LookUp, _resolve: Resolve, _depth: int) -> Any:
    return look_up(node.id)


def _unary(node: ast.UnaryOp, look_up: LookUp, resolve: Resolve, depth: int) -> Any:
    value = fold(node.operand, look_up, resolve, depth=depth)
    return _apply(UNARY.get(type(node.op)), value)


def _listed(node: ast.Tuple | ast.List, look_up: LookUp, resolve: Resolve, depth: int) -> Any:
    values = []
    for item in node.elts:
        value = fold(item, look_up, resolve, depth=depth)
        if value is NOT_CONSTANT:
            return NOT_CONSTANT
        values.append(value)
    return tuple(values)


def _apply(function: Callable[..., Any] | None, *values: Any) -> Any:
    if function is None or NOT_CONSTANT in values:
        return NOT_CONSTANT
    try:
        made = function(*values)
    except (TypeError, ValueError, ArithmeticError, KeyError, IndexError):
        return NOT_CONSTANT
    return NOT_CONSTANT if isinstance(made, complex) else made


def _binary(node: ast.BinOp, look_up: LookUp, resolve: Resolve, depth: int) -> Any:
    left = fold(node.left, look_up, resolve, depth=depth)
    if left is NOT_CONSTANT:
        return NOT_CONSTANT
    right = fold(node.right, look_up, resolve, depth=depth)
    return NOT_CONSTANT if right is NOT_CONSTANT else _operated(node, left, right, resolve)


def _operated(node: ast.BinOp, left: Any, right: Any, resolve: Resolve) -> Any:
    kind = type(node.op)
    if kind is ast.Div and isinstance(left, str) and isinstance(right, str):
        # Only a path is divided by a string.
        return f"{left.rstrip('/')}/{right}" if _is_path(node.left, resolve) else NOT_CONSTANT
    if kind in (ast.Pow, ast.LShift) and not _is_small(left, right):
        return NOT_CONSTANT
    if kind is ast.Mult and not _is_short(left, right):
        return NOT_CONSTANT
    if kind is ast.Mod and not isinstance(left, int | float):
        return NOT_CONSTANT
    return _apply(OPERATIONS.get(kind), left, right)


def _is_path(node: ast.expr, resolve: Resolve) -> bool:
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.Call):
        return resolve(node.func) in JOIN
    return isinstance(node, ast.Name)


def _is_small(left: Any, right: Any) -> bool:
    if not isinstance(right, int | float) or not isinstance(left, int | float):
        return False
    return abs(right) <= 4096 and (not isinstance(left, int) or left.bit_length() <= 64)


def _is_short(left: Any, right: Any) -> bool:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | bytes | tuple):
            return isinstance(other, int) and len(one) * max(other, 0) <= MOST
        if isinstance(one, int) and one.bit_length() > MOST:
            return False
    return True


def _joined(node: ast.JoinedStr, look_up: LookUp, resolve: Resolve, depth: int) -> Any:
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
            continue
        if not isinstance(part, ast.FormattedValue) or part.format_spec or part.conversion > 0:
            return NOT_CONSTANT
        value = fold(part.value, look_up, resolve, depth=depth)
        if value is NOT_CONSTANT or not isinstance(value, str | int | float):
            return NOT_CONSTANT
        try:
            parts.append(str(value))
        except ValueError:  # more digits than Python writes
            return NOT_CONSTANT
    made = "".join(parts)
    return made if len(made) <= MOST else NOT_CONSTANT


def _called(node: ast.Call, look_up: LookUp, resolve: Resolve, depth: int) -> Any:
    if not node.args or node.keywords:
        return NOT_CONSTANT
    name = resolve(node.func)
    if name is None or (name not in SAME and name not in JOIN):
        if isinstance(node.func, ast.Name) and node.func.id in ("int", "float", "str"):
            return _converted(node, look_up, resolve, depth)
        return NOT_CONSTANT
    values = [fold(argument, look_up, resolve, depth=depth) for argument in node.args]
    if not all(isinstance(value, str) for value in values):
        return NOT_CONSTANT
    if len(values) == 1:
        return values[0]
    return "/".join(value.rstrip("/") for value in values) if name in JOIN else NOT_CONSTANT


def _converted(node: ast.Call, look_up: LookUp, resolve: Resolve, depth: int) -> Any:
    if len(node.args) != 1 or not isinstance(node.func, ast.Name):
        return NOT_CONSTANT
    value = fold(node.args[0], look_up, resolve, depth=depth)
    if not isinstance(value, str | int | float):
        return NOT_CONSTANT
    try:
        return {"int": int, "float": float, "str": str}[node.func.id](value)
    except (ValueError, OverflowError):
        return NOT_CONSTANT


KINDS: Mapping[type[ast.expr], Callable[[Any, LookUp, Resolve, int], Any]] = {
    ast.Name: _name,
    ast.Tuple: _listed,
    ast.List: _listed,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.JoinedStr: _joined,
    ast.Call: _called,
}
