"""The form of an upload, read as it comes: the file goes to disk, of the rest only what is needed.

It is the legacy upload API's `multipart/form-data` (RFC 7578). Nothing of it is ever whole in
memory: neither the file, nor fields that a client makes as large or as many as it likes.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from anyio.to_thread import run_sync
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from index_server.errors import UploadRefused, UploadTooLarge
from index_server.uploads.incoming import Incoming, open_incoming, telling_full

# The fields that are read, and how many bytes of each. Clients send all of METADATA besides, of
# which the file's own is believed.
KEPT = {
    ":action": 64,
    "protocol_version": 16,
    "name": 512,
    "version": 512,
    "filetype": 64,
    "md5_digest": 128,
    "sha256_digest": 128,
    "blake2_256_digest": 128,
    "attestations": 1 << 20,
}
MOST_PARTS = 5000
# All fields but the file: descriptions are the largest of them.
MOST_BYTES = 16 << 20
BATCH = 256 << 10


class Hash(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None: ...  # noqa: D102
    def hexdigest(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An upload that has arrived: the file is at `path`, `size` bytes of the hashes `digests`.

    `filename` is the client's and not checked yet; `digests` are hexadecimal by the names of the
    form's fields without `_digest`.
    """

    fields: Mapping[str, tuple[str, ...]]
    filename: str
    path: Path
    size: int
    digests: Mapping[str, str]

    def one(self, name: str) -> str:
        """A field's value, empty where it is not there; raises UploadRefused for two of them."""
        values = self.fields.get(name, ())
        if len(values) > 1:
            raise UploadRefused(f"the form has the field {name} more than once")
        return values[0].strip() if values else ""


@asynccontextmanager
async def receiving(
    content_type: str, chunks: AsyncIterator[bytes], *, folder: Path, largest: int
) -> AsyncGenerator[Form]:
    """The form of a request's body; its file is gone when the context ends, whatever happened.

    `largest` is how many bytes the file may have. Raises UploadRefused, UploadTooLarge,
    StorageFull.
    """
    boundary = parse_boundary(content_type)
    incoming = await run_sync(open_incoming, folder)
    try:
        reader = Reader(boundary, incoming, largest)
        batch = bytearray()
        async for chunk in chunks:
            batch += chunk
            if len(batch) >= BATCH:
                await run_sync(reader.feed, bytes(batch))
                batch.clear()
        yield await run_sync(reader.end, bytes(batch))
    finally:
        incoming.discard()


def parse_boundary(content_type: str) -> bytes:
    """The boundary of a `Content-Type` header; raises UploadRefused."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    # RFC 2046, 5.1.1
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise UploadRefused(
            "an upload is a form of the type multipart/form-data",
            advice="upload with twine, uv publish or porter publish",
        )
    return boundary


@dataclass(slots=True)
class Part:
    """The part that is being read."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    name: str = ""
    data: bytearray = field(default_factory=bytearray)


class Reader:
    """Takes a body in pieces of any size."""

    def __init__(self, boundary: bytes, incoming: Incoming, largest: int) -> None:
        self._incoming = incoming
        self._largest = largest
        self._hashes: dict[str, Hash] = {
            "sha256": hashlib.sha256(),
            "md5": hashlib.md5(usedforsecurity=False),
            "blake2_256": hashlib.blake2b(digest_size=32),
        }
        self._fields: dict[str, list[str]] = {}
        self._filename: str | None = None
        self._part = Part()
        self._parts = self._size = self._others = 0
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Read some more; raises UploadRefused, UploadTooLarge, StorageFull."""
        try:
            with telling_full():
                self._parser.write(data)
        except FormParserError as error:
            raise UploadRefused("the form cannot be read: it breaks RFC 7578") from error

    def end(self, data: bytes) -> Form:
        """The whole form, `data` being the last of it; raises as `feed` does."""
        self.feed(data)
        if not self._ended:
            raise UploadRefused("the form is cut off", advice="upload it again")
        if self._filename is None:
            raise UploadRefused("the form has no file: its field is named content")
        return Form(
            fields={name: tuple(values) for name, values in self._fields.items()},
            filename=self._filename,
            path=self._incoming.path,
            size=self._size,
            digests={name: digest.hexdigest() for name, digest in self._hashes.items()},
        )

    def _begin(self) -> None:
        self._part = Part()
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise UploadTooLarge(f"the form has more than {MOST_PARTS} fields")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _header_end(self) -> None:
        part = self._part
        part.headers[bytes(part.header).lower()] = bytes(part.value)
        part.header.clear()
        part.value.clear()

    def _headers_finished(self) -> None:
        disposition = self._part.headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._part.name = options.get(b"name", b"").decode("utf-8", "backslashreplace")
        if self._part.name != "content":
            return
        if self._filename is not None:
            raise UploadRefused("the form has more than one file")
        # The parser takes the last part of a path; a name with one in it is refused as a whole.
        filename = options.get(b"filename", b"") if b"\\" not in disposition else disposition
        self._filename = filename.decode("utf-8", "backslashreplace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        part, chunk = self._part, data[start:end]
        if part.name == "content":
            self._size += len(chunk)
            if self._size > self._largest:
                raise UploadTooLarge(
                    f"the file has more than {self._largest} bytes",
                    advice="the setting `largest` says how many a file may have",
                )
            self._write(chunk)
            return
        self._others += len(chunk)
        if self._others > MOST_BYTES:
            raise UploadTooLarge(f"the form's fields have more than {MOST_BYTES} bytes")
        if part.name in KEPT:
            part.data += chunk
            if len(part.data) > KEPT[part.name]:
                raise UploadTooLarge(f"the field {part.name} has more than {KEPT[part.name]} bytes")

    def _write(self, chunk: bytes) -> None:
        for digest in self._hashes.values():
            digest.update(chunk)
        left = memoryview(chunk)
        while left:
            left = left[self._incoming.file.write(left) :]

    def _part_end(self) -> None:
        part = self._part
        if part.name in KEPT:
            try:
                text = part.data.decode()
            except UnicodeDecodeError as error:
                raise UploadRefused(f"the field {part.name} is not UTF-8") from error
            self._fields.setdefault(part.name, []).append(text)

    def _end(self) -> None:
        self._ended = True
