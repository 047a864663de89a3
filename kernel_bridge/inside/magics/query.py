"""The magics `%%sql`, `%%googlesheet` and `%%graphql` of a server's kernel: the gateway is asked.

A `%%sql` that names no service is a query of files, which the kernel runs itself.

In a browser's kernel the page asks instead, and these say so.
"""

import http.client
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kernel_bridge.inside.errors import InsideError
from kernel_bridge.inside.gateway import GatewayError, find_gateway
from kernel_bridge.inside.place import IN_BROWSER
from kernel_bridge.inside.query.errors import QueryError
from kernel_bridge.inside.query.frames import FrameReader
from kernel_bridge.inside.query.lines import BODIED, SYNTAX, Magic, parse_magic
from kernel_bridge.inside.query.local import query_files
from kernel_bridge.inside.query.request import Request, asks_files, bound_values, make_request
from kernel_bridge.inside.tables.by_pyarrow import make_table
from kernel_bridge.inside.tables.plain import plain_frame

ACCEPT = "application/vnd.porter.frames"


def ask_gateway(
    request: Request, tell: Callable[[dict[str, Any]], None]
) -> tuple[Any, dict[str, Any]]:
    """The answer as a DataFrame, and how it ended; raises GatewayError and QueryError."""
    if IN_BROWSER:
        raise QueryError(
            "a browser's kernel asks by its page", advice="run the cell in a JupyterLab with Porter"
        )
    try:
        import pandas as pd  # type: ignore[import-untyped] # noqa: F401 # Arrow makes frames with it
        import pyarrow as pa  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise QueryError(
            f"this kernel has no {error.name}", advice="%pip install pandas pyarrow"
        ) from error
    path = request.address
    answer = find_gateway().open(
        "POST", path, json_body=dict(request.body), headers={"Accept": ACCEPT}
    )
    try:
        source = FrameReader(answer, tell)
        with pa.ipc.open_stream(pa.PythonFile(source, "r")) as reader:
            frame = plain_frame(make_table(reader.schema, list(reader)))
        while source.done is None:
            source.read(1)
        return frame, source.done
    except (OSError, http.client.HTTPException, pa.ArrowInvalid) as error:
        raise QueryError(
            f"the answer was cut off: {error}", advice="run the cell again; nothing was assigned"
        ) from error
    finally:
        # Closing while rows come ends the query, also where the kernel was interrupted.
        answer.close()


def run_magic(shell: Any, kind: str, line: str, cell: str | None = None) -> Any:
    """One magic: the frame goes to its name, or is the cell's value."""
    shown = _Shown()
    try:
        magic = parse_magic(kind, line, cell)
        frame, truncated = _answer(magic, shell.user_ns, shown)
    except (InsideError, GatewayError) as error:
        shown.clear()
        _refuse(error)
    shown.clear()
    if truncated:
        print(f"These are the first {len(frame):,} rows; there are more.")
    if magic.target is None:
        return frame
    shell.user_ns[magic.target] = frame
    rows, columns = frame.shape
    print(f"{magic.target}: {rows:,} rows, {columns} columns")
    return None


def _answer(
    magic: Magic, names: Mapping[str, Any], tell: Callable[[dict[str, Any]], None]
) -> tuple[Any, bool]:
    """The frame, and whether there are more rows than were asked for."""
    if asks_files(magic) and not IN_BROWSER:
        first = magic.options.get("limit")
        return query_files(magic.body, bound_values(magic, names), int(first) if first else None)
    frame, end = ask_gateway(make_request(magic, names), tell)
    return frame, bool(end.get("truncated"))


class _Shown:
    """How far a query is, on one line that is written over."""

    def __init__(self) -> None:
        self._width = 0

    def __call__(self, told: dict[str, Any]) -> None:
        text = f"{told.get('rows', 0):,} rows, {told.get('seconds', 0):.0f} s"
        self._write(text)

    def clear(self) -> None:
        if self._width:
            self._write("")
            self._width = 0

    def _write(self, text: str) -> None:
        sys.stdout.write("\r" + text.ljust(self._width) + ("" if text else "\r"))
        sys.stdout.flush()
        self._width = len(text)


class MagicFailed(Exception):
    """A magic's one line; IPython shows it without the frames that led to it."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def _refuse(error: InsideError | GatewayError) -> None:
    named = getattr(error, "error", "") or type(error).__name__
    text = str(error) if isinstance(error, QueryError) else f"{named}: {error}"
    raise MagicFailed(f"{text}\n  what to do: {error.advice}" if error.advice else text) from None


def give_body(lines: list[str]) -> list[str]:
    """A cell of one line gets an empty one below: IPython runs no cell magic without a body."""
    found = re.match(r"%%(\w+)", lines[0]) if len(lines) == 1 else None
    bare = found is not None and found[1] in SYNTAX and found[1] not in BODIED
    return [*lines, "\n"] if bare else lines


def load_ipython_extension(shell: Any) -> None:
    """Register them, each for a line and for a cell."""
    if give_body not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(give_body)
    for kind in SYNTAX:
        shell.register_magic_function(partial(run_magic, shell, kind), "line_cell", kind)
