"""A form with one file (RFC 7578), made as it is sent: the file is never whole in memory."""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

CHUNK = 1 << 18


class Form:
    """The body of one request; `len` of it is how many bytes it has.

    Names and values are ours, or were checked: nothing in them needs quoting.
    """

    def __init__(self, fields: Mapping[str, str], *, name: str, file: Path) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._file = file
        self._size = file.stat().st_size
        parts = [f"{_head(boundary, field)}\r\n\r\n{value}\r\n" for field, value in fields.items()]
        last = f'{_head(boundary, name)}; filename="{file.name}"\r\n'
        parts.append(f"{last}Content-Type: application/octet-stream\r\n\r\n")
        self._before = "".join(parts).encode()
        self._after = f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._before) + self._size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        left = self._size
        with self._file.open("rb") as file:
            # What is added to it meanwhile was not announced.
            while left and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
        yield self._after


def _head(boundary: str, name: str) -> str:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
