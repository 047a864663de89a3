"""Which names belong to a scope: those that its statements bind."""

import ast
from collections.abc import Iterable, Iterator


def defaults(args: ast.arguments) -> Iterator[ast.expr]:
    """What a function's head has that is read where it is defined."""
    yield from args.defaults
    yield from filter(None, args.kw_defaults)
    for one in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
        if one is not None and one.annotation is not None:
            yield one.annotation


def own_names(node: ast.AST, body: Iterable[ast.AST]) -> set[str]:
    """The names of a function: its arguments, and what it binds."""
    args: ast.arguments = node.args  # type: ignore[attr-defined]
    named = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
    return {one.arg for one in named if one is not None} | bound_names(body)


def bound_names(body: Iterable[ast.AST]) -> set[str]:
    """Names that statements bind in their own scope."""
    found: set[str] = set()
    shared: set[str] = set()
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Global() | ast.Nonlocal():
                shared.update(node.names)
            case ast.Name(ctx=ast.Store() | ast.Del()):
                found.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
                continue
            case ast.Lambda():
                continue
            case ast.Import() | ast.ImportFrom():
                found |= {a.asname or a.name.partition(".")[0] for a in node.names}
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
                found |= {node.name} if node.name else set()
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                found |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
                continue
        waiting.extend(ast.iter_child_nodes(node))
    return found - shared


def targets(target: ast.expr) -> set[str]:
    """The names that the target of a loop binds."""
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
