from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kernel_bridge.inside.analysis.replay import Executed, plan_replay
from kernel_bridge.inside.magics.remote import load_ipython_extension, without_mark


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        ("%%remote\nx = 1\n", "x = 1\n"),
        ("\n  %%remote  \nx = 1\n", "x = 1\n"),
        ("x = 1\n%%remote\n", "x = 1\n%%remote\n"),
        ("%%remotely\nx\n", "%%remotely\nx\n"),
        ("", ""),
    ],
)
def test_the_mark_alone_goes(cell: str, left: str) -> None:
    assert "".join(without_mark(cell.splitlines(keepends=True))) == left


def test_a_marked_cell_runs_in_a_servers_kernel() -> None:
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    load_ipython_extension(shell)
    load_ipython_extension(shell)

    done = shell.run_cell("%%remote\nmade = 6 * 7\nmade")

    assert (done.result, shell.user_ns["made"]) == (42, 42)


def test_a_marked_cell_is_run_again_for_what_it_made() -> None:
    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    load_ipython_extension(shell)
    cells = [Executed(source="n = 3"), Executed(source="%%remote\nlarge = bytes(n)")]

    planned = plan_replay(cells, ["large"], shell.transform_cell)

    assert [(step.index, step.effects) for step in planned.steps] == [(1, ())]
    assert plan_replay(cells, ["large"]).steps == ()
