"""The gateway's answer, read as it comes.

A frame is the length of its payload (4 bytes, big-endian), its kind (1 byte) and its payload:
`A` bytes of an Arrow IPC stream, `P` how far it is, `D` the end, `E` an error; the last three are
objects of JSON. An answer without `D` or `E` was cut off.
"""

import io
import json
import struct
from collections.abc import Callable
from typing import Any, Protocol

from kernel_bridge.inside.query.errors import QueryError

HEAD = struct.Struct(">IB")


class Readable(Protocol):
    """What bytes are read from; fewer than `size` only at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


class FrameReader(io.RawIOBase):
    """The Arrow stream within an answer, as a file; `done` is the end's object, once it came."""

    def __init__(self, answer: Readable, tell: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._answer = answer
        self._tell = tell
        self._held = memoryview(b"")
        self.done: dict[str, Any] | None = None

    def readable(self) -> bool:
        """It is read from."""
        return True

    def readinto(self, into: Any, /) -> int:
        """The stream's next bytes; raises QueryError for an error, or an answer cut off."""
        while not self._held and self.done is None:
            self._next()
        target = memoryview(into).cast("B")
        count = min(len(target), len(self._held))
        target[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def _next(self) -> None:
        size, kind = HEAD.unpack(self._exactly(HEAD.size))
        payload = self._exactly(size)
        if kind == ord("A"):
            self._held = memoryview(payload)
            return
        told = json.loads(payload)
        if kind == ord("P"):
            self._tell(told)
        elif kind == ord("D"):
            self.done = told
        elif kind == ord("E"):
            raise QueryError(
                f"{told.get('error')}: {told.get('message')}", advice=str(told.get("advice", ""))
            )

    def _exactly(self, size: int) -> bytes:
        found = self._answer.read(size) if size else b""
        if len(found) != size:
            raise QueryError(
                "the answer was cut off", advice="run the cell again; nothing was assigned"
            )
        return found
