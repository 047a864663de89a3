"""Why a value stays where it is."""

import io
import socket
from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any

# Types of the standard library: (type, why its values cannot be elsewhere).
STAY: tuple[tuple[type, str], ...] = (
    (io.IOBase, "an open file belongs to the kernel that opened it"),
    (socket.socket, "a socket belongs to the kernel that opened it"),
    (Generator, "a generator is in the midst of its work"),
    (AsyncGenerator, "a generator is in the midst of its work"),
    (Coroutine, "a coroutine is in the midst of its work"),
)
# Others by the dotted names of their classes, or of what these descend from; a name that ends in a
# dot is that of a module and all in it.
BY_NAME: tuple[tuple[str, str], ...] = (
    ("_thread.", "a lock or a thread belongs to its kernel"),
    ("threading.", "a lock or a thread belongs to its kernel"),
    ("asyncio.", "what waits for an event belongs to its kernel"),
    ("_asyncio.", "what waits for an event belongs to its kernel"),
    ("concurrent.futures.", "work that others do belongs to the kernel that gave it"),
    ("subprocess.", "a process belongs to the kernel that started it"),
    ("multiprocessing.", "a process belongs to the kernel that started it"),
    ("weakref.", "a weak reference keeps nothing"),
    ("comm.", "a comm is a line between one kernel and its page"),
    ("ipywidgets.", "a widget is a line between one kernel and its page"),
    ("traitlets.traitlets.HasTraits", "an object with traits is wired to its kernel"),
    ("IPython.", "it is a part of IPython in its kernel"),
    ("sqlite3.", "a connection belongs to the kernel that opened it"),
    ("duckdb.", "a connection belongs to the kernel that opened it"),
    ("sqlalchemy.engine.", "a connection belongs to the kernel that opened it"),
    ("pyodide.ffi.", "an object of JavaScript's stays in its browser"),
    ("_pyodide.", "an object of JavaScript's stays in its browser"),
)


def why_it_stays(value: Any) -> str | None:
    """Why a value cannot be elsewhere, or None: whether it can be pickled is another question."""
    for kind, reason in STAY:
        if isinstance(value, kind) and type(value) not in (io.BytesIO, io.StringIO):
            return reason
    for kind in type(value).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        for known, reason in BY_NAME:
            if name.startswith(known) if known.endswith(".") else name == known:
                return reason
    return None


def why_not_pickled(error: BaseException) -> str:
    """What pickle said, as a reason."""
    if isinstance(error, MemoryError):
        return "this kernel has not the memory to pack it"
    if isinstance(error, RecursionError):
        return "it is nested too deeply to be packed"
    text = str(error).partition("\n")[0]
    return f"it cannot be packed: {text}"[:300] if text else "it cannot be packed"
