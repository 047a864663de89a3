"""Import statements → the modules they ask for, and what local modules among those say."""

import ast
from dataclasses import replace
from pathlib import Path

from compat_report.model import Guard, Import, Location
from compat_report.rules import find
from compat_report.syntax.guards import RANK, stronger
from compat_report.syntax.scope import OTHER, Gathered, Scope
from compat_report.syntax.uses import UseReader


class ImportReader(UseReader):
    """Reads import statements; modules beside the notebook are read in their place."""

    def read_import(self, node: ast.Import, guard: Guard) -> None:
        """`import a.b` binds `a`; `import a.b as c` binds `c` to the whole."""
        location = self.locate(node)
        for alias in node.names:
            self.add_import(alias.name, None, location, guard)
            if alias.asname:
                self.name(alias.asname, alias.name)
            else:
                top = alias.name.partition(".")[0]
                self.name(top, top)

    def read_import_from(self, node: ast.ImportFrom, guard: Guard) -> None:
        """`from a import b` binds `b` to `a.b`, be that a module or a name in one."""
        base = self._base(node)
        if base == "__future__":
            return
        location = self.locate(node)
        for alias in node.names:
            if alias.name == "*":
                self.add_import(base, None, location, guard)
                self._name_all(base, location, guard)
                continue
            name = f"{base}{alias.name}" if base.endswith(".") else f"{base}.{alias.name}"
            self.add_import(name, base, location, guard)
            self.name(alias.asname or alias.name, self.scope.aliases.get(name, name))

    def name(self, word: str, name: str) -> None:
        """Bind a word to the dotted name that it stands for."""
        frame = self.frames[-1] if self.frames else self.scope.names
        frame[word] = name
        self.warm(word, name)

    def add_import(self, name: str, parent: str | None, location: Location, guard: Guard) -> None:
        """Keep an import, or read the local module that it runs."""
        if self.scope.written and (written := self._written(name)):
            self.run_local(written, Path(f"{written}.py"), location, guard)
            return
        located = self.files.locate(name)
        if located is None:
            self.into.imports.append(
                Import(name=name, location=location, guard=guard, parent=parent)
            )
            return
        for dotted, path in located.files:
            self.run_local(dotted, path, location, guard)

    def _written(self, name: str) -> str | None:
        """The module that the notebook itself wrote which importing a dotted name runs."""
        while name not in self.scope.written:
            name, dot, _ = name.rpartition(".")
            if not dot:
                return None
        return name

    def run_local(self, dotted: str, path: Path, location: Location, guard: Guard) -> Scope | None:
        """What a local module says counts where it is first imported; its names as its module has."""
        told = self.read_module(dotted, path, self.scope.written.get(dotted))
        if told is None:
            return None
        module, gathered = told
        scope = self.scope
        if not self.frames:  # a function's body may never be run
            if scope.ran.get(dotted, len(RANK)) <= RANK[guard]:
                return module
            scope.ran[dotted] = RANK[guard]
        add_gathered(gathered, self.into, guard, location)
        scope.ran.update(module.ran)
        scope.functions.update(module.functions)
        scope.aliases.update(module.aliases)
        for word, bound in module.names.items():
            if type(bound) is str and bound not in (word, f"{dotted}.{word}"):
                scope.aliases[f"{dotted}.{word}"] = bound
            if isinstance(bound, str):
                self.warm(word, bound)
        return module

    def take_names(self, module: Scope) -> None:
        """All that a module binds is bound here, as `import *` and %run do."""
        for word, bound in module.names.items():
            if not word.startswith("_"):
                self.scope.names[word] = bound
                if isinstance(bound, str):
                    self.warm(word, bound)

    def _base(self, node: ast.ImportFrom) -> str:
        """The absolute name that a relative import starts from; its dots where none is known."""
        module = node.module or ""
        if not node.level:
            return module
        if self.package is not None:
            parts = self.package.split(".") if self.package else []
            kept = parts[: len(parts) - node.level + 1]
            if kept and node.level <= len(parts):
                return ".".join([*kept, module] if module else kept)
        return "." * node.level + module

    def _name_all(self, base: str, location: Location, guard: Guard) -> None:
        """`import *`: names that are watched are known to be there, others may hide one."""
        dotted, path = self._written(base), Path()
        if dotted is None and (located := self.files.locate(base)) is not None:
            dotted, path = located.files[-1]
        if dotted is not None:
            told = self.read_module(dotted, path, self.scope.written.get(dotted))
            if told is not None:
                self.take_names(told[0])
            return
        prefix = f"{base}."
        names = [name for name in self.watch.names if name.startswith(prefix)]
        for name in names:
            word = name.removeprefix(prefix).partition(".")[0]
            if self.bound(word) in (None, OTHER):
                self.name(word, prefix + word)
        top = base.partition(".")[0]
        if names or base in self.watch.packages or top in self.watch.packages:
            self.find(find("star-import", location, base), guard)


def add_gathered(
    gathered: Gathered, into: Gathered, guard: Guard, location: Location | None
) -> None:
    """Add what was gathered elsewhere, under another guard, and at another place if one is given."""
    imports = [
        replace(it, guard=stronger(it.guard, guard), location=location or it.location)
        for it in gathered.imports
    ]
    uses = [
        replace(use, guard=stronger(use.guard, guard), location=location or use.location)
        for use in gathered.uses
    ]
    findings = [
        (replace(finding, location=location) if location else finding, stronger(own, guard))
        for finding, own in gathered.findings
    ]
    # Two modules may lead to the same third one.
    into.imports += _unlike(imports, into.imports) if location else imports
    into.uses += _unlike(uses, into.uses) if location else uses
    into.findings += _unlike(findings, into.findings) if location else findings
    into.requirements += [
        replace(requirement, location=location) if location else requirement
        for requirement in gathered.requirements
    ]


def _unlike[T](items: list[T], others: list[T]) -> list[T]:
    """Those that are not among the others, each once."""
    known = set(others)
    return [item for item in dict.fromkeys(items) if item not in known]
