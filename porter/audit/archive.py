"""A zip file that every reader reads alike: what its front says is what its back says.

Some readers follow the central directory at the end, others the headers before each member. Where
the two differ, or bytes belong to neither, one file holds two contents, and an audit of the first
says nothing of the second.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 1 << 20
# Of the specification (APPNOTE 6.3.10), 4.3.7 and 4.3.16.
LOCAL = struct.Struct("<4s5H3L2H")
END = struct.Struct("<4s4H2LH")
LOCAL_SIGNATURE, END_SIGNATURE = b"PK\3\4", b"PK\5\6"
# A directory of this many bytes has tens of thousands of members; it is read into memory.
LARGEST_DIRECTORY = 16 << 20
ENCRYPTED, DESCRIBED_AFTER, UTF8 = 0x0001 | 0x0040 | 0x2000, 0x0008, 0x0800
KNOWN_FLAGS = ENCRYPTED | DESCRIBED_AFTER | UTF8 | 0x0006
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
ZIP64, UNICODE_PATH = 0x0001, 0x7075
IN_ZIP64 = 0xFFFFFFFF


class Unreadable(Exception):
    """The file is no zip file, is damaged, or is packed in a way that not every reader knows."""


class Ambiguous(Exception):
    """The file is a zip file that readers differ about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member: `start` is where its bytes are, `packed` how many, `size` how many unpacked.

    `mode` is the POSIX file type, 0 where the archive states none; a folder's name ends in `/`.
    """

    name: str
    start: int
    packed: int
    size: int
    crc: int
    method: int
    mode: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and so has no bytes."""
        return self.name.endswith("/")


def read_entries(file: BinaryIO) -> tuple[Entry, ...]:
    """The members in the order of the directory; raises Unreadable or Ambiguous."""
    directory, count = _find_directory(file)
    try:
        infos = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Unreadable(str(error)) from error
    if len(infos) != count:
        raise Ambiguous(f"its directory has {len(infos)} members, its end says {count}")
    place = 0
    starts: dict[int, int] = {}
    for info in sorted(infos, key=lambda info: info.header_offset):
        _check_directory(info)
        if info.header_offset != place:
            raise Ambiguous(f"bytes before {shown(info)} belong to no member, or to two")
        starts[place] = _check_header(file, info)
        place = starts[place] + info.compress_size
    if place != directory:
        raise Ambiguous("bytes before its directory belong to no member, or to two")
    return tuple(
        Entry(
            name=info.orig_filename,
            start=starts[info.header_offset],
            packed=info.compress_size,
            size=info.file_size,
            crc=info.CRC,
            method=info.compress_type,
            mode=info.external_attr >> 28,
        )
        for info in infos
    )


def unpack(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """A member's bytes, at most a megabyte at a time, and never more than its size says.

    Raises Unreadable where they are not what size and checksum say.
    """
    file.seek(entry.start)
    chunks = _inflate(file, entry.packed) if entry.method == DEFLATED else _copy(file, entry.packed)
    size = crc = 0
    for chunk in chunks:
        size += len(chunk)
        if size > entry.size:
            break
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if size != entry.size or crc != entry.crc:
        raise Unreadable(f"{entry.name!a} is not what its size and checksum say")


def shown(info: zipfile.ZipInfo) -> str:
    """A member's name as it may be printed."""
    return ascii(info.orig_filename)[1:-1]


def _find_directory(file: BinaryIO) -> tuple[int, int]:
    """Where the central directory begins, and how many members it has."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - END.size, 0))
    tail = file.read(END.size)
    if len(tail) < END.size or not tail.startswith(END_SIGNATURE):
        file.seek(max(size - (1 << 16) - END.size, 0))
        if END_SIGNATURE in file.read():
            raise Ambiguous("bytes follow its end, or it has a comment there")
        raise Unreadable("it is no zip file, or it is cut off")
    _, disk, directory_disk, here, count, length, start, comment = END.unpack(tail)
    if disk or directory_disk or here != count or comment:
        raise Ambiguous("its end says that it is a part of something")
    if length > LARGEST_DIRECTORY:
        raise Unreadable(f"its directory has more than {LARGEST_DIRECTORY} bytes")
    # Zip64 has records of its own between the two: so large a wheel is not for a browser.
    if start + length != size - END.size:
        raise Ambiguous("its directory is not where its end says, or there are bytes before it")
    return start, count


def _check_directory(info: zipfile.ZipInfo) -> None:
    name = shown(info)
    if info.flag_bits & ENCRYPTED:
        raise Unreadable(f"{name} is encrypted")
    if info.compress_type not in (STORED, DEFLATED):
        raise Unreadable(f"{name} is compressed in a way that installers do not know")
    if info.flag_bits & DESCRIBED_AFTER:
        raise Ambiguous(f"the size of {name} is told after it: who reads from the front must guess")
    if info.flag_bits & ~KNOWN_FLAGS:
        raise Unreadable(f"{name} has flags that installers do not know")
    if info.comment:
        raise Ambiguous(f"{name} has a comment")
    if not info.flag_bits & UTF8 and not info.orig_filename.isascii():
        raise Ambiguous(f"the name of {name} is not said to be UTF-8")
    if info.is_dir() and (info.file_size or info.compress_size > 2):
        raise Ambiguous(f"the folder {name} has bytes of its own")
    for kind, _ in _extras(info.extra, name):
        if kind in (ZIP64, UNICODE_PATH):
            raise Ambiguous(f"{name} has a second name or size")


def _check_header(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Compare a member's own header with the directory; where its bytes begin."""
    name = shown(info)
    file.seek(info.header_offset)
    data = file.read(LOCAL.size)
    if len(data) < LOCAL.size or not data.startswith(LOCAL_SIGNATURE):
        raise Ambiguous(f"{name} is in its directory alone")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(data)
    raw, extra = file.read(name_length), file.read(extra_length)
    for kind, value in _extras(extra, name):
        if kind == UNICODE_PATH:
            raise Ambiguous(f"{name} has a second name or size")
        if kind == ZIP64:
            # Written by who did not know the size beforehand; both must then be here.
            if (packed, size, len(value)) != (IN_ZIP64, IN_ZIP64, 16):
                raise Ambiguous(f"{name} has a second name or size")
            size, packed = struct.unpack("<QQ", value)
    told = (flags, method, crc, packed, size)
    wanted = (info.flag_bits, info.compress_type, info.CRC, info.compress_size, info.file_size)
    if raw != info.orig_filename.encode("utf-8", "surrogateescape") or told != wanted:
        raise Ambiguous(f"{name} is another in its own header than in the directory")
    return file.tell()


def _extras(extra: bytes, name: str) -> Iterator[tuple[int, bytes]]:
    seen: set[int] = set()
    while extra:
        if len(extra) < 4:
            raise Unreadable(f"{name} has extra fields that cannot be read")
        kind, length = struct.unpack("<HH", extra[:4])
        if length + 4 > len(extra) or kind in seen:
            raise Unreadable(f"{name} has extra fields that cannot be read")
        seen.add(kind)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _copy(file: BinaryIO, left: int) -> Iterator[bytes]:
    while left and (chunk := file.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _inflate(file: BinaryIO, left: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pending = b""
    try:
        while not inflater.eof:
            if not pending:
                pending = file.read(min(CHUNK, left))
                left -= len(pending)
            given = pending
            chunk = inflater.decompress(given, CHUNK)
            pending = inflater.unconsumed_tail
            if not chunk and not given and not inflater.eof:
                raise Unreadable("a member is cut off")
            yield chunk
    except zlib.error as error:
        raise Unreadable(f"a member cannot be unpacked ({error})") from error
    if left or pending or inflater.unused_data:
        raise Unreadable("a member has bytes after its end")
