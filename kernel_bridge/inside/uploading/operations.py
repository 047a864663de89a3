"""Operation `dataframe`: what a cell `%%dataframe` of a browser's kernel asks its page for."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from kernel_bridge.inside.errors import NoSuchName
from kernel_bridge.inside.registry import Answer, Arguments, argument, operation
from kernel_bridge.inside.uploading.cell import parse_cell


@operation("dataframe")
def dataframe(shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """The fields of the cell and their hash, its frame being there; raises BadCell, NoSuchName.

    `line` is the rest of the cell's first line, `body` what is below it.
    """
    cell = parse_cell(argument(args, "line", str, ""), argument(args, "body", str))
    if cell.frame not in shell.user_ns:
        raise NoSuchName(
            f"frame: the notebook has no variable {cell.frame}", advice="run the cell that makes it"
        )
    fields = asdict(cell)
    return {**fields, "digest": sha256(json.dumps(fields).encode()).hexdigest()[:32]}, ()
