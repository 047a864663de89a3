"""What keeps a statement from being run in a browser, or from mattering when it fails."""

import ast
from collections.abc import Iterable
from typing import Any

from compat_report.model import NOT_CONSTANT, Guard
from compat_report.syntax.fold import LookUp, Resolve

# The stronger one holds where several apply.
RANK = {
    Guard.NONE: 0,
    Guard.LAZY: 1,
    Guard.OPTIONAL: 2,
    Guard.ELSEWHERE: 3,
    Guard.TYPING: 4,
}
# What Pyodide's interpreter says of itself.
PLATFORM = {
    "sys.platform": "emscripten",
    "os.name": "posix",
    "platform.system": "Emscripten",
    "platform.machine": "wasm32",
}
MODULES = {"pyodide": True, "js": True, "google.colab": False, "micropip": None}
TYPING = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING", "t.TYPE_CHECKING"})
MISSING = frozenset({"ImportError", "ModuleNotFoundError"})
ANYTHING = frozenset({"Exception", "BaseException"})


def stronger(one: Guard, other: Guard) -> Guard:
    """The guard of what stands under both."""
    return one if RANK[one] >= RANK[other] else other


def is_typing(test: ast.expr, resolve: Resolve) -> bool:
    """Whether it is `TYPE_CHECKING`."""
    if isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
        return True
    return isinstance(test, ast.Name | ast.Attribute) and resolve(test) in TYPING


def truth(  # noqa: PLR0911 — one for each kind of expression
    test: ast.expr, look_up: LookUp, resolve: Resolve
) -> bool | None:
    """What a condition is in a browser; None where that cannot be told."""
    match test:
        case ast.Constant():
            return bool(test.value)
        case ast.UnaryOp(op=ast.Not()):
            inner = truth(test.operand, look_up, resolve)
            return None if inner is None else not inner
        case ast.BoolOp():
            return _both(
                [truth(value, look_up, resolve) for value in test.values],
                every=isinstance(test.op, ast.And),
            )
        case ast.Compare(ops=[operator], comparators=[right]):
            return _compared(test.left, operator, right, look_up, resolve)
        case ast.Call(func=ast.Attribute(attr="startswith"), args=[ast.Constant() as start]):
            value = _platform(test.func.value, resolve)  # type: ignore[attr-defined]
            if value is not None and isinstance(start.value, str):
                return value.startswith(start.value)
        case ast.Name():
            value = look_up(test.id)
            return value if isinstance(value, bool) else None
    return None


def _both(values: list[bool | None], *, every: bool) -> bool | None:
    """`and` (every) and `or` of three values."""
    if (not every) in values:
        return not every
    return None if None in values else every


def _platform(node: ast.expr, resolve: Resolve) -> str | None:
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("lower", "casefold"):
            inner = _platform(node.func.value, resolve)
            return inner.lower() if inner else None
        node = node.func
    name = resolve(node)
    return PLATFORM.get(name) if name else None


def _compared(
    left: ast.expr, operator: ast.cmpop, right: ast.expr, look_up: LookUp, resolve: Resolve
) -> bool | None:
    if isinstance(left, ast.Name) and left.id == "__name__":
        same = isinstance(right, ast.Constant) and right.value == "__main__"
        return same if isinstance(operator, ast.Eq) else None
    if isinstance(operator, ast.In | ast.NotIn):
        inside = _contained(left, right, resolve)
        return inside if inside is None or isinstance(operator, ast.In) else not inside
    if not isinstance(operator, ast.Eq | ast.NotEq):
        return None
    value, other = _platform(left, resolve), right
    if value is None:
        value, other = _platform(right, resolve), left
    wanted = _constant(other, look_up)
    if value is None or not isinstance(wanted, str):
        return None
    return (value == wanted) is isinstance(operator, ast.Eq)


def _constant(node: ast.expr, look_up: LookUp) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    return look_up(node.id) if isinstance(node, ast.Name) else NOT_CONSTANT


def _contained(left: ast.expr, right: ast.expr, resolve: Resolve) -> bool | None:
    if isinstance(left, ast.Constant) and isinstance(left.value, str):
        if _names(right, resolve) == "sys.modules":
            return MODULES.get(left.value)
        value = _platform(right, resolve)  # "win" in sys.platform
        if value is not None:
            return left.value in value
        text = ast.unparse(right)  # "google.colab" in str(get_ipython())
        return False if "get_ipython" in text and "colab" in left.value else None
    value = _platform(left, resolve)
    if value is None or not isinstance(right, ast.Tuple | ast.List | ast.Set):
        return None
    return any(isinstance(item, ast.Constant) and item.value == value for item in right.elts)


def _names(node: ast.expr, resolve: Resolve) -> str | None:
    if isinstance(node, ast.Call) and not node.args:  # sys.modules.keys()
        name = resolve(node.func)
        return name.removesuffix(".keys") if name else None
    return resolve(node) if isinstance(node, ast.Name | ast.Attribute) else None


def catches(handlers: Iterable[ast.ExceptHandler]) -> tuple[bool, bool]:
    """Whether a `try` goes on after a missing module, and whether after any exception.

    A handler that raises again, or leaves the program, does not count.
    """
    missing = anything = False
    for handler in handlers:
        if _leaves(handler.body):
            continue
        names = _exceptions(handler.type)
        missing = missing or bool(names & (MISSING | ANYTHING))
        anything = anything or bool(names & ANYTHING)
    return missing, anything


def caught_by(handlers: Iterable[ast.ExceptHandler]) -> frozenset[str]:
    """The names of all exceptions after which a `try` goes on."""
    return frozenset(
        name
        for handler in handlers
        if not _leaves(handler.body)
        for name in _exceptions(handler.type)
    )


def suppresses(node: ast.expr) -> tuple[bool, bool]:
    """The same for `with suppress(ImportError)`."""
    if not isinstance(node, ast.Call):
        return False, False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name):
        name = node.func.id
    if name != "suppress":
        return False, False
    names = {each for argument in node.args for each in _exceptions(argument)}
    return bool(names & (MISSING | ANYTHING)), bool(names & ANYTHING)


def _exceptions(node: ast.expr | None) -> set[str]:
    if node is None:
        return set(ANYTHING)
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return {
        item.id if isinstance(item, ast.Name) else item.attr
        for item in items
        if isinstance(item, ast.Name | ast.Attribute)
    }


def _leaves(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.Raise):
        return True
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        text = ast.unparse(last.value.func)
        return text in ("sys.exit", "exit", "quit", "os._exit")
    return False
