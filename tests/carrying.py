"""Two shells of IPython, and what is carried from one to the other."""

from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from kernel_bridge.inside.state.put import Restored, put_snapshot
from kernel_bridge.inside.state.take import Snapshot, take_snapshot

LIMIT = 64 << 20


def new_shell() -> InteractiveShell:
    """A shell with a namespace of its own."""
    made = InteractiveShell()  # type: ignore[no-untyped-call]
    assert made.history_manager is not None
    made.history_manager.enabled = False
    return made


def run(shell: InteractiveShell, *cells: str) -> None:
    for cell in cells:
        done = shell.run_cell(cell, store_history=True)  # type: ignore[no-untyped-call]
        assert done.success, done


def carry(
    source: InteractiveShell, target: InteractiveShell, limit: int = LIMIT
) -> tuple[Snapshot, Restored]:
    """As the page does it: what is told goes through JSON."""
    taken = take_snapshot(source, limit=limit)
    pieces = [memoryview(bytes(piece)) for piece in taken.buffers]
    return taken, put_snapshot(target, [one.as_json() for one in taken.carried], pieces)


def left(taken: Snapshot) -> dict[str, str]:
    return {one.name: one.reason for one in taken.left}


def value(shell: InteractiveShell, expression: str) -> Any:
    return eval(expression, shell.user_ns)  # noqa: S307 # the test's own
