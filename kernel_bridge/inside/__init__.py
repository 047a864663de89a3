"""What runs inside kernels of both kinds, a server's and a browser's.

Python 3.13 with ipykernel, and Python 3.14 in Pyodide with pyodide-kernel: the standard library,
IPython and comm are there; everything else is imported where it is used, if it is there. Nothing
of the rest of Porter is imported: a kernel gets this folder alone.

A page has each fresh kernel call `start`; in a server's kernel `%load_ext kernel_bridge.inside`
does the same.
"""

from typing import Any

MARK = "_porter_inside"


def start(shell: Any) -> None:
    """Open the control channel in an IPython shell, and offer its magics; again is nothing."""
    if getattr(shell, MARK, False):
        return
    from kernel_bridge.inside.channel import open_target
    from kernel_bridge.inside.offered import load_magics, load_operations

    load_operations()
    open_target(shell)
    setattr(shell, MARK, True)
    load_magics(shell)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext kernel_bridge.inside`."""
    start(shell)
