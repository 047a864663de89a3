"""Run in each browser kernel before its first cell: its output is as ipykernel's.

- `sys.stdout` and `sys.stderr` are text streams with all of their methods.
- What C writes to the files 1 and 2 while a cell runs is shown, before the next line of Python's or
  at the end of its statement. What the runtime writes there of packages it loads is not.
- Bytes in what is displayed are base64.
"""

# ruff: noqa: C901 -- one function, so that it leaves one name to delete.

# Takes what C writes, and returns what gives it away.
CATCH = """(pyodide => {
  let held = [];
  const taking = name => ({ write: bytes => (held.push([name, bytes.slice()]), bytes.length) });
  pyodide.setStdout(taking('stdout'));
  pyodide.setStderr(taking('stderr'));
  return () => { const told = held; held = []; return told; };
})"""


def _mend_output() -> None:
    import base64
    import io
    import sys
    from collections.abc import Iterable, Mapping
    from typing import Any

    import pyodide_js
    from IPython import get_ipython
    from pyodide.code import run_js
    from pyodide_kernel.display import (  # type: ignore[import-not-found]
        LiteDisplayHook,
        LiteDisplayPublisher,
        LiteStream,
    )
    from pyodide_kernel.jsonutil import json_clean  # type: ignore[import-not-found]

    shell = get_ipython()
    held = run_js(CATCH)(pyodide_js)
    streams = {"stdout": sys.stdout, "stderr": sys.stderr}
    put, publish, run_code = LiteStream.write, LiteDisplayPublisher.publish, shell.run_code

    def drain() -> None:
        for name, part in held():
            put(streams[name], part.to_bytes().decode("utf-8", "replace"))

    def write(self: Any, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        drain()
        if text:
            put(self, text)
        return len(text)

    def writelines(self: Any, lines: Iterable[str]) -> None:
        for line in lines:
            write(self, line)

    def has_no(_self: object, *_: object) -> None:
        raise io.UnsupportedOperation("a notebook's output is no file")

    async def run_and_drain(*args: object, **given: object) -> object:
        held()
        try:
            return await run_code(*args, **given)
        finally:
            drain()

    def clean(data: Mapping[str, object]) -> object:
        return json_clean(
            {
                kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value
                for kind, value in data.items()
            }
        )

    def publish_clean(self: Any, data: Mapping[str, object], *args: Any, **given: Any) -> None:
        publish(self, clean(data), *args, **given)

    def write_format_data(self: Any, data: Mapping[str, object], metadata: object = None) -> None:
        self.data, self.metadata = clean(data), metadata

    LiteStream.write, LiteStream.writelines = write, writelines
    LiteStream.flush = lambda _: drain()
    LiteStream.closed, LiteStream.errors, LiteStream.newlines = False, "strict", None
    LiteStream.readable = LiteStream.seekable = lambda _: False
    LiteStream.writable = lambda _: True
    LiteStream.fileno = LiteStream.read = LiteStream.readline = has_no
    io.TextIOBase.register(LiteStream)
    LiteDisplayPublisher.publish = publish_clean
    LiteDisplayHook.write_format_data = write_format_data
    shell.run_code = run_and_drain
