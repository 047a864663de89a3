"""Statements in their order: what they bind, and what they say where they are worth reading.

A statement is worth reading when one of the words that matter stands on its lines: a module's
name alone does not make it so. Of the others only what they bind is kept.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from compat_report.model import Guard
from compat_report.syntax.binding import BindingReader
from compat_report.syntax.guards import catches, caught_by, is_typing, stronger, suppresses
from compat_report.syntax.names import Function
from compat_report.syntax.scope import OTHER, Bound, Constant, Gathered

CHAINS = (ast.Name, ast.Attribute)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class StatementReader(BindingReader):
    """Reads the statements of a cell or a module."""

    def read_block(self, body: Iterable[ast.stmt], imports: Guard, uses: Guard) -> None:
        """Statements that stand under the same guards."""
        for statement in body:
            kind = type(statement)
            read = self.readers.get(kind)
            if kind is ast.Expr and not (self.hot or self.fresh):
                continue
            if read is not None:
                read(self, statement, imports, uses)
            elif self.is_hot(statement):
                for node in ast.iter_child_nodes(statement):
                    if isinstance(node, ast.expr):
                        self.read(node, imports, uses)

    # -- simple statements ---------------------------------------------------------------------

    def _expression(self, node: ast.Expr, imports: Guard, uses: Guard) -> None:
        escape = self.escapes.get(node.lineno)
        if escape is not None:
            self.read_escape(escape, imports, uses)
        elif self.is_hot(node):
            self.read(node.value, imports, uses)

    def _assign(self, node: ast.Assign, imports: Guard, uses: Guard) -> None:
        if self.escapes and node.lineno in self.escapes:
            self.read_escape(self.escapes[node.lineno], imports, uses)
            for target in node.targets:
                self.bind(target, None)
            return
        if self.is_hot(node):
            self.read(node.value, imports, uses)
            for target in node.targets:
                if type(target) is not ast.Name:
                    self.read(target, imports, uses)
        for target in node.targets:
            self.bind(target, node.value)

    def _annotated(self, node: ast.AnnAssign, imports: Guard, uses: Guard) -> None:
        if node.value is None:
            return
        if node.lineno in self.escapes:
            self.read_escape(self.escapes[node.lineno], imports, uses)
        elif self.is_hot(node):
            self.read(node.value, imports, uses)
        self.bind(node.target, node.value)

    def _augmented(self, node: ast.AugAssign, imports: Guard, uses: Guard) -> None:
        if self.is_hot(node):
            self.read(node.value, imports, uses)
        self.bind(node.target, None)

    def _import(self, node: ast.Import, imports: Guard, _uses: Guard) -> None:
        self.read_import(node, imports)

    def _import_from(self, node: ast.ImportFrom, imports: Guard, _uses: Guard) -> None:
        self.read_import_from(node, imports)

    def _global(self, node: ast.Global, _imports: Guard, _uses: Guard) -> None:
        for name in node.names:
            if isinstance(self.scope.names.get(name), Constant):
                self.scope.names[name] = OTHER

    # -- functions and classes -----------------------------------------------------------------

    def _function(self, node: Function, imports: Guard, uses: Guard) -> None:
        for expression in (*node.decorator_list, *_defaults(node.args)):
            if self.is_hot(expression):
                self.read(expression, imports, uses)
        parameters: dict[str, Bound] = dict.fromkeys(_parameters(node.args), OTHER)
        if self.frames:  # a method, or a function in a function: with what holds it
            self.put(node.name, OTHER)
            if self.is_hot(node):
                self.frames.append(parameters)
                self.read_block(node.body, imports, uses)
                self.frames.pop()
            return
        name = f"{self.scope.module}.{node.name}"
        self.scope.names[node.name] = name
        self.scope.functions.pop(name, None)
        if self.is_hot_between(node.body[0].lineno, node.end_lineno or node.lineno):
            self.keep_function(name, node, parameters)
        else:
            self.cold[name] = (node, parameters)
            self.fresh.append(node.name)

    def keep_function(self, name: str, node: Function, parameters: dict[str, Bound]) -> None:
        """A function whose body is to be read."""
        self.scope.functions[name] = Gathered()
        self.warm(node.name, name)
        self.own.append(name)
        self.bodies.append((name, node, parameters))

    def _class(self, node: ast.ClassDef, imports: Guard, uses: Guard) -> None:
        expressions = (*node.decorator_list, *node.bases, *(k.value for k in node.keywords))
        for expression in expressions:
            if self.is_hot(expression):
                self.read(expression, imports, uses)
        if not self.is_hot(node):
            self.put(node.name, OTHER)
            return
        name = f"{self.scope.module}.{node.name}"
        methods = [s for s in node.body if isinstance(s, FUNCTIONS)]
        self.frames.append({})
        self.read_block([s for s in node.body if s not in methods], imports, uses)
        outer = self.into
        self.into = Gathered()
        self.read_block(methods, Guard.NONE, Guard.NONE)
        made, self.into = self.into, outer
        self.frames.pop()
        self._made_of_bases(node, made)
        if made.is_empty() or self.frames:
            self.put(node.name, OTHER)
            return
        self.scope.names[node.name] = name
        self.scope.functions[name] = made
        self.warm(node.name, name)
        self.own.append(name)

    def _made_of_bases(self, node: ast.ClassDef, made: Gathered) -> None:
        """Making an object of a class is a call of what the class derives from."""
        for base in node.bases:
            if isinstance(base, CHAINS) and self.is_hot(base):
                outer, self.into = self.into, made
                self.read(ast.copy_location(ast.Call(base, [], []), base), Guard.NONE, Guard.NONE)
                self.into = outer

    # -- statements with statements inside -----------------------------------------------------

    def _if(self, node: ast.If, imports: Guard, uses: Guard) -> None:
        self._branch(node.test, node.body, node.orelse, imports, uses)

    def _branch(
        self,
        test: ast.expr,
        body: list[ast.stmt],
        orelse: list[ast.stmt],
        imports: Guard,
        uses: Guard,
    ) -> None:
        if self.is_hot(test):
            self.read(test, imports, uses)
        if type(test) in CHAINS and is_typing(test, self.resolve):
            self._under(body, Guard.TYPING, imports, uses)
            self.read_block(orelse, imports, uses)
            return
        known = self.truth(test)
        for block, taken in ((body, True), (orelse, False)):
            if not block:
                continue
            if known is taken:
                self.read_block(block, imports, uses)
            elif known is None:
                self._under(block, Guard.NONE, imports, uses)
            else:
                self._under(block, Guard.ELSEWHERE, imports, uses)

    def _under(self, body: list[ast.stmt], guard: Guard, imports: Guard, uses: Guard) -> None:
        self.branches += 1
        self.read_block(body, stronger(imports, guard), stronger(uses, guard))
        self.branches -= 1

    def _while(self, node: ast.While, imports: Guard, uses: Guard) -> None:
        if self.is_hot(node.test):
            self.read(node.test, imports, uses)
        self._under(node.body, Guard.NONE, imports, uses)
        self.read_block(node.orelse, imports, uses)

    def _for(self, node: ast.For | ast.AsyncFor, imports: Guard, uses: Guard) -> None:
        if self.is_hot(node.iter):
            self.read(node.iter, imports, uses)
        self.bind(node.target, None)
        self._under(node.body, Guard.NONE, imports, uses)
        self.read_block(node.orelse, imports, uses)

    def _with(self, node: ast.With | ast.AsyncWith, imports: Guard, uses: Guard) -> None:
        for item in node.items:
            expression = item.context_expr
            if self.is_hot(expression):
                self.read(expression, imports, uses)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, expression)
            missing, anything = suppresses(expression)
            imports = stronger(imports, Guard.OPTIONAL) if missing else imports
            uses = stronger(uses, Guard.OPTIONAL) if anything else uses
        self.read_block(node.body, imports, uses)

    def _try(self, node: ast.Try | ast.TryStar, imports: Guard, uses: Guard) -> None:
        missing, anything = catches(node.handlers)
        optional = Guard.OPTIONAL
        outer = self.caught
        self.caught = outer | caught_by(node.handlers)
        self.read_block(
            node.body,
            stronger(imports, optional) if missing else imports,
            stronger(uses, optional) if anything else uses,
        )
        self.caught = outer
        for handler in node.handlers:
            if handler.type is not None and self.is_hot(handler.type):
                self.read(handler.type, imports, uses)
            if handler.name:
                self.put(handler.name, OTHER)
            self._under(handler.body, optional, imports, uses)
        self.read_block(node.orelse, imports, uses)
        self.read_block(node.finalbody, imports, uses)

    def _match(self, node: ast.Match, imports: Guard, uses: Guard) -> None:
        if self.is_hot(node.subject):
            self.read(node.subject, imports, uses)
        for case in node.cases:
            if case.guard is not None:
                self.read(case.guard, imports, uses)
            self._under(case.body, Guard.NONE, imports, uses)

    readers: ClassVar[Mapping[type[ast.stmt], Callable[[Any, Any, Guard, Guard], None]]] = {
        ast.Expr: _expression,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Import: _import,
        ast.ImportFrom: _import_from,
        ast.Global: _global,
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.ClassDef: _class,
        ast.If: _if,
        ast.While: _while,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.With: _with,
        ast.AsyncWith: _with,
        ast.Try: _try,
        ast.TryStar: _try,
        ast.Match: _match,
    }


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(value for value in arguments.kw_defaults if value)]


def _parameters(arguments: ast.arguments) -> list[str]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    packed = (arguments.vararg, arguments.kwarg)
    return [argument.arg for argument in (*named, *(one for one in packed if one))]
