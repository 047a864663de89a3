"""Run in each browser kernel before its first cell: what pyodide_kernel leaves out of a kernel.

`files.py`, `output.py` and `shell.py` beside this one follow it.

- SIGINT: the page writes it into memory that both share.
- Cells that are `silent` or keep no history come with a mark ahead of their code.
- `time.sleep` can be interrupted.
- `input()` that is given up raises, as it does in ipykernel.
- A cell that awaits is cancelled by a call of `complete` with a mark of its own.
"""

# ruff: noqa: C901, PLR0915, PLW0108, SLF001, TRY004 -- one function, so that it leaves one name to delete.

# Seconds after an interrupt in which another is taken for the same one.
AGAIN = 1.0
# Seconds of one part of a sleep.
PART = 0.05


def _start(marks: list[str]) -> None:
    import asyncio
    import builtins
    import getpass
    import signal
    import time
    from collections.abc import Callable
    from typing import Any, SupportsIndex

    import pyodide_js
    from IPython import get_ipython
    from pyodide.ffi import JsException

    shell = get_ipython()
    kernel = shell.kernel
    loop = asyncio.get_event_loop()
    memory = getattr(pyodide_js._api.config, "porterInterrupts", None)
    if memory is not None:
        pyodide_js.setInterruptBuffer(memory)
    running: list[Any] = []
    run, complete = kernel.run, kernel.complete
    run_cell, run_cell_async = shell.run_cell, shell.run_cell_async
    run_code = shell.run_code
    quiet = False
    interruptible = asleep = woken = False
    again, part, last = AGAIN, PART, 0.0

    sleep = time.sleep

    def sleep_in_parts(seconds: float | SupportsIndex) -> None:
        # Pyodide sleeps by switching stacks: a signal would be raised in whatever runs meanwhile.
        nonlocal asleep, woken
        seconds = float(seconds)
        until = time.monotonic() + seconds
        asleep, woken = True, False
        try:
            while (left := until - time.monotonic()) > part and not woken:
                sleep(part)
        finally:
            asleep = False
        if woken:
            raise KeyboardInterrupt
        sleep(max(left, 0) if seconds > 0 else seconds)

    def interrupted(*_: object) -> None:
        # Only the user's code is interrupted, and what shows its traceback is left alone.
        nonlocal last, woken
        now = time.monotonic()
        if interruptible and now - last > again:
            last = now
            waiting = [task for task in awaiting() if not task.cancelling()]
            if waiting and asyncio.current_task(loop) is None:
                # What runs is the kernel's own: the page took it for the cell, as it answered late.
                for task in waiting:
                    task.cancel()
            elif not asleep:
                raise KeyboardInterrupt
            else:
                woken = True

    def awaiting() -> list[Any]:
        # A task that sleeps by stack switching waits for nothing: it takes a signal.
        return [task for task in running if task._fut_waiter is not None]

    async def run_interruptible(*args: object, **given: object) -> object:
        nonlocal interruptible
        interruptible = True
        try:
            return await run_code(*args, **given)
        finally:
            interruptible = False

    def show_traceback(kind: type, value: object, lines: list[str]) -> None:
        told = {"ename": kind.__name__, "evalue": str(value), "traceback": lines}
        shell._last_traceback = told

    def kept(given: dict[str, object]) -> dict[str, object]:
        return {**given, "store_history": False, "silent": True} if quiet else given

    def run_one(*args: object, **given: object) -> object:
        return run_cell(*args, **kept(given))

    def run_one_async(*args: object, **given: object) -> object:
        return run_cell_async(*args, **kept(given))

    async def run_marked(code: str) -> object:
        nonlocal quiet
        quiet = code.startswith(marks[0])
        task = asyncio.ensure_future(run(code.removeprefix(marks[0])))
        running.append(task)
        try:
            return await task
        except (asyncio.CancelledError, KeyboardInterrupt) as error:
            told = type(error).__name__
            line = f"{told}: the cell was interrupted"
            return {"status": "error", "ename": told, "evalue": "", "traceback": [line]}
        finally:
            running.remove(task)

    def complete_marked(code: str, cursor_pos: int) -> object:
        nonlocal last
        if code != marks[1]:
            return complete(code, cursor_pos)
        waiting = awaiting()
        for task in waiting:
            task.cancel()
            last = time.monotonic()
        matches = ["cancelled"] if waiting else []
        return {
            "matches": matches,
            "cursor_start": 0,
            "cursor_end": 0,
            "status": "ok",
            "metadata": {},
        }

    def asking(ask: Callable[[str], object]) -> Callable[..., str]:
        def asked(prompt: object = "", *_: object, **__: object) -> str:
            try:
                told = ask(str(prompt))
            except JsException as error:
                # The worker reads an answer that is none as JSON.
                gone = error.name == "SyntaxError"
                raise EOFError("the server does not answer" if gone else error.message) from None
            pyodide_js.checkInterrupt()
            if not isinstance(told, str):
                raise EOFError("there was no answer")
            return told

        return asked

    time.sleep = sleep_in_parts
    signal.signal(signal.SIGINT, interrupted)
    shell.run_code, shell._showtraceback = run_interruptible, show_traceback
    kernel.run, kernel.complete = run_marked, complete_marked
    shell.run_cell, shell.run_cell_async = run_one, run_one_async
    # The kernel sets both with each cell: the latest is asked.
    builtins.input = asking(lambda prompt: shell.input(prompt))
    getpass.getpass = asking(lambda prompt: shell.getpass(prompt))
    cls = type(shell)
    cls.input = property(lambda self: self._input, lambda self, ask: setattr(self, "_input", ask))
    cls.getpass = property(
        lambda self: self._getpass, lambda self, ask: setattr(self, "_getpass", ask)
    )
