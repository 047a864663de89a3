"""What assignments bind names to."""

import ast

from compat_report.model import NOT_CONSTANT
from compat_report.syntax.fold import SAME, fold
from compat_report.syntax.imports import ImportReader
from compat_report.syntax.names import OWN
from compat_report.syntax.scope import OTHER, Bound, Constant, Made

# Expressions that may have a value that is known.
LISTS = (ast.Tuple, ast.List)
FOLDED = (ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List, ast.JoinedStr)
CONDITIONS = (ast.Compare, ast.BoolOp, ast.UnaryOp)
# A list of more items is no argument that a rule asks for.
MOST_ITEMS = 100


class BindingReader(ImportReader):
    """Binds names; `branches` counts the conditions, loops and handlers around."""

    branches = 0

    def bind(self, target: ast.expr, value: ast.expr | None) -> None:
        """Bind the names of an assignment's target to what its value is known to be."""
        if type(target) is ast.Name:
            found = OTHER if value is None else self.value(value)
            if found is not OTHER or self.frames or target.id in self.scope.names:
                self.put(target.id, found)
            elif target.id in self.watch.builtins:
                self.scope.names[target.id] = OTHER
        elif isinstance(target, LISTS):
            values: list[ast.expr] | None = None
            if isinstance(value, LISTS) and len(value.elts) == len(target.elts):
                values = value.elts
            for number, inner in enumerate(target.elts):
                self.bind(inner, values[number] if values else None)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, None)
        elif isinstance(target, ast.Attribute) and not self.branches and not self.frames:
            name = self.resolve(target)
            if name is not None and self.watch.wants(name):
                self.scope.replaced.add(name)

    def put(self, name: str, value: Bound) -> None:
        """Bind a name. In a branch, what it was before may still be what it is."""
        frame = self.frames[-1] if self.frames else self.scope.names
        before = frame.get(name)
        if value is OTHER or isinstance(value, Constant):
            if self.branches and isinstance(before, str):
                return
            if isinstance(value, Constant) and (before is not None or self.branches):
                value = OTHER if self.branches else Constant(value.value, once=False)
        frame[name] = value
        if isinstance(value, str) and (type(value) is str or value not in self.watch.names):
            self.warm(name, value)

    def value(self, node: ast.expr) -> Bound:
        """What a name is bound to that is assigned an expression."""
        kind = type(node)
        if kind is ast.Constant:
            return Constant(node.value)  # type: ignore[attr-defined]
        if kind is ast.Name or kind is ast.Attribute or kind is ast.Call or kind is ast.Await:
            return self._value_of_chain(node)
        if kind in CONDITIONS:
            known = self.truth(node)
            if known is not None:
                return Constant(known)
        if kind in FOLDED:
            if isinstance(node, LISTS) and len(node.elts) > MOST_ITEMS:
                return OTHER
            return self._folded(node)
        return OTHER

    def _value_of_chain(self, node: ast.expr) -> Bound:
        """What an object that was made gives is not followed: one step is enough."""
        first = node
        while (kind := type(first)) is not ast.Name:
            if kind is ast.Call:
                first = first.func  # type: ignore[attr-defined]
            elif kind is ast.Attribute or kind is ast.Await:
                first = first.value  # type: ignore[attr-defined]
            else:
                return OTHER
        root = self.bound(first.id)  # type: ignore[attr-defined]
        if root is None and first.id not in self.watch.builtins and first.id not in OWN:  # type: ignore[attr-defined]
            return OTHER
        if not isinstance(root, str) and root is not None:
            return Constant(root.value) if first is node and isinstance(root, Constant) else OTHER
        name = self.resolve(node)
        if name is None or (type(root) is Made and type(node) is not ast.Name):
            return OTHER
        if name in SAME:
            return self._folded(node)
        return name if self.scope.follows(name) else OTHER

    def _folded(self, node: ast.expr) -> Bound:
        value = fold(node, self.constant, self.resolve)
        return OTHER if value is NOT_CONSTANT else Constant(value)
