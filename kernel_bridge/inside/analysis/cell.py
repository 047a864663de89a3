"""One cell, read: its names, its imports, its effects."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kernel_bridge.inside.analysis.bindings import Bindings, read_bindings
from kernel_bridge.inside.analysis.effects import Effect, Known, read_effects
from kernel_bridge.inside.analysis.imports import read_imports
from kernel_bridge.inside.analysis.transform import Unreadable, read_cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a cell does.

    `imports` are dotted names of modules, those of guarded imports too. A cell that is not Python
    has no names, and one effect that says so.
    """

    bindings: Bindings = field(default_factory=Bindings)
    imports: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it goes over the page."""
        names = self.bindings
        return {
            "reads": sorted(names.reads),
            "writes": sorted(names.writes),
            "changes": sorted(names.changes),
            "deletes": sorted(names.deletes),
            "defines": names.defined,
            "imports": list(self.imports),
            "effects": [effect.as_json() for effect in self.effects if effect.asks],
            "chance": [effect.as_json() for effect in self.effects if not effect.asks],
        }


def analyse_cell(
    source: str, known: Known, transform: Callable[[str], str] | None = None
) -> Analysis:
    """Read a cell; what it imports and defines is added to `known`. Never raises for a source."""
    try:
        read = read_cell(source, transform)
        bindings = read_bindings(tree for tree, _ in read.trees)
        effects = read_effects(read.trees, read.escapes, known)
    except Unreadable as error:
        effect = Effect(kind="unreadable", line=error.line, what=str(error)[:200])
        return Analysis(effects=(effect,))
    except RecursionError:
        effect = Effect(kind="unreadable", line=1, what="it is nested too deeply")
        return Analysis(effects=(effect,))
    bindings.reads.discard("get_ipython")
    imports = dict.fromkeys(one.name for tree, _ in read.trees for one in read_imports(tree))
    return Analysis(bindings=bindings, imports=tuple(imports), effects=tuple(effects))


def known_of(namespace: dict[str, Any]) -> Known:
    """What the names of a live notebook stand for: its own, since IPython has an `open` there."""
    from types import BuiltinFunctionType, FunctionType, ModuleType

    names = {}
    for name, value in namespace.items():
        if isinstance(value, ModuleType):
            names[name] = value.__name__
            continue
        kind = (
            value if isinstance(value, type | FunctionType | BuiltinFunctionType) else type(value)
        )
        module = getattr(kind, "__module__", None)
        if isinstance(module, str) and module not in ("builtins", "__main__"):
            names[name] = f"{module}.{kind.__qualname__}"
    return Known(names=names)
