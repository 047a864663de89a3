"""What a cell does besides binding names: writes, requests, programs, questions to its reader.

A function's effects are those of whoever uses it: they are told where its name is used. What cannot
be told is taken for an effect rather than for none.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from kernel_bridge.inside.analysis.effects_table import (
    ASK,
    CALLS,
    MAGICS,
    METHODS,
    QUIET_MAGICS,
    READERS,
    SEEDED,
)
from kernel_bridge.inside.analysis.transform import PYTHON_MAGICS, Escape

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
PATTERNS = [(name, kind) for kind, names in CALLS.items() for name in names if "*" in name]
EXACT = {name: kind for kind, names in CALLS.items() for name in names if "*" not in name}
BUILTINS = frozenset({"open", "input", "breakpoint", "exec", "eval"})
WRITES = frozenset("wax+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One of them: its kind, the line of the cell, and the words that say it."""

    kind: str
    line: int
    what: str

    @property
    def asks(self) -> bool:
        """Whether a person is to be asked before the cell is run again."""
        return self.kind in ASK

    def as_json(self) -> dict[str, object]:
        """As it goes over the page."""
        return {"kind": self.kind, "line": self.line, "what": self.what}


@dataclass(slots=True, kw_only=True)
class Known:
    """What earlier cells told: `names` are dotted names of imports, `functions` what they do.

    `methods` are those of the notebook's own classes.
    """

    names: dict[str, str] = field(default_factory=dict)
    functions: dict[str, tuple[Effect, ...]] = field(default_factory=dict)
    methods: dict[str, tuple[Effect, ...]] = field(default_factory=dict)

    def copy(self) -> "Known":
        """One that may be added to."""
        return Known(
            names=dict(self.names), functions=dict(self.functions), methods=dict(self.methods)
        )


def read_effects(
    trees: Iterable[tuple[ast.Module, int]], escapes: Iterable[Escape], known: Known
) -> list[Effect]:
    """The effects of a cell, in the order of its lines; what it defines is added to `known`."""
    found: dict[Effect, None] = {}
    for tree, above in trees:
        reader = _Reader(known, above)
        reader.define(tree.body)
        for effect in reader.told(tree.body):
            found[effect] = None
    for escape in escapes:
        if asked := _of_escape(escape):
            found[asked] = None
    return sorted(found, key=lambda effect: effect.line)


def dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """The dotted name that an expression is of, "" where it is of none."""
    parts = []
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        else:
            node = node.func
    if not isinstance(node, ast.Name):
        return ""
    root = names.get(node.id) or (f"builtins.{node.id}" if node.id in BUILTINS else "")
    return ".".join([root, *reversed(parts)]) if root else ""


def add_imports(node: ast.AST, names: dict[str, str]) -> None:
    """Remember what the names of imports stand for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            whole = alias.name if alias.asname else alias.name.partition(".")[0]
            names[alias.asname or whole] = whole
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            names[alias.asname or alias.name] = f"{node.module}.{alias.name}"


class _Reader:
    def __init__(self, known: Known, above: int) -> None:
        self._known = known
        self._above = above

    def define(self, body: list[ast.stmt]) -> None:
        """Learn what the tree imports and what its functions do, those that others call too."""
        nodes = [node for statement in body for node in ast.walk(statement)]
        for node in nodes:
            add_imports(node, self._known.names)
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target, made = node.targets[0], dotted(node.value, self._known.names)
                if isinstance(target, ast.Name) and made:
                    self._known.names[target.id] = made
        definitions = [node for node in nodes if isinstance(node, DEFINITIONS)]
        for _ in range(len(definitions) + 1):
            before = (dict(self._known.functions), dict(self._known.methods))
            for node in definitions:
                self._define(node)
            if before == (self._known.functions, self._known.methods):
                break

    def _define(self, node: ast.stmt) -> None:
        assert isinstance(node, DEFINITIONS)  # noqa: S101 # for the type checker
        if isinstance(node, ast.ClassDef):
            mine: list[Effect] = []
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    does = tuple(self.told(inner.body))
                    if does and not inner.name.startswith("__"):
                        self._known.methods[inner.name] = does
                    elif does:
                        mine += does
            self._known.functions[node.name] = tuple(mine)
        else:
            self._known.functions[node.name] = tuple(self.told(node.body))

    def told(self, body: Iterable[ast.AST]) -> Iterator[Effect]:
        """The effects of running statements; a definition's own body is not run with it."""
        waiting = list(reversed(list(body)))
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                waiting += [*node.decorator_list, *node.args.defaults]
                continue
            if isinstance(node, ast.Call):
                yield from self._of_call(node)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield from self._of_use(node.id, self._known.functions, node)
            elif isinstance(node, ast.Attribute):
                yield from self._of_use(node.attr, self._known.methods, node)
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))

    def _of_use(
        self, name: str, table: Mapping[str, tuple[Effect, ...]], node: ast.expr
    ) -> Iterator[Effect]:
        for effect in table.get(name, ()):
            line = self._above + node.lineno
            what = effect.what if "→" in effect.what else f"{name} → {effect.what}"
            yield replace(effect, line=line, what=what)

    def _of_call(self, node: ast.Call) -> Iterator[Effect]:
        name = dotted(node.func, self._known.names)
        line = self._above + node.lineno
        kind = kind_of(name) if name else None
        if name in ("builtins.open", "io.open", "gzip.open", "bz2.open", "lzma.open"):
            kind = "write" if _may_write(node, 1) else None
        elif name in READERS and node.args and _is_address(node.args[0]):
            kind = "network"
        if kind is None and isinstance(node.func, ast.Attribute):
            attribute = node.func.attr
            if attribute == "open":
                kind = "write" if _may_write(node, 0) and (node.args or node.keywords) else None
            elif attribute in METHODS:
                found, fewest = METHODS[attribute]
                kind = found if len(node.args) + len(node.keywords) >= fewest else None
        if kind is not None:
            yield Effect(kind=kind, line=line, what=_words(node.func))


def kind_of(name: str) -> str | None:
    """The kind of effect that a call by a dotted name has."""
    if name in SEEDED:
        return None
    if name in EXACT:
        return EXACT[name]
    return next((kind for pattern, kind in PATTERNS if fnmatchcase(name, pattern)), None)


def _may_write(node: ast.Call, position: int) -> bool:
    mode: ast.expr | None = node.args[position] if len(node.args) > position else None
    for word in node.keywords:
        if word.arg == "mode":
            mode = word.value
    if mode is None:
        return False
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
        return bool(WRITES & set(mode.value))
    return True


def _is_address(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and "://" in node.value
    return isinstance(node, ast.Name) and "url" in node.id.lower()


def _words(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"…{text[-59:]}"


def _of_escape(escape: Escape) -> Effect | None:
    name = escape.name.lstrip("%")
    shown = f"{escape.name} {escape.text}".partition("\n")[0].strip()[:80]
    if escape.name == "!":
        return Effect(kind="shell", line=escape.line, what=f"!{escape.text}"[:80])
    if name in PYTHON_MAGICS or name in QUIET_MAGICS:
        return None
    if name == "env" and "=" not in escape.text and " " not in escape.text.strip():
        return None
    return Effect(kind=MAGICS.get(name, "magic"), line=escape.line, what=shown)
