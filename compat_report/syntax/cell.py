"""One cell, or one local module → all that it says."""

import ast
import heapq
import sys
import unicodedata
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from compat_report.model import Finding, Guard, Location, Severity
from compat_report.rules import find
from compat_report.syntax.guards import RANK, stronger
from compat_report.syntax.imports import add_gathered
from compat_report.syntax.magics import Said, read_escape, required, unclear
from compat_report.syntax.scope import MAIN, Gathered
from compat_report.syntax.script_block import read_script_block
from compat_report.syntax.statements import StatementReader
from compat_report.syntax.transform import FAILURES, Escape, Parsed, UnreadableCell, parse_cell

NONE = Guard.NONE

type Call = tuple[str, Guard, Location]

# Modules that are there as soon as a browser's kernel runs.
RUNTIME = frozenset({"js", "pyodide", "pyodide_js", "micropip", "piplite", "IPython"})


class CellReader(StatementReader):
    """Reads a whole cell into `into`."""

    def read_source(self, source: str) -> None:
        """All that the source says. What cannot be read is a finding."""
        try:
            parsed = parse_cell(source)
        except UnreadableCell as error:
            self._unreadable(error.detail, error.line)
            return
        if "# /// script" in source:
            for line, asked in read_script_block(source):
                location = self._at(line)
                self.into.requirements += required(asked, "script", location)
                self.into.findings += [(finding, NONE) for finding in unclear(asked, location)]
        self.escapes = parsed.escapes
        self.hot = self._hot_lines(source, parsed)
        for escape in parsed.head:
            self.read_escape(escape, NONE, NONE)
        try:
            self.read_block(parsed.tree.body, NONE, NONE)
            self._read_bodies()
        except RecursionError:
            self._unreadable("it is nested too deeply", 0)
        self._follow_calls()
        if self.place.cell is not None:
            self._check_imports(parsed)

    def read_escape(self, escape: Escape, imports: Guard, uses: Guard) -> None:
        """A magic or a command of the shell, and the code in it."""
        location = self._at(escape.line, escape.column)
        said = read_escape(escape, location, self.files)
        if RANK[uses] < RANK[Guard.ELSEWHERE]:
            self.into.requirements += said.requirements
            for requirement in said.requirements:
                self.scope.installed.add(requirement.name)
        self.into.findings += [(finding, uses) for finding in said.findings]
        if said.module:
            self.add_import(said.module, None, location, imports)
        if said.code:
            self._read_code(said, escape, imports, uses)
        if said.written:
            self._write(said.written, escape)
        if said.run:
            self._run(said.run, location, imports)

    # -- where to look ---------------------------------------------------------------------------

    def _hot_lines(self, source: str, parsed: Parsed) -> list[int]:
        """Lines with a word that matters, and those of magics."""
        if parsed.rewritten or not (source.isascii() or unicodedata.is_normalized("NFKC", source)):
            # Python reads identifiers in their normal form (PEP 3131).
            return list(range(1, source.count("\n") + 2))
        # Finding some dozens of words costs less than telling the source's words apart.
        is_here = source.__contains__
        words = list(filter(is_here, self.scope.hot))
        for top, roots in self.scope.tops.items():
            if any(map(is_here, roots)):
                words += filter(is_here, self.watch.leaves[top])
        if not words:
            return sorted(parsed.escapes)
        return sorted(self.lines_with(words).union(parsed.escapes))

    def _at(self, line: int, column: int = 0) -> Location:
        place = self.place
        return Location(path=place.path, cell=place.cell, line=line, column=column, id=place.id)

    def _unreadable(self, detail: str, line: int) -> None:
        subject = "the cell" if self.place.cell is None else f"cell {self.place.cell + 1}"
        finding = find("unreadable-cell", self._at(line), subject, detail=detail)
        self.into.findings.append((finding, NONE))

    # -- code in magics --------------------------------------------------------------------------

    def _read_code(self, said: Said, escape: Escape, imports: Guard, uses: Guard) -> None:
        """`%time x = f()`: Python within a line."""
        if said.code[0] in "!%":
            name, _, rest = said.code[1:].partition(" ")
            at, begin = (escape.line, said.column), said.column + len(name) + 2
            magic = Escape("line", name, rest.strip(), *at, text_column=begin)
            system = Escape("system", "", said.code[1:].strip(), *at)
            self.read_escape(magic if said.code[0] == "%" else system, imports, uses)
            return
        try:
            tree = ast.parse(said.code)
        except FAILURES as error:
            self._unreadable(str(error), escape.line)
            return
        kept = self.base, self.hot, self.escapes
        self.base, self.escapes = (escape.line - 1, said.column), {}
        self.hot = list(range(1, said.code.count("\n") + 2))
        self.read_block(tree.body, imports, uses)
        self.base, self.hot, self.escapes = kept

    def _write(self, name: str, escape: Escape) -> None:
        """`%%writefile name.py`: the body is a module that cells below may import."""
        path = PurePosixPath(name)
        if path.suffix != ".py" or path.is_absolute():
            return
        parts = path.with_suffix("").parts
        dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        before = self.scope.written.get(dotted, "") if escape.text.startswith("-a") else ""
        self.scope.written[dotted] = before + escape.body

    def _run(self, name: str, location: Location, guard: Guard) -> None:
        """`%run FILE`: what the file says counts here, and what it binds is bound here."""
        stem = name.removesuffix(".py")
        if stem in self.scope.written:
            module = self.run_local(stem, Path(f"{stem}.py"), location, guard)
            if module is not None:
                self.take_names(module)
            return
        if self.files.folder is None or "{" in name or "$" in name:
            self.find(find("missing-file", location, name), guard)
            return
        path = Path(self.files.folder, name)
        if not path.suffix:
            path = path.with_suffix(".py")
        if not path.is_file():
            self.find(find("missing-file", location, name), guard)
            return
        module = self.run_local(path.stem, path, location, guard)
        if module is not None:
            self.take_names(module)

    # -- functions -------------------------------------------------------------------------------

    def _read_bodies(self) -> None:
        """Bodies of functions, as run when all names of the cell are bound."""
        top, self.branches = self.into, 0
        while self.bodies:
            name, node, parameters = self.bodies.pop(0)
            self.into = Gathered()
            self.frames.append(parameters)
            self.read_block(node.body, NONE, NONE)
            self.frames.pop()
            said = self.into
            top.requirements += said.requirements
            said.requirements = []
            self.scope.functions[name] = said
            if not self.bodies:
                self._warm_up()
        self.into = top

    def _warm_up(self) -> None:
        """Functions that call those that were found since."""
        for name, (node, parameters) in list(self.cold.items()):
            if self.is_hot_between(node.body[0].lineno, node.end_lineno or node.lineno):
                del self.cold[name]
                self.keep_function(name, node, parameters)

    def _follow_calls(self) -> None:
        """What functions say counts where they are called; of those that are not, as lazy.

        In the cell that defines a function its own lines are told, elsewhere the call's.
        """
        if not self.own and not self.into.calls:
            return
        told: set[str] = set()
        self._tell(list(self.into.calls), told)
        here: list[Call] = [(name, Guard.LAZY, self.place) for name in self.own]
        self._tell([call for call in here if call[0] not in told], told)

    def _tell(self, calls: list[Call], told: set[str]) -> None:
        """What called functions say, and those that they call: the least guarded call counts."""
        functions, own = self.scope.functions, set(self.own)
        waiting = [(RANK[call[1]], number, call) for number, call in enumerate(calls)]
        heapq.heapify(waiting)
        number = len(waiting)
        while waiting:
            _, _, (name, guard, location) = heapq.heappop(waiting)
            if name in told or name not in functions:
                continue
            if guard is Guard.LAZY and name not in own and name.startswith(MAIN):
                continue  # told as lazy where it is defined
            told.add(name)
            is_own = name in own
            add_gathered(functions[name], self.into, guard, None if is_own else location)
            for inner, its, at in functions[name].calls:
                both = stronger(its, guard)
                number += 1
                call = (inner, both, at if is_own else location)
                heapq.heappush(waiting, (RANK[both], number, call))

    # -- what a browser's kernel does before a cell is run ----------------------------------------

    def _check_imports(self, parsed: Parsed) -> None:
        """A kernel in a browser loads what a cell imports; it looks for that in Python only."""
        scope = self.scope
        escaped = bool(parsed.escapes or parsed.head or parsed.rewritten)
        late = None
        for one in self.into.imports:
            top = one.name.partition(".")[0]
            if not top or top in scope.seen:
                continue
            scope.seen.add(top)
            if (
                escaped
                and late is None
                and one.guard is NONE
                and top not in sys.stdlib_module_names
                and top not in RUNTIME
                and canonicalize_name(top) not in scope.installed
            ):
                late = one
        if late is not None:
            finding = find("late-import", late.location, f"import {late.name.partition('.')[0]}")
            self.into.findings.append((finding, NONE))


def guarded(finding: Finding, guard: Guard) -> Severity:
    """How severe a finding is under a guard."""
    if guard is NONE or finding.severity is Severity.INFO:
        return finding.severity
    return Severity.WARNING if guard is Guard.LAZY else Severity.INFO


def with_newlines(source: str) -> str:
    """The source with the ends of its lines as Python counts them."""
    return source.replace("\r\n", "\n").replace("\r", "\n") if "\r" in source else source
