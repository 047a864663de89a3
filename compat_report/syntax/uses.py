"""Expressions → uses of names, as those are called where they come from."""

import ast
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from compat_report.model import NOT_CONSTANT, Finding, Guard, Location, Use
from compat_report.rules import find
from compat_report.syntax.fold import fold
from compat_report.syntax.guards import stronger, truth
from compat_report.syntax.install import read_requirement
from compat_report.syntax.magics import required, unclear
from compat_report.syntax.scope import Bound, Gathered, Made, Scope, constant_of
from compat_report.syntax.transform import Escape

# Builtins that are read whether they are watched or not.
OWN = frozenset({"__import__", "get_ipython"})
INSTALLERS = {
    "micropip.install": "micropip",
    "piplite.install": "piplite",
    "piplite.piplite.install": "piplite",
    "pyodide_js.loadPackage": "micropip",
}
SHELL = "get_ipython."
IMPORTERS = frozenset({"importlib.import_module", "__import__"})
# Expressions with nothing in them.
LEAVES = (ast.Constant, ast.Load, ast.Store, ast.Del, ast.operator, ast.unaryop, ast.cmpop)


class UseReader:
    """Reads expressions of one cell or module; `into` gathers what they say.

    `frames` are the names of the functions and classes that are being read, innermost last;
    `base` is added to positions (lines, columns) of a tree that is a part of a line. `hot` are
    the lines worth reading, in order.
    """

    def __init__(self, scope: Scope, place: Location, source: str) -> None:
        self.scope = scope
        self.watch = scope.watch
        self.place = place
        self.into = Gathered()
        self.frames: list[dict[str, Bound]] = []
        self.base = (0, 0)
        self.hot: list[int] = []
        self._source = source
        self._lines: list[str] | None = None if source.isascii() else source.split("\n")

    # -- positions ---------------------------------------------------------------------------

    def locate(self, node: ast.AST) -> Location:
        """Where a node begins; a tree counts columns in bytes of UTF-8."""
        line: int = getattr(node, "lineno", 1)
        column: int = getattr(node, "col_offset", 0)
        if self._lines is not None and self.base == (0, 0) and line <= len(self._lines):
            text = self._lines[line - 1].encode("utf-8", "replace")
            column = len(text[:column].decode("utf-8", "replace"))
        return Location(
            path=self.place.path,
            cell=self.place.cell,
            line=line + self.base[0],
            column=column + self.base[1],
            id=self.place.id,
        )

    def lines_with(self, words: Collection[str]) -> set[int]:
        """Lines on which one of the words stands, or what looks like it."""
        lines = self._source.split("\n") if self._lines is None else self._lines
        return {
            number for number, line in enumerate(lines, 1) if any(word in line for word in words)
        }

    def warm(self, word: str, name: str) -> None:
        """Make lines with a word worth reading if the dotted name that it stands for is."""
        scope = self.scope
        if word not in scope.hot and scope.is_warm(name):
            scope.hot.add(word)
            self.hot = sorted(self.lines_with((word,)).union(self.hot))

    # -- names -------------------------------------------------------------------------------

    def bound(self, name: str) -> Bound | None:
        """What a name is bound to here; None: nothing, so that it is a builtin or unknown."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        return self.scope.names.get(name)

    def constant(self, name: str) -> Any:
        """The constant a name is bound to, or NOT_CONSTANT."""
        return constant_of(self.bound(name), later=bool(self.frames))

    def resolve(self, node: ast.expr) -> str | None:
        """The dotted name of a chain of attributes and calls; a Made where it ends in a call."""
        parts: list[str] = []
        made = False
        while True:
            kind = type(node)
            if kind is ast.Attribute:
                parts.append(node.attr)  # type: ignore[attr-defined]
                node = node.value  # type: ignore[attr-defined]
            elif kind is ast.Call:
                made = made or not parts
                node = node.func  # type: ignore[attr-defined]
            elif kind is ast.Await:
                node = node.value  # type: ignore[attr-defined]
            else:
                break
        if kind is not ast.Name:
            return None
        root = self._root(node.id)  # type: ignore[attr-defined]
        if root is None:
            return None
        if not parts:
            return Made(root) if made else root
        parts.append(root)
        parts.reverse()
        name = ".".join(parts)
        if self.scope.aliases:
            name = self.scope.aliases.get(name, name)
        return Made(name) if made else name

    def _root(self, name: str) -> str | None:
        bound = self.bound(name)
        if bound is None:
            if name in self.watch.builtins:
                return f"builtins.{name}"
            return name if name in OWN else None
        return bound if isinstance(bound, str) else None

    def fold(self, node: ast.expr) -> Any:
        """The value of an expression, or NOT_CONSTANT."""
        return fold(node, self.constant, self.resolve)

    def truth(self, test: ast.expr) -> bool | None:
        """What a condition is in a browser."""
        return truth(test, self.constant, self.resolve)

    # -- expressions -------------------------------------------------------------------------

    def read(self, node: ast.expr, imports: Guard, uses: Guard) -> None:
        """Gather what an expression says; the guards are those of what stands here."""
        waiting: list[ast.AST] = [node]
        while waiting:
            node = waiting.pop()  # type: ignore[assignment]
            kind = type(node)
            if kind is ast.Name:
                self._read_chain(node, None, imports, uses)
            elif kind is ast.Attribute or kind is ast.Call:
                self._read_whole(node, waiting, imports, uses)
            elif kind is ast.IfExp:
                self._read_choice(node, waiting, imports, uses)  # type: ignore[arg-type]
            elif kind is ast.NamedExpr:
                self.bind(node.target, node.value)  # type: ignore[attr-defined]
                waiting.append(node.value)  # type: ignore[attr-defined]
            elif not isinstance(node, LEAVES):
                waiting.extend(ast.iter_child_nodes(node))

    def bind(self, target: ast.expr, value: ast.expr | None) -> None:
        """What an assignment does to names; told where statements are read."""
        raise NotImplementedError

    def read_escape(self, escape: Escape, imports: Guard, uses: Guard) -> None:
        """A call of IPython that stands for a magic; told where those are read."""
        raise NotImplementedError

    def add_import(self, name: str, parent: str | None, location: Location, guard: Guard) -> None:
        """A module that is asked for; told where imports are read."""
        raise NotImplementedError

    def find(self, finding: Finding, guard: Guard) -> None:
        """Keep a finding with the guard that it is under."""
        self.into.findings.append((finding, guard))

    def _read_whole(
        self, node: ast.expr, waiting: list[ast.AST], imports: Guard, uses: Guard
    ) -> None:
        """A chain of attributes and calls from its end to its first name, once.

        Of the names that a chain passes through, the longest that is watched is recorded.
        """
        found = False
        while True:
            if isinstance(node, ast.Call):
                call, node = node, node.func
                waiting.extend(call.args)
                waiting.extend(keyword.value for keyword in call.keywords)
                if isinstance(node, ast.Attribute | ast.Name) and not found:
                    found = self._read_chain(node, call, imports, uses)
                    if isinstance(node, ast.Name):
                        return
                    node = node.value
            elif isinstance(node, ast.Attribute):
                found = found or self._read_chain(node, None, imports, uses)
                node = node.value
            elif isinstance(node, ast.Name):
                if not found:
                    self._read_chain(node, None, imports, uses)
                return
            else:
                waiting.append(node)
                return

    def _read_chain(
        self, node: ast.expr, call: ast.Call | None, imports: Guard, uses: Guard
    ) -> bool:
        """Record the name that a node stands for, if it is worth it; whether it was."""
        name = self.resolve(node)
        if name is None or isinstance(name, Made):  # an object alone is no use of its class
            return False
        if name in self.scope.functions:
            self.into.calls.append((name, uses, self.locate(node)))
            return True
        if call is not None:
            self._read_own(name, call, imports, uses)
        if not self.watch.wants(name):
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
