"""A wheel that is somewhere else, read by the parts that are needed (RFC 9110, range requests)."""

import io
from collections.abc import Callable
from typing import override

from compat_report.catalog.fetch import Answer

# The list of a wheel's members stands at its end, most often after METADATA: one part has both.
TAIL = 64 << 10
BLOCK = 32 << 10
# A server that ignores the wish for a part sends all: so much of it is taken.
MOST_WHOLE = 64 << 20
MOST_PARTS = 24 << 20

# Asks for a part (the value of `Range`), taking at most so many bytes.
type Ask = Callable[[str, int], Answer]


class RemoteFile(io.RawIOBase):
    """A file for `zipfile` to read. Raises OSError where the server sends something else."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._at = 0
        self._taken = 0
        answer = ask(f"bytes=-{TAIL}", MOST_WHOLE)
        if answer.status == 200:
            self._size, start = len(answer.body), 0
        elif answer.status == 206 and answer.total is not None:
            self._size = answer.total
            start = self._size - len(answer.body)
        else:
            raise OSError(f"no such file (status {answer.status})")
        if start < 0:
            raise OSError("more than the whole file")
        # (first byte, bytes), none of them in two.
        self._parts: list[tuple[int, bytes]] = [(start, answer.body)]

    @override
    def seekable(self) -> bool:
        return True

    @override
    def readable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._at

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    @override
    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._at + size)
        found = bytearray()
        while self._at < end:
            piece = self._piece(self._at, end)
            found += piece
            self._at += len(piece)
        return bytes(found)

    def _piece(self, start: int, end: int) -> bytes:
        for first, body in self._parts:
            if first <= start < first + len(body):
                return body[start - first : end - first]
        later = [first for first, _ in self._parts if first > start]
        stop = min(max(end, start + BLOCK), *later) if later else max(end, start + BLOCK)
        wanted = min(stop, self._size) - start
        self._taken += wanted
        if self._taken > MOST_PARTS:
            raise OSError("more of it is needed than is worth fetching")
        answer = self._ask(f"bytes={start}-{start + wanted - 1}", wanted)
        if answer.status != 206 or len(answer.body) != wanted:
            raise OSError("another part than was asked for")
        self._parts.append((start, answer.body))
        return answer.body[: end - start]
