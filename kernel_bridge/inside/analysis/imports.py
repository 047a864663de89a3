"""What a tree imports, and whether it does without where it is not there."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

# An `except` of these takes a module that is not there.
CATCHES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
# Conditions that hold on no kernel, or on one kind of kernel alone.
NEVER = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A module by its dotted name; `guarded` where the cell goes on without it.

    `also` is a name taken from it, that may be a module below it.
    """

    name: str
    line: int
    guarded: bool = False
    also: str = ""


def read_imports(tree: ast.AST) -> list[Import]:
    """Imports in the order they stand, those inside functions too; relative ones are left out."""
    return list(_walk(tree, guarded=False))


def _walk(node: ast.AST, *, guarded: bool) -> Iterator[Import]:
    match node:
        case ast.Import():
            for alias in node.names:
                yield Import(name=alias.name, line=node.lineno, guarded=guarded)
        case ast.ImportFrom(module=str(module), level=0):
            for alias in node.names:
                yield Import(name=module, line=node.lineno, guarded=guarded, also=alias.name)
        case ast.Call() if name := _imported(node):
            yield Import(name=name, line=node.lineno, guarded=guarded)
        case ast.Try() | ast.TryStar():
            yield from _in_try(node, guarded=guarded)
            return
        case ast.If():
            guarded = guarded or _is_for_one_kernel(node.test)
        case ast.With() if any(_is_suppress(item.context_expr) for item in node.items):
            guarded = True
    for inner in ast.iter_child_nodes(node):
        yield from _walk(inner, guarded=guarded)


def _in_try(node: ast.Try | ast.TryStar, *, guarded: bool) -> Iterator[Import]:
    caught = any(_catches(handler.type) for handler in node.handlers)
    for statement in node.body:
        yield from _walk(statement, guarded=guarded or caught)
    for handler in node.handlers:
        for statement in handler.body:
            # Run where the first was not there: another way to the same.
            yield from _walk(statement, guarded=guarded or caught)
    for statement in (*node.orelse, *node.finalbody):
        yield from _walk(statement, guarded=guarded)


def _catches(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(ast.unparse(one).rpartition(".")[2] in CATCHES for one in kinds)


def _is_suppress(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    return ast.unparse(node.func).endswith("suppress") and any(map(_catches, node.args))


def _is_for_one_kernel(test: ast.expr) -> bool:
    text = ast.unparse(test)
    return text in NEVER or "emscripten" in text or "pyodide" in text.lower()


def _imported(node: ast.Call) -> str:
    """The constant name that `importlib.import_module` or `__import__` is given."""
    called = ast.unparse(node.func)
    if called not in ("importlib.import_module", "import_module", "__import__") or not node.args:
        return ""
    first = node.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value if not first.value.startswith(".") else ""
    return ""
