"""Which modules a cell imports that cannot be imported now, found without importing any."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from kernel_bridge.inside.analysis.imports import Import, read_imports
from kernel_bridge.inside.analysis.transform import Unreadable, read_cell

# IPython's own magics that import something when they run.
MAGICS = {"%matplotlib": ("matplotlib",), "%pylab": ("matplotlib", "numpy")}


def missing_imports(
    source: str,
    transform: Callable[[str], str] | None = None,
    there: Callable[[str], bool] | None = None,
) -> list[str]:
    """Dotted names, each once, in the order they stand, those that magics import first.

    `there` says whether a module can be imported, `is_there` without it. Guarded imports do not
    count: the cell goes on without them. A cell that cannot be read has none, since it will say so
    itself.
    """
    try:
        read = read_cell(source, transform)
        found = [
            Import(name=name, line=escape.line)
            for escape in read.escapes
            for name in MAGICS.get(escape.name, ())
        ]
        found += [one for tree, _ in read.trees for one in read_imports(tree)]
    except (Unreadable, RecursionError):
        return []
    names = (_missing(one, there or is_there) for one in found)
    return list(dict.fromkeys(filter(None, names)))


def is_there(name: str) -> bool:
    """Whether a module can be imported, as far as can be told without running any.

    What is inside a package of its own is that package's matter; a namespace (`google`), which
    has no code to run, may lack the part that is asked for.
    """
    if name in sys.modules:
        return True
    whole = ""
    for part in name.split("."):
        whole = f"{whole}.{part}" if whole else part
        spec = _find(whole)
        if spec is None:
            return whole in sys.modules
        if not _is_namespace(spec):
            return True
        import_module(whole)
    return True


def _find(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):
        return None


def _is_namespace(spec: ModuleSpec | None) -> bool:
    return spec is not None and spec.origin is None and spec.submodule_search_locations is not None


def _missing(one: Import, there: Callable[[str], bool]) -> str:
    if one.guarded:
        return ""
    if not there(one.name):
        return one.name
    # `from google import protobuf`
    if one.also and one.also != "*" and _is_namespace(_find(one.name)):
        whole = f"{one.name}.{one.also}"
        return "" if there(whole) else whole
    return ""
