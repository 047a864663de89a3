"""The page's line to its kernel: a comm, target `porter`, the same in kernels of both kinds.

The page sends `{"id", "op", "args"}` and buffers; the answer has the same `id`, and either
`{"ok": true, "result"}` and buffers or `{"ok": false, "error", "message", "advice"}`. Slow
operations send `{"id", "progress"}` before.

A browser's kernel hands buffers over ahead of the answer, which has the key `handed`.

A server's websocket takes no message of more than 10 MiB (Tornado's
`websocket_max_message_size`). Buffers that are larger together come before, in order, as messages
`{"id", "part": true}`; the last one, with `op`, has `sizes`, the bytes of each buffer.

Messages: https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
"""

import asyncio
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kernel_bridge.inside.errors import BadArguments
from kernel_bridge.inside.place import kind, versions
from kernel_bridge.inside.registry import (
    OPERATIONS,
    SLOW_OPERATIONS,
    Answer,
    Arguments,
    argument,
    operation,
)
from kernel_bridge.inside.registry import find as find_operation

TARGET = "porter"
PROTOCOL = 1
# Moves copies of some buffers to the page (`ui/src/handed.ts`).
HAND = """(key, buffers) =>
    postMessage({ _porterBuffers: { key, buffers } }, buffers.map(({ buffer }) => buffer))"""


class Channel:
    """Answers the messages of one comm."""

    def __init__(self, shell: Any, comm: Any) -> None:
        self._shell = shell
        self._comm = comm
        self._parts: dict[Any, bytearray] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        comm.on_msg(self.receive)
        comm.on_close(self.close)

    def receive(self, message: Mapping[str, Any]) -> None:
        """Answer one `comm_msg`; whatever goes wrong is an answer, never an exception."""
        data = message["content"].get("data")
        data = data if isinstance(data, dict) else {}
        number = data.get("id")
        try:
            buffers = [as_bytes(one) for one in message.get("buffers") or ()]
            if data.get("part"):
                held = self._parts.setdefault(number, bytearray())
                for part in buffers:
                    held += part
                return
            if number in self._parts:
                buffers = _cut(self._parts.pop(number), data.get("sizes"))
            args = argument(data, "args", dict, {})
            name = argument(data, "op", str)
            called: Any = find_operation(name)
            if name in OPERATIONS:
                self._answer(number, called(self._shell, args, buffers))
            else:
                self._start(number, called, args, buffers)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 # told to who asked
            self._refuse(number, error)

    def close(self, _message: object = None) -> None:
        """Nobody waits for answers any more."""
        self._parts.clear()
        for task in self._tasks:
            task.cancel()

    def _start(self, number: Any, called: Any, args: Arguments, buffers: list[memoryview]) -> None:
        def tell(progress: dict[str, Any]) -> None:
            self._comm.send({"id": number, "progress": progress})

        async def run() -> None:
            try:
                self._answer(number, await called(self._shell, args, buffers, tell))
            except Exception as error:  # noqa: BLE001 # told to who asked
                self._refuse(number, error)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)  # a loop alone does not keep its tasks
        task.add_done_callback(self._tasks.discard)

    def _answer(self, number: Any, answer: Answer) -> None:
        result, buffers = answer
        # What is not JSON is a defect that shows in both kernels, not in one.
        plain = json.loads(json.dumps(result))
        data = {"id": number, "ok": True, "result": plain}
        if buffers and kind() == "browser":
            self._comm.send({**data, "handed": _hand(buffers)})
        else:
            self._comm.send(data, buffers=list(buffers))

    def _refuse(self, number: Any, error: BaseException) -> None:
        self._comm.send(
            {
                "id": number,
                "ok": False,
                "error": type(error).__name__,
                "message": str(error) or type(error).__name__,
                "advice": str(getattr(error, "advice", "")),
            }
        )


def _hand(buffers: Sequence[Any]) -> str:
    """Give the page what is in some buffers, ahead of the message that has the key which is returned.

    In a message it would be copied once for each of the worker, the page and two serializers, and
    every copy would be there until JavaScript collects its garbage.
    """
    from pyodide.code import run_js
    from pyodide.ffi import to_js

    key = uuid.uuid4().hex
    run_js(HAND)(key, to_js([bytes(one) for one in buffers]))
    return key


def as_bytes(buffer: Any) -> memoryview:
    """A buffer as either kernel gives it: bytes, a view of them, or a proxy of JavaScript's."""
    if hasattr(buffer, "to_bytes") and not isinstance(buffer, int):
        return memoryview(buffer.to_bytes())
    if hasattr(buffer, "buffer") and hasattr(buffer, "byteLength"):
        whole = buffer.buffer.to_bytes()  # a DataView
        return memoryview(whole)[buffer.byteOffset : buffer.byteOffset + buffer.byteLength]
    try:
        return memoryview(buffer).cast("B")
    except TypeError as error:
        raise BadArguments(f"a buffer is not bytes but {type(buffer).__name__}") from error


def _cut(held: bytearray, sizes: object) -> list[memoryview]:
    if not isinstance(sizes, Sequence) or not all(isinstance(size, int) for size in sizes):
        raise BadArguments("buffers came in parts, but their sizes did not")
    if sum(sizes) != len(held) or min(sizes, default=0) < 0:
        raise BadArguments(f"{len(held)} bytes came of the {sum(sizes)} that were to come")
    view, start, buffers = memoryview(held), 0, []
    for size in sizes:
        buffers.append(view[start : start + size])
        start += size
    return buffers


def open_target(shell: Any) -> None:
    """Let pages open comms to this kernel."""
    from comm import get_comm_manager

    channels: dict[str, Channel] = {}

    def opened(comm: Any, _message: Mapping[str, Any]) -> None:
        channels[comm.comm_id] = Channel(shell, comm)

    get_comm_manager().register_target(TARGET, opened)


@operation("hello")
def hello(_shell: Any, _args: Arguments, _buffers: Iterable[memoryview]) -> Answer:
    """Which kernel this is, and what may be asked of it."""
    import platform

    result = {
        "protocol": PROTOCOL,
        "kind": kind(),
        "python": platform.python_version(),
        "versions": versions(),
        "operations": sorted((*OPERATIONS, *SLOW_OPERATIONS)),
    }
    return result, ()
