"""Names, positions, and which lines are worth reading: what all that reads a cell stands on."""

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from compat_report.model import Finding, Guard, Location
from compat_report.syntax.fold import fold
from compat_report.syntax.guards import truth
from compat_report.syntax.local import LocalFiles
from compat_report.syntax.scope import Bound, Gathered, Made, Scope, constant_of
from compat_report.syntax.transform import Escape

# Builtins that are followed whether they are watched or not.
OWN = frozenset({"__import__", "get_ipython"})

type Function = ast.FunctionDef | ast.AsyncFunctionDef
type ReadModule = Callable[[str, Path, str | None], tuple[Scope, Gathered] | None]


class NameReader:
    """Knows the names of one cell or module; `into` gathers what is said.

    `frames` are the names of the functions and classes that are being read, innermost last;
    `base` is added to positions (lines, columns) of a tree that is a part of a line. `hot` are
    the lines worth reading, in order, `fresh` words that make more so; `escapes` pieces of
    IPython's syntax by line. `own` are functions and classes of this cell, by dotted name;
    `bodies` those whose bodies are read last, when all names of the cell are known; `cold` are
    functions with nothing worth reading so far, which may yet call others that have.

    `read_module` gives what a local module says, of its name, path, and text where a cell
    wrote it; None for one that is being read (a circle). `package` is the dotted name that
    relative imports start from, None in a notebook.
    """

    def __init__(
        self,
        scope: Scope,
        place: Location,
        source: str,
        *,
        files: LocalFiles,
        read_module: ReadModule,
        package: str | None = None,
    ) -> None:
        self.scope = scope
        self.watch = scope.watch
        self.place = place
        self.files = files
        self.read_module = read_module
        self.package = package
        self.into = Gathered()
        self.frames: list[dict[str, Bound]] = []
        self.caught: frozenset[str] = frozenset()
        self.base = (0, 0)
        self.hot: list[int] = []
        self.fresh: list[str] = []
        self.escapes: Mapping[int, Escape] = {}
        self.own: list[str] = []
        self.cold: dict[str, tuple[Function, dict[str, Bound]]] = {}
        self.bodies: list[tuple[str, Function, dict[str, Bound]]] = []
        self._source = source
        self._is_ascii = source.isascii()
        self._lines: list[str] | None = None

    # -- positions ---------------------------------------------------------------------------

    def locate(self, node: ast.AST) -> Location:
        """Where a node begins; a tree counts columns in bytes of UTF-8."""
        line: int = getattr(node, "lineno", 1)
        column: int = getattr(node, "col_offset", 0)
        if not self._is_ascii and self.base == (0, 0) and line <= len(self._split()):
            text = self._split()[line - 1].encode("utf-8", "replace")
            column = len(text[:column].decode("utf-8", "replace"))
        return Location(
            path=self.place.path,
            cell=self.place.cell,
            line=line + self.base[0],
            column=column + self.base[1],
            id=self.place.id,
        )

    def lines_with(self, words: Iterable[str]) -> set[int]:
        """Lines on which one of the words stands, or what looks like it."""
        source = self._source
        found: set[int] = set()
        for word in words:
            line, begin, at = 1, 0, source.find(word)
            while at >= 0:
                line += source.count("\n", begin, at)
                found.add(line)
                begin = at
                end = source.find("\n", at)
                at = source.find(word, end) if end >= 0 else -1
        return found

    def _split(self) -> list[str]:
        if self._lines is None:
            self._lines = self._source.split("\n")
        return self._lines

    def warm(self, word: str, name: str) -> None:
        """Make lines with a word worth reading if the dotted name that it stands for is.

        Lines with the last part of a watched name are, in cells with a word that stands for
        its first part.
        """
        scope = self.scope
        top = name.partition(".")[0]
        leaves = self.watch.leaves.get(top)
        if leaves:
            words = scope.tops.setdefault(top, set())
            if word not in words:
                words.add(word)
                self.fresh += leaves
        if word not in scope.hot and scope.is_warm(name):
            scope.hot.add(word)
            self.fresh.append(word)

    def is_hot(self, node: ast.stmt | ast.expr) -> bool:
        """Whether one of a node's lines is worth reading."""
        if not self.hot and not self.fresh:
            return False
        return self.is_hot_between(node.lineno, node.end_lineno or node.lineno)

    def is_hot_between(self, first: int, last: int) -> bool:
        """Whether one of these lines is."""
        if self.fresh:
            source = self._source
            if here := list(filter(source.__contains__, self.fresh)):
                self.hot = sorted(self.lines_with(here).union(self.hot))
            self.fresh = []
        hot = self.hot
        if not hot:
            return False
        at = bisect_left(hot, first)
        return at < len(hot) and hot[at] <= last

    def find(self, finding: Finding, guard: Guard) -> None:
        """Keep a finding with the guard that it is under."""
        self.into.findings.append((finding, guard))

    # -- names -------------------------------------------------------------------------------

    def bound(self, name: str) -> Bound | None:
        """What a name is bound to here; None: nothing, so that it is a builtin or unknown."""
        if self.frames:
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
        root = self.root(node.id)  # type: ignore[attr-defined]
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

    def root(self, name: str) -> str | None:
        """The dotted name that a word stands for; None: none that is followed."""
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
