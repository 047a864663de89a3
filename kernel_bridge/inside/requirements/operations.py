"""The operations `missing` and `install`."""

from typing import Any

from kernel_bridge.inside.registry import (
    Answer,
    Arguments,
    Tell,
    argument,
    names,
    operation,
    slow_operation,
)
from kernel_bridge.inside.requirements.install import install as run_install
from kernel_bridge.inside.requirements.install import install_ahead as run_install_ahead
from kernel_bridge.inside.requirements.install import is_whole
from kernel_bridge.inside.requirements.missing import missing_imports


@operation("missing")
def missing(shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{code}` → `{missing}`: dotted names that the cell imports and the kernel cannot yet."""
    code = argument(args, "code", str)
    return {"missing": missing_imports(code, shell.transform_cell, is_whole)}, ()


@slow_operation("install")
async def install(_shell: Any, args: Arguments, _buffers: list[memoryview], tell: Tell) -> Answer:
    """`{imports?, requirements?, index?}` → `{installed, absent, reasons}`; progress `{message}`."""
    done = await run_install(
        names(args, "imports"), names(args, "requirements"), argument(args, "index", str, ""), tell
    )
    result = {"installed": done.installed, "absent": list(done.absent), "reasons": done.absent}
    return result, ()


@slow_operation("install_ahead")
async def install_ahead(
    shell: Any, args: Arguments, _buffers: list[memoryview], _tell: Tell
) -> Answer:
    """`{cells}` → `{installed}`: what a notebook's cells import, where the lock file has it."""
    found = (missing_imports(code, shell.transform_cell) for code in names(args, "cells"))
    modules = dict.fromkeys(module for modules in found for module in modules)
    return {"installed": await run_install_ahead(modules)}, ()
