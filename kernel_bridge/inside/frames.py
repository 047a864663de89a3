"""Frames in and out of a notebook: put under a name, or streamed out a chunk at a time.

What comes in may come from anywhere: a service, a database, another page. It is never unpickled.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Any

from kernel_bridge.inside.errors import BadArguments, NoSuchName, NotHere
from kernel_bridge.inside.registry import Answer, Arguments, argument, operation
from kernel_bridge.inside.tables.plain import plain_frame, slices
from kernel_bridge.inside.tables.stream import read_stream, write_pieces

CHUNK = 4 << 20
# No page reads more than a few at once; one that was left open holds its frame.
MOST_STREAMS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """The chunks that are still to be read, and the hash of the hashes of those that were."""

    chunks: Iterator[bytes]
    whole: Any


_streams: dict[int, _Stream] = {}
_numbers = count(1)


@operation("assign")
def assign(shell: Any, args: Arguments, buffers: list[memoryview]) -> Answer:
    """`{name, form: arrow | json | bytes, value?, rows?}` and a buffer → `{name, type, shape?}`.

    Of a frame the first `rows` are kept, where so many are told. Of JSON the value is the argument
    `value`, or a buffer of its text. Raises BadArguments, or NotHere where pandas or Arrow is not there.
    """
    name = argument(args, "name", str)
    if not name.isidentifier():
        raise BadArguments(f"{name!r} is not a name of Python", advice="use letters, digits and _")
    value = _value(argument(args, "form", str), args, buffers)
    shell.user_ns[name] = value
    told = {"name": name, "type": type(value).__qualname__}
    return {**told, "shape": list(value.shape)} if hasattr(value, "shape") else told, ()


def _value(form: str, args: Arguments, buffers: list[memoryview]) -> Any:
    if form == "json" and not buffers:
        return args.get("value")
    if len(buffers) != 1:
        raise BadArguments(f"a value of the form {form!r} comes in one buffer, not {len(buffers)}")
    try:
        match form:
            case "arrow":
                frame, first = plain_frame(read_stream(buffers[0])), args.get("rows")
                return frame if first is None else frame.iloc[: argument(args, "rows", int)].copy()
            case "json":
                return json.loads(bytes(buffers[0]))
            case "bytes":
                return bytes(buffers[0])
    except (ValueError, RecursionError) as error:
        raise BadArguments(str(error)) from error
    raise BadArguments(f"there is no form {form!r}", advice="arrow, json or bytes")


@operation("open")
def open_stream(shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{name, form: arrow | parquet, chunk?, columns?}` → `{stream, rows}`; chunks come with `read`.

    `chunk` is about how many bytes one has, `columns` are all where none is named. Memory stays flat:
    the frame, and one chunk of it.
    Raises NoSuchName, BadArguments, or NotHere.
    """
    name, form = argument(args, "name", str), argument(args, "form", str, "arrow")
    size = argument(args, "chunk", int, CHUNK)
    if name not in shell.user_ns:
        raise NoSuchName(f"the notebook has no {name}", advice="run the cell that makes it")
    value = shell.user_ns[name]
    kind = type(value)
    if kind.__name__ not in ("DataFrame", "Series") or not kind.__module__.startswith("pandas"):
        raise BadArguments(f"{name} is a {kind.__qualname__}, not a data frame of pandas")
    columns = argument(args, "columns", list, [])
    _check_columns(value, name, columns)
    if size < 1:
        raise BadArguments(f"a chunk has no {size} bytes")
    if len(_streams) >= MOST_STREAMS:
        raise BadArguments("too many streams are open", advice="close those that were left")
    pieces = slices(value, size, columns)
    if form == "parquet":
        stream = _parquet(pieces)
    elif form == "arrow":
        stream = write_pieces(pieces)
    else:
        raise BadArguments(f"there is no form {form!r}", advice="arrow or parquet")
    number = next(_numbers)
    _streams[number] = _Stream(chunks=stream, whole=sha256())
    return {"stream": number, "rows": len(value)}, ()


@operation("read")
def read(_shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{stream, bytes?, sha256?}` → `{done, size, sha256}` and the next chunk's bytes.

    Whoever wants no bytes, or no hash (in hexadecimal), says false: the chunk is made, and let go of.
    The last answer has no chunk, and the hash of all hashes together; it closes the stream.
    """
    number = argument(args, "stream", int)
    if number not in _streams:
        raise BadArguments(f"no stream {number} is open")
    try:
        chunk = next(filter(None, _streams[number].chunks), None)
    except BaseException:
        del _streams[number]
        raise
    whole = _streams[number].whole
    if chunk is None:
        del _streams[number]
        return {"done": True, "size": 0, "sha256": whole.hexdigest()}, ()
    told = {"done": False, "size": len(chunk), "sha256": ""}
    if argument(args, "sha256", bool, default=True):
        digest = sha256(chunk)
        whole.update(digest.digest())
        told["sha256"] = digest.hexdigest()
    return told, [chunk] if argument(args, "bytes", bool, default=True) else ()


@operation("close")
def close(_shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{stream}` → `{}`; closing again is nothing."""
    _streams.pop(argument(args, "stream", int), None)
    return {}, ()


def _check_columns(value: Any, name: str, columns: list[Any]) -> None:
    labels = [str(label) for label in getattr(value, "columns", ())]
    for column in columns:
        if column not in labels:
            raise BadArguments(
                f"{name} has no column {column}", advice=f"it has {', '.join(labels[:20])}"
            )


def _parquet(tables: Iterator[Any]) -> Iterator[bytes]:
    try:
        from kernel_bridge.inside.tables.parquet import write_parquet
    except ModuleNotFoundError as error:
        raise NotHere(
            "this kernel writes no Parquet: it has no pyarrow",
            advice="ask for Arrow, or do it in the server's kernel",
        ) from error
    return write_parquet(tables)
