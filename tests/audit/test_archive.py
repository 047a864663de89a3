"""Zip files that readers differ about are found, each way there is; plain ones are read whole."""

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packing import Part, changed, pack, squeeze

from porter.audit.archive import Ambiguous, Unreadable, read_entries, unpack

PARTS = [Part(name="a.py", data=b"A = 1\n"), Part(name="b.py", data=b"B = 2\n" * 1000)]
ZIP64 = struct.pack("<HHQQ", 1, 16, 7, 8)
UNICODE = struct.pack("<HHBL", 0x7075, 9, 1, 0) + b"c.py"


def read(data: bytes) -> dict[str, bytes]:
    file = io.BytesIO(data)
    return {entry.name: b"".join(unpack(file, entry)) for entry in read_entries(file)}


def with_first(**fields: object) -> bytes:
    return pack(changed(PARTS, 0, **fields))


def test_a_plain_archive_is_read() -> None:
    assert read(pack(PARTS)) == {part.name: part.data for part in PARTS}
    stored = [Part(name="é/", method=0), Part(name="é/x", data=b"x", method=0)]
    assert read(pack(stored)) == {"é/": b"", "é/x": b"x"}


def test_what_the_library_writes_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        archive.writestr("folder/large", b"0123456789" * 1_000_000)
        with archive.open("size-not-known-before", "w", force_zip64=True) as file:
            file.write(b"x" * 100)
    found = read(buffer.getvalue())
    assert found["folder/large"] == b"0123456789" * 1_000_000
    assert found["size-not-known-before"] == b"x" * 100


AMBIGUOUS: dict[str, Callable[[], bytes]] = {
    "bytes before": lambda: pack(PARTS, before=b"#!/bin/sh\n"),
    "bytes before, told": lambda: pack(PARTS, before=b"#!/bin/sh\n", shift=-10),
    "bytes after": lambda: pack(PARTS, after=b"more"),
    "another archive after": lambda: pack(PARTS) + pack([Part(name="evil.py")]),
    "a comment": lambda: pack(PARTS, comment=b"hello"),
    "a member's comment": lambda: with_first(comment=b"hello"),
    "bytes between members": lambda: with_first(after=b"more"),
    "bytes before the directory": lambda: pack(PARTS, between=b"more"),
    "a member of no directory": lambda: with_first(hidden=True),
    "fewer members than told": lambda: pack(PARTS, count=3),
    "more members than told": lambda: pack(PARTS, count=1),
    "another name": lambda: with_first(own={"name": b"c.py"}),
    "another size": lambda: with_first(own={"size": 7}),
    "another packed size": lambda: with_first(own={"packed": 1}),
    "another checksum": lambda: with_first(own={"crc": 1}),
    "another method": lambda: with_first(own={"method": 0}),
    "other flags": lambda: with_first(own={"flags": 0x800}),
    "its size after it": lambda: with_first(flags=8, own={"size": 0, "packed": 0, "crc": 0}),
    "a second size": lambda: with_first(extra=ZIP64),
    "a second size in its own header": lambda: with_first(own={"extra": ZIP64}),
    "another size in zip64": lambda: with_first(
        own={"extra": ZIP64, "size": 0xFFFFFFFF, "packed": 0xFFFFFFFF}
    ),
    "a second name": lambda: with_first(extra=UNICODE),
    "a second name in its own header": lambda: with_first(own={"extra": UNICODE}),
    "a name in no known encoding": lambda: with_first(raw=b"\xe9.py"),
    "a folder with bytes": lambda: with_first(name="a/"),
}
UNREADABLE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no zip": lambda: b"hello" * 100,
    "cut off": lambda: pack(PARTS)[:60],
    "encrypted": lambda: with_first(flags=1),
    "strongly encrypted": lambda: with_first(flags=0x41),
    "bzip2": lambda: with_first(method=12),
    "zstandard": lambda: with_first(method=93),
    "unknown flags": lambda: with_first(flags=0x20),
    "damaged": lambda: with_first(crc=1),
    "more than told": lambda: with_first(size=3),
    "less than told": lambda: with_first(size=30),
    "stored, more than told": lambda: with_first(method=0, size=3),
    "not deflated": lambda: with_first(packed=b"\xff" * 20),
    "deflated and cut off": lambda: with_first(packed=squeeze(b"A = 1\n")[:-2]),
    "deflated and more": lambda: with_first(packed=squeeze(b"A = 1\n") + b"more"),
    "half an extra field": lambda: with_first(own={"extra": b"\x01"}),
    "a cut-off extra field": lambda: with_first(extra=struct.pack("<HH", 9, 9)),
    "an extra field twice": lambda: with_first(own={"extra": struct.pack("<HHHH", 9, 0, 9, 0)}),
    "a name that is no UTF-8": lambda: with_first(raw=b"\xff.py", flags=0x800),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_readers_differ_about(name: str) -> None:
    with pytest.raises(Ambiguous):
        read(AMBIGUOUS[name]())


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_not_every_reader_reads(name: str) -> None:
    with pytest.raises(Unreadable):
        read(UNREADABLE[name]())


@given(st.integers(0, 250), st.binary(min_size=1, max_size=4))
def test_a_changed_archive_is_refused_or_says_the_same_at_both_ends(
    place: int, bytes_: bytes
) -> None:
    whole = pack([Part(name="a.py", data=b"A = 1\n"), Part(name="b.py", data=b"B = 2\n")])
    spoilt = whole[:place] + bytes_ + whole[place + len(bytes_) :]
    try:
        found = read(spoilt)
    except (Ambiguous, Unreadable):
        return
    assert set(found.values()) == {b"A = 1\n", b"B = 2\n"}
