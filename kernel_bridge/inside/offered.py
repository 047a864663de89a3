"""What a started kernel offers: each module with operations, and each with magics.

A module of `kernel_bridge.inside.magics` is a plain IPython extension: its
`load_ipython_extension(shell)` registers what it has.
"""

import pkgutil
from importlib import import_module
from typing import Any

PACKAGE = "kernel_bridge.inside"
HOOK = "load_ipython_extension"
# Importing one registers its operations; none imports more than the standard library.
OPERATIONS: tuple[str, ...] = (
    "analysis.operations",
    "frames",
    "memory",
    "query.request",
    "remote",
    "requirements.operations",
    "state.operations",
    "uploading.operations",
)


def load_operations() -> None:
    """Register every operation."""
    for name in OPERATIONS:
        import_module(f"{PACKAGE}.{name}")


def load_magics(shell: Any) -> dict[str, str]:
    """Register every magic; those that this kernel lacks a library for, each with the reason."""
    try:
        magics = import_module(f"{PACKAGE}.magics")
    except ModuleNotFoundError:
        return {}
    failed = {}
    for found in pkgutil.iter_modules(magics.__path__):
        try:
            load = getattr(import_module(f"{magics.__name__}.{found.name}"), HOOK, None)
            if load is not None:
                load(shell)
        except Exception as error:  # noqa: BLE001 # one magic less; the others are to work
            failed[found.name] = f"{type(error).__name__}: {error}"
    return failed
