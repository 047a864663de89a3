"""Forms are read as they come: the file to disk, the rest within bounds, nothing left behind."""

import errno
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index_server.errors import IndexServerError, StorageFull, UploadRefused, UploadTooLarge
from index_server.uploads.form import KEPT, MOST_PARTS, Form, parse_boundary, receiving
from index_server.uploads.incoming import discard_left, open_incoming, telling_full

TYPE = "multipart/form-data; boundary=b0"
WHEEL = "acme-1.0-py3-none-any.whl"


def field(name: str, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    head = f'--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
    return head + data + b"\r\n"


def content(data: bytes, filename: str | None = WHEEL) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--b0\r\nContent-Disposition: form-data; name="content"{named}\r\n'
    return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + data + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b0--\r\n"


async def chunked(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def receive(
    pieces: Iterable[bytes], folder: Path, *, largest: int = 1 << 30, content_type: str = TYPE
) -> tuple[Form, bytes]:
    async def run() -> tuple[Form, bytes]:
        chunks = chunked(pieces)
        async with receiving(content_type, chunks, folder=folder, largest=largest) as form:
            return form, form.path.read_bytes()

    try:
        return anyio.run(run)
    finally:
        assert not folder.is_dir() or not list(folder.iterdir())


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_a_form_in_pieces_of_any_size(size: int, tmp_path: Path) -> None:
    data = os.urandom(5000) + b"\r\n--b is not the boundary\r\n--b"
    whole = body(
        field(":action", "file_upload"),
        field("name", "acme"),
        content(data),
        field("classifiers", "one"),
        field("classifiers", "two"),
    )
    pieces = [whole[place : place + size] for place in range(0, len(whole), size)]
    form, stored = receive(pieces, tmp_path / "incoming")
    assert stored == data
    assert form.filename == WHEEL
    assert form.size == len(data)
    assert form.digests == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "blake2_256": hashlib.blake2b(data, digest_size=32).hexdigest(),
    }
    assert form.fields == {":action": ("file_upload",), "name": ("acme",)}
    assert form.one("name") == "acme"
    assert form.one("version") == ""


REFUSED: dict[str, tuple[bytes, str]] = {
    "no file": (body(field("name", "acme")), "no file"),
    "two files": (body(content(b"a"), content(b"b")), "more than one file"),
    "cut off": (content(b"a" * 100), "cut off"),
    "cut off in a header": (content(b"a")[:20], "cut off"),
    "nothing": (b"", "cut off"),
    "no form": (b"hello", "RFC 7578"),
    "a field in no known letters": (body(field("name", b"\xff"), content(b"a")), "not UTF-8"),
    "a header without an end": (b"--b0\r\n" + b"a" * 100_000, "RFC 7578"),
    "many headers": (b"--b0\r\n" + b"a: b\r\n" * 10_000, "RFC 7578"),
}
TOO_LARGE: dict[str, tuple[bytes, str]] = {
    "a large file": (body(content(b"a" * 2001)), "more than 2000 bytes"),
    "a large field": (body(field("name", "a" * 513), content(b"a")), "the field name"),
    "many fields": (
        body(*[field("x", "y")] * (MOST_PARTS + 1), content(b"a")),
        f"more than {MOST_PARTS} fields",
    ),
    "fields of many bytes": (body(*[field("x", "y" * (1 << 20))] * 17), "fields have more than"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_forms_that_are_none(name: str, tmp_path: Path) -> None:
    data, says = REFUSED[name]
    with pytest.raises(UploadRefused, match=says) as caught:
        receive([data], tmp_path / "incoming")
    assert caught.value.status == 400


@pytest.mark.parametrize("name", TOO_LARGE)
def test_forms_that_are_too_large(name: str, tmp_path: Path) -> None:
    data, says = TOO_LARGE[name]
    with pytest.raises(UploadTooLarge, match=says) as caught:
        receive([data], tmp_path / "incoming", largest=2000)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "multipart/form-data", "application/json; boundary=x",
     "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 71}"],
)  # fmt: skip
def test_other_types(content_type: str) -> None:
    with pytest.raises(UploadRefused, match="multipart/form-data"):
        parse_boundary(content_type)


def test_a_field_that_counts_is_there_once(tmp_path: Path) -> None:
    form, _ = receive(
        [body(field("name", "a"), field("name", "b"), content(b""))], tmp_path / "incoming"
    )
    with pytest.raises(UploadRefused, match="more than once"):
        form.one("name")


@pytest.mark.parametrize("filename", ["C:\\\\x\\\\a.whl", "\\\\\\\\host\\\\a.whl", "a\\\\b.whl"])
def test_a_path_of_windows_is_not_made_a_name(filename: str, tmp_path: Path) -> None:
    form, _ = receive([body(content(b"", filename))], tmp_path / "incoming")
    assert "\\" in form.filename


def test_a_file_without_a_name(tmp_path: Path) -> None:
    assert receive([body(content(b"", None))], tmp_path / "incoming")[0].filename == ""


def test_little_memory_is_taken_by_a_large_form(tmp_path: Path) -> None:
    size, piece = 64 << 20, b"x" * (1 << 16)

    def pieces() -> Iterable[bytes]:
        yield content(b"")[:-2]
        for _ in range(size // len(piece)):
            yield piece
        yield b"\r\n" + field("description", b"y" * (4 << 20)) + body()

    async def run() -> int:
        async with receiving(
            TYPE, chunked(pieces()), folder=tmp_path / "incoming", largest=size
        ) as form:
            return form.size

    tracemalloc.start()
    try:
        assert anyio.run(run) == size
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_a_client_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterable[bytes]:
        yield content(b"a" * (1 << 20))
        assert list(tmp_path.iterdir())
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        receive(pieces(), tmp_path)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        with pytest.raises(StorageFull) as caught, telling_full():
            raise OSError(number, "no room")
        assert caught.value.status == 507
    with pytest.raises(PermissionError), telling_full():
        raise PermissionError


def test_what_a_living_process_writes_is_not_discarded(tmp_path: Path) -> None:
    incoming = open_incoming(tmp_path)
    (tmp_path / "left.part").write_bytes(b"of a dead one")
    (tmp_path / "other.txt").write_bytes(b"not ours")
    assert discard_left(tmp_path) == 1
    assert incoming.path.exists()
    assert (tmp_path / "other.txt").exists()
    incoming.discard()
    incoming.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]
    assert discard_left(tmp_path / "nowhere") == 0


@settings(max_examples=100)
@given(st.binary(max_size=200), st.booleans())
def test_any_body_is_a_form_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, framed: bool
) -> None:
    folder = tmp_path_factory.mktemp("any")
    pieces = [body(content(b"a"), field(next(iter(KEPT)), data), b"--b0\r\n", data)]
    try:
        receive(pieces if framed else [b"--b0\r\n", data], folder)
    except IndexServerError as error:
        if error.status not in (400, 413):
            raise
