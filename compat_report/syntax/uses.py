"""Expressions → uses of names, as those are called where they come from."""

import ast
from dataclasses import replace
from typing import Any

from compat_report.model import NOT_CONSTANT, Guard, Location, Use
from compat_report.rules import find
from compat_report.syntax.guards import stronger
from compat_report.syntax.install import read_requirement
from compat_report.syntax.magics import required, unclear
from compat_report.syntax.names import NameReader
from compat_report.syntax.scope import Made
from compat_report.syntax.transform import Escape

INSTALLERS = {
    "micropip.install": "micropip",
    "piplite.install": "piplite",
    "piplite.piplite.install": "piplite",
    "pyodide_js.loadPackage": "micropip",
}
SHELL = "get_ipython."
IMPORTERS = frozenset({"importlib.import_module", "__import__"})
# A chain of more attributes and calls than this names nothing that is watched.
LONGEST = 40
# Nodes with nothing in them that is read.
LEAVES = frozenset(
    {
        ast.Constant,
        ast.Load,
        ast.Store,
        *ast.operator.__subclasses__(),
        *ast.unaryop.__subclasses__(),
        *ast.cmpop.__subclasses__(),
        *ast.boolop.__subclasses__(),
    }
)


class UseReader(NameReader):
    """Reads expressions: what they use, and calls that say more than their name."""

    def read(self, node: ast.expr, imports: Guard, uses: Guard) -> None:
        """Gather what an expression says; the guards are those of what stands here."""
        waiting: list[ast.AST] = [node]
        while waiting:
            node = waiting.pop()  # type: ignore[assignment]
            kind = type(node)
            if kind in LEAVES:
                continue
            if kind is ast.Name:
                if self.root(node.id) is not None:  # type: ignore[attr-defined]
                    self._read_chain(node, None, imports, uses)
            elif kind is ast.Attribute or kind is ast.Call:
                self._read_whole(node, waiting, imports, uses)
            elif kind is ast.IfExp:
                self._read_choice(node, waiting, imports, uses)  # type: ignore[arg-type]
            elif kind is ast.NamedExpr:
                self.bind(node.target, node.value)  # type: ignore[attr-defined]
                waiting.append(node.value)  # type: ignore[attr-defined]
            else:
                waiting += _inner(node)

    def bind(self, target: ast.expr, value: ast.expr | None) -> None:
        """What an assignment does to names; told where statements are read."""
        raise NotImplementedError

    def read_escape(self, escape: Escape, imports: Guard, uses: Guard) -> None:
        """A call of IPython that stands for a magic; told where those are read."""
        raise NotImplementedError

    def add_import(self, name: str, parent: str | None, location: Location, guard: Guard) -> None:
        """A module that is asked for; told where imports are read."""
        raise NotImplementedError

    def _read_whole(
        self, node: ast.expr, waiting: list[ast.AST], imports: Guard, uses: Guard
    ) -> None:
        """A chain of attributes and calls from its end to its first name, once.

        Of the names that a chain passes through, the longest that is watched is recorded.
        """
        links: list[tuple[ast.expr, ast.Call | None]] = []
        call: ast.Call | None = None
        while (kind := type(node)) is not ast.Name:
            if kind is ast.Attribute:
                links.append((node, call))
                call, node = None, node.value  # type: ignore[attr-defined]
            elif kind is ast.Call:
                call, node = node, node.func  # type: ignore[assignment, attr-defined]
                waiting.extend(call.args)  # type: ignore[union-attr]
                waiting.extend([keyword.value for keyword in call.keywords])  # type: ignore[union-attr]
            else:
                waiting.append(node)
                return
        if self.root(node.id) is None:  # type: ignore[attr-defined]
            return
        links.append((node, call))
        for link, called in links[-LONGEST:]:
            if self._read_chain(link, called, imports, uses):
                return

    def _read_chain(
        self, node: ast.expr, call: ast.Call | None, imports: Guard, uses: Guard
    ) -> bool:
        """Record the name that a node stands for, if it is worth it; whether it was."""
        name = self.resolve(node)
        if name is None or isinstance(name, Made):  # an object alone is no use of its class
            return False
        if name in self.scope.functions or name in self.cold:
            self.into.calls.append((name, uses, self.locate(node)))
            return True
        if call is not None:
            self._read_own(name, call, imports, uses)
        if not self.watch.wants(name) or name in self.scope.replaced:
            return False
        arguments, keywords = ((), ()) if call is None else self._arguments(call)
        self.into.uses.append(
            Use(
                name=name,
                location=self.locate(node),
                called=call is not None,
                arguments=arguments,
                keywords=keywords,
                guard=uses,
                caught=self.caught,
            )
        )
        return True

    def _arguments(self, call: ast.Call) -> tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]:
        arguments: list[Any] = []
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                arguments.append(NOT_CONSTANT)
                break
            arguments.append(self.fold(argument))
        keywords = tuple(
            (keyword.arg, self.fold(keyword.value)) for keyword in call.keywords if keyword.arg
        )
        return tuple(arguments), keywords

    def _read_choice(
        self, node: ast.IfExp, waiting: list[ast.AST], imports: Guard, uses: Guard
    ) -> None:
        waiting.append(node.test)
        taken = self.truth(node.test)
        for branch, is_taken in ((node.body, True), (node.orelse, False)):
            if taken is None or taken is is_taken:
                waiting.append(branch)
            else:
                elsewhere = Guard.ELSEWHERE
                self.read(branch, stronger(imports, elsewhere), stronger(uses, elsewhere))

    # -- calls that say more than their name ---------------------------------------------------

    def _read_own(self, name: str, call: ast.Call, imports: Guard, uses: Guard) -> None:
        """Read imports by name, installers and calls of IPython; the use may be watched, too."""
        if name in IMPORTERS:
            self._read_importer(call, imports)
        elif name in INSTALLERS:
            self._read_installer(INSTALLERS[name], call, uses)
        elif name.startswith(SHELL):
            self._read_shell(name.removeprefix(SHELL), call, imports, uses)

    def _read_importer(self, call: ast.Call, guard: Guard) -> None:
        values = [self.fold(argument) for argument in call.args[:2]]
        name = values[0] if values else NOT_CONSTANT
        location = self.locate(call)
        if isinstance(name, str) and name.replace(".", "").isidentifier() and name[0] != ".":
            self.add_import(name, None, location, guard)
            return
        subject = ast.unparse(call)
        subject = subject if len(subject) <= 60 else subject[:59] + "…"
        self.find(find("dynamic-import", location, subject), guard)

    def _read_installer(self, tool: str, call: ast.Call, guard: Guard) -> None:
        if not call.args and not call.keywords:
            return
        node = call.args[0] if call.args else call.keywords[0].value
        items = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
        location = self.locate(call)
        for item in items:
            value = self.fold(item)
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str):
                    asked = read_requirement(text)
                else:
                    asked = replace(read_requirement("{}"), text=ast.unparse(item))
                self.into.requirements += required(asked, tool, location)
                for finding in unclear(asked, location):
                    self.find(finding, guard)

    def _read_shell(self, method: str, call: ast.Call, imports: Guard, uses: Guard) -> None:
        values = [self.fold(argument) for argument in call.args]
        if not values or not all(isinstance(value, str) for value in values):
            return
        location = self.locate(call)
        at = (location.line, location.column)
        if method in ("system", "getoutput"):
            escape = Escape("system", "", values[0].strip(), *at)
        elif method in ("run_line_magic", "magic"):
            name, _, rest = (values[0] if method == "magic" else " ".join(values)).partition(" ")
            escape = Escape("line", name.lstrip("%"), rest.strip(), *at, text_column=at[1])
        elif method == "run_cell_magic" and len(values) == 3:
            escape = Escape("cell", values[0], values[1], *at, values[2], at[1])
        else:
            return
        self.read_escape(escape, imports, uses)


def _inner(node: ast.AST) -> list[ast.AST]:
    """The nodes that a node is made of."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found
