"""The operations `analyse` and `plan_replay`."""

from typing import Any

from kernel_bridge.inside.analysis.cell import analyse_cell, known_of
from kernel_bridge.inside.analysis.replay import Executed, plan_replay
from kernel_bridge.inside.errors import BadArguments
from kernel_bridge.inside.registry import Answer, Arguments, argument, names, operation
from kernel_bridge.inside.state.names import own_names


@operation("analyse")
def analyse(shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{code}` → `{reads, writes, changes, deletes, defines, imports, effects, chance}`.

    `effects` are those that a person is asked about before the cell runs again; `chance` is what
    only makes its values other ones.
    """
    known = known_of(own_names(shell))
    found = analyse_cell(argument(args, "code", str), known, shell.transform_cell)
    return found.as_json(), ()


@operation("plan_replay")
def plan(shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{cells: [{source, ok?}], names}` → `{cells: [{index, …}], overwrites, unmade, asks}`.

    The cells are those that were run, in that order; `names` are those that could not be carried.
    """
    cells = []
    for cell in argument(args, "cells", list):
        if not isinstance(cell, dict) or not isinstance(cell.get("source"), str):
            raise BadArguments("a cell has no source")
        cells.append(Executed(source=cell["source"], ok=cell.get("ok") is not False))
    return plan_replay(cells, names(args, "names"), shell.transform_cell).as_json(), ()
