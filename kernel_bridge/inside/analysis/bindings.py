"""Which of the notebook's names a tree reads and binds, with Python's own scopes.

https://docs.python.org/3/reference/executionmodel.html#naming-and-binding
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from kernel_bridge.inside.analysis.scopes import bound_names, defaults, own_names, targets

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Statements and expressions that are read as another kind is.
LIKE: dict[type[ast.AST], str] = {
    ast.ImportFrom: "Import",
    ast.MatchStar: "MatchAs",
    ast.AsyncFunctionDef: "FunctionDef",
    ast.AsyncFor: "For",
    ast.TryStar: "Try",
    ast.SetComp: "ListComp",
    ast.DictComp: "ListComp",
    ast.GeneratorExp: "ListComp",
}
# Calls of these leave their arguments as they are.
HARMLESS = frozenset(
    {"print", "display", "len", "type", "repr", "str", "isinstance", "id", "sum", "min", "max"}
    | {"sorted", "any", "all", "help", "dir", "vars", "hash", "range", "enumerate", "zip", "abs"}
)


@dataclass(slots=True, kw_only=True)
class Bindings:
    """Names of the notebook.

    `reads` were bound before the cell; those a function defined here takes are among them.
    `writes` are bound here, `always` whichever way the cell goes; `changes` may hold something
    else afterwards though they are bound to the same; `frees` are what a function defined here
    takes from the notebook.
    """

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    always: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    defined: list[str] = field(default_factory=list)
    frees: dict[str, set[str]] = field(default_factory=dict)


def read_bindings(trees: Iterable[ast.Module]) -> Bindings:
    """Read the trees of one cell, in the order they run."""
    reader = _Reader(Bindings())
    for tree in trees:
        reader.block(tree.body)
    reader.into.always = reader.certain
    return reader.into


class _Reader(ast.NodeVisitor):
    """`certain` are names that are bound by now; `inner` those of the functions around."""

    def __init__(self, into: Bindings) -> None:
        self.into = into
        self.certain: set[str] = set()
        self.inner: list[set[str]] = []
        self.free: set[str] | None = None

    def visit(self, node: ast.AST) -> None:
        kind = LIKE.get(type(node), type(node).__name__)
        getattr(self, f"visit_{kind}", self.generic_visit)(node)

    def read(self, name: str) -> None:
        if any(name in scope for scope in self.inner):
            return
        if self.free is not None:
            self.free.add(name)
        if name not in self.certain:
            self.into.reads.add(name)

    def bind(self, name: str) -> None:
        if self.inner:
            if not any(name in scope for scope in self.inner):  # `global`
                self.into.changes.add(name)
            return
        self.into.writes.add(name)
        self.into.deletes.discard(name)
        self.certain.add(name)

    def change(self, node: ast.expr) -> None:
        """What a name holds becomes something else."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and not any(node.id in scope for scope in self.inner):
            self.into.changes.add(node.id)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.bind(node.id)
        else:
            self.delete(node.id)

    def delete(self, name: str) -> None:
        if not self.inner:
            self.read(name)
            self.into.deletes.add(name)
            self.certain.discard(name)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.change(node)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.change(node)
        self.visit(node.value)
        self.visit(node.slice)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
        self.change(node.target)
        self.visit(node.target)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call whose value nobody takes is made for what it does."""
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            if name not in HARMLESS:
                for part in (call.func, *call.args, *(word.value for word in call.keywords)):
                    if part is not call.func or isinstance(part, ast.Attribute):
                        self.change(part)
        self.visit(node.value)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0])

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bind(node.rest)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for outside in (*node.decorator_list, *defaults(node.args)):
            self.visit(outside)
        self.bind(node.name)
        if not self.inner:
            self.into.defined.append(node.name)
        self.function(node.name, node, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for outside in defaults(node.args):
            self.visit(outside)
        self.function("", node, [node.body])

    def function(self, name: str, node: ast.AST, body: list[ast.stmt] | list[ast.expr]) -> None:
        """The body of a function, whose names are its own but for those of `global`."""
        before = self.free
        taken = self.free = set() if not self.inner else self.free
        self.inner.append(own_names(node, body))
        for statement in body:
            self.visit(statement)
        self.inner.pop()
        self.free = before
        if name and not self.inner and taken is not None:
            self.into.frees.setdefault(name, set()).update(taken)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outside in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self.visit(outside)
        # The body runs here; its names are the class's, which its functions do not see.
        before, self.free = self.free, set() if not self.inner else self.free
        own: set[str] = set()
        for statement in node.body:
            self.inner.append(set(own))
            if isinstance(statement, FUNCTIONS):
                self.inner.pop()
                for outside in (*statement.decorator_list, *defaults(statement.args)):
                    self.inner.append(set(own))
                    self.visit(outside)
                    self.inner.pop()
                self.inner.append(set())
                self.function("", statement, statement.body)
            else:
                self.inner[-1] |= bound_names([statement])
                self.visit(statement)
            self.inner.pop()
            own |= bound_names([statement])
        taken, self.free = self.free, before
        self.bind(node.name)
        if not self.inner:
            self.into.defined.append(node.name)
            self.into.frees.setdefault(node.name, set()).update(taken or ())

    def visit_ListComp(self, node: ast.expr) -> None:
        """The first iterable is the outer scope's (PEP 709 changes nothing of that)."""
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        self.visit(generators[0].iter)
        self.inner.append({n for g in generators for n in targets(g.target)})
        for number, generator in enumerate(generators):
            if number:
                self.visit(generator.iter)
            for condition in generator.ifs:
                self.visit(condition)
        for field_name in ("elt", "key", "value"):
            if part := getattr(node, field_name, None):
                self.visit(part)
        self.inner.pop()
        if not self.inner:
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):  # bound outside (PEP 572)
                    self.bind(inner.target.id)

    def block(self, statements: Iterable[ast.stmt]) -> None:
        """Statements that run one after another."""
        for statement in statements:
            self.visit(statement)

    def ways(self, *blocks: list[ast.stmt]) -> None:
        """Statements of which one block runs: what all bind is bound."""
        before = set(self.certain)
        after = []
        for statements in blocks:
            self.certain = set(before)
            self.block(statements)
            after.append(self.certain)
        self.certain = set.intersection(*after)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.ways(node.body, node.orelse)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        before = set(self.certain)
        self.visit(node.target)
        self.ways(node.body, [])
        self.certain = before
        self.ways(node.orelse, [])

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self.ways(node.body, [])
        self.ways(node.orelse, [])

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        before = set(self.certain)
        self.block(node.body)
        self.block(node.orelse)
        after = [self.certain]
        for handler in node.handlers:
            self.certain = set(before)
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self.bind(handler.name)
            self.block(handler.body)
            self.certain.discard(handler.name or "")
            after.append(self.certain)
        self.certain = set.intersection(*after)
        self.block(node.finalbody)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        before = set(self.certain)
        for case in node.cases:
            self.certain = set(before)
            self.visit(case.pattern)
            if case.guard is not None:
                self.visit(case.guard)
            self.block(case.body)
        self.certain = before
