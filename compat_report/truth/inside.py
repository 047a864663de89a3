"""Runs inside the runtime: the cells of one notebook, one after the other, each told as it ends.

It imports nothing of Porter, and is started by session.mjs. Where the notebook speaks IPython,
IPython runs it, as a kernel would; else Pyodide's own evaluation does, which starts much faster.
"""

import builtins
import contextlib
import importlib
import importlib.abc
import importlib.metadata
import json
import os
import sys
import time
import traceback
import types
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

WIDTH = 500


class Missed(importlib.abc.MetaPathFinder):
    """Remembers what was imported or required and is not there; it never finds anything."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.projects: dict[str, None] = {}

    def find_spec(self, fullname: str, *_: object) -> None:
        """The name of a module that no finder before this one has."""
        self.names.pop(fullname, None)
        self.names[fullname] = None

    def require(self, texts: Sequence[str]) -> None:
        """What a line of pip asks for: it was installed before the first cell, or cannot be had.

        Raises ValueError as micropip does.
        """
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        for text in texts:
            requirement = Requirement(text)
            version = None
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                version = importlib.metadata.version(requirement.name)
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                self.projects[canonicalize_name(requirement.name)] = None
                raise ValueError(f"Can't find a pure Python 3 wheel for {text!r}")


class Keyboard:
    """Takes the place of `input` where a kernel brings one that asks the page: nobody is there."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, *_: object) -> str:
        """Get no answer."""
        self.asked = True
        raise EOFError("nobody can type here")


class Silence:
    """Takes the place of `os.system`, which in a browser does nothing and says nothing.

    The browser's answer is -1. Node would run the command.
    """

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, command: object) -> int:
        """Run nothing."""
        if not isinstance(command, str | bytes | os.PathLike):
            raise TypeError("expected str, bytes or os.PathLike object")
        self.asked = True
        return -1


async def main(
    plan_text: str, tell_text: Callable[[str], None], measure: Callable[[], str]
) -> None:
    """Run the plan; `measure` tells the heap and the addresses that were asked for, as JSON."""
    plan = json.loads(plan_text)

    def tell(**event: object) -> None:
        tell_text(json.dumps({**event, **json.loads(measure())}))

    missed, silence, keyboard = Missed(), Silence(), Keyboard()
    sys.meta_path.insert(_after_files(), missed)
    for module_of_it in (os, sys.modules["posix"]):
        vars(module_of_it)["system"] = silence
    if plan["keyboard"]:
        vars(builtins)["input"] = keyboard
    for name in plan["mocks"]:
        sys.modules[name] = types.ModuleType(name)
    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    # What `import __main__` and pickle look into.
    module = types.ModuleType("__main__")
    module.__dict__.update(namespace)
    sys.modules["__main__"] = module
    evaluate = _open_shell(module) if plan["ipython"] else _open_plain(module)
    vars(builtins)["__require__"] = missed.require
    # What IPython itself goes on without is no matter of the notebook's.
    missed.names.clear()
    tell(kind="started")
    for cell in plan["cells"]:
        silence.asked = False
        tell(kind="running", cell=cell["index"], at=time.time())
        begun = time.monotonic()
        error = await evaluate(cell["source"])
        seconds = time.monotonic() - begun
        tell(kind="ran", cell=cell["index"], seconds=seconds, silent=silence.asked)
        if error is not None and not cell["may_raise"]:
            tell(
                kind="raised",
                missed=list(missed.names),
                unmet=list(missed.projects),
                typed=keyboard.asked,
                **describe(error),
            )
            return
    tell(kind="finished")


def describe(error: BaseException) -> dict[str, object]:
    """What is told of an exception: its type's name, the last line of its traceback, and what it is."""
    text = "".join(traceback.format_exception_only(error)).strip()
    lines = [line for line in text.splitlines() if line.strip()] or [type(error).__name__]
    name = getattr(error, "filename", None)
    # A syntax error's file is the cell.
    place = name if isinstance(error, FileNotFoundError) and isinstance(name, str) else ""
    said = lines[-1] if isinstance(error, SyntaxError) else lines[0]
    return {
        "type": type(error).__name__,
        "text": said.encode("utf-8", "backslashreplace").decode()[:WIDTH],
        "memory": isinstance(error, MemoryError),
        "place": place,
    }


def _after_files() -> int:
    """Pyodide's own finders raise for what is not installed: this one stands before them."""
    for number, finder in enumerate(sys.meta_path):
        if getattr(finder, "__name__", "") == "PathFinder":
            return number + 1
    return 0


def _open_plain(module: types.ModuleType) -> Callable[[str], Awaitable[BaseException | None]]:
    eval_code_async: Any = importlib.import_module("pyodide.code").eval_code_async

    async def evaluate(source: str) -> BaseException | None:
        try:
            await eval_code_async(source, module.__dict__, filename="<cell>")
        except BaseException as error:  # noqa: BLE001 # whatever a cell raises is its answer
            return error
        return None

    return evaluate


def _open_shell(module: types.ModuleType) -> Callable[[str], Awaitable[BaseException | None]]:
    import warnings

    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance(user_module=module, user_ns=module.__dict__)
    # A traceback with colours takes longer than most cells, and nobody reads it.
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    for name in ("pip", "conda", "mamba", "micromamba", "uv"):
        # Lines that install were rewritten before; what is left lists or shows something.
        shell.register_magic_function(lambda _: None, "line", name)

    async def evaluate(source: str) -> BaseException | None:
        with warnings.catch_warnings():
            # That is what a kernel gives it.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                source = shell.transform_cell(source)
            except Exception as error:  # noqa: BLE001 # a cell that cannot be read has failed
                return error
            result = await shell.run_cell_async(source, transformed_cell=source)
        return result.error_before_exec or result.error_in_exec  # type: ignore[no-any-return]

    return evaluate
