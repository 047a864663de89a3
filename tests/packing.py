"""Zip files with every field as a test wants it, also where no library would write it so."""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from wheels import record_hash

PLAIN = 0o100644 << 16


@dataclass(frozen=True, kw_only=True)
class Part:
    """A member. What is None is what it should be; `own` holds what its own header says else."""

    name: str
    data: bytes = b""
    raw: bytes | None = None
    flags: int = 0
    method: int = 8
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    extra: bytes = b""
    comment: bytes = b""
    mode: int = PLAIN
    before: bytes = b""
    after: bytes = b""
    hidden: bool = False
    own: Mapping[str, int | bytes] = field(default_factory=dict)


def pack(
    parts: Iterable[Part],
    *,
    before: bytes = b"",
    between: bytes = b"",
    after: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    shift: int = 0,
) -> bytes:
    """A zip file: `before` and `after` it, `between` its members and its directory, other bytes."""
    body, directory, members = bytearray(before), bytearray(), 0
    for part in parts:
        raw = part.raw if part.raw is not None else part.name.encode()
        flags = part.flags | (0 if raw.isascii() or part.raw is not None else 0x800)
        packed = part.packed if part.packed is not None else squeeze(part.data, part.method)
        crc = zlib.crc32(part.data) if part.crc is None else part.crc
        size = len(part.data) if part.size is None else part.size
        told: dict[str, int | bytes] = {"flags": flags, "method": part.method, "crc": crc}
        told |= {"packed": len(packed), "size": size, "name": raw, "extra": b"", **part.own}
        body += part.before
        offset = len(body)
        body += struct.pack(
            "<4s5H3L2H",
            b"PK\3\4",
            20,
            told["flags"],
            told["method"],
            0,
            0x21,
            told["crc"],
            told["packed"],
            told["size"],
            len(bytes(told["name"])),
            len(bytes(told["extra"])),
        )
        body += bytes(told["name"]) + bytes(told["extra"]) + packed + part.after
        if part.hidden:
            continue
        members += 1
        directory += struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            0x314,
            20,
            flags,
            part.method,
            0,
            0x21,
            crc,
            len(packed),
            size,
            len(raw),
            len(part.extra),
            len(part.comment),
            0,
            0,
            part.mode,
            offset,
        )
        directory += raw + part.extra + part.comment
    body += between
    start, told_count = len(body) + shift, members if count is None else count
    end = (b"PK\5\6", 0, 0, told_count, told_count, len(directory), start, len(comment))
    return bytes(body + directory + struct.pack("<4s4H2LH", *end) + comment + after)


def squeeze(data: bytes, method: int = 8) -> bytes:
    """Data as a member holds it."""
    if method != 8:
        return data
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


def wheel_files(
    name: str = "acme_tools",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    members: Mapping[str, bytes] | None = None,
    metadata: str = "",
    changes: Mapping[str, bytes | None] | None = None,
    unrecorded: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """A wheel's files, RECORD last and true.

    `changes` are made to files of the dist-info folder (None takes one out) before RECORD is
    written, those of RECORD after; `unrecorded` files are not in it.
    """
    info = f"{name}-{version}.dist-info"
    files = dict(members if members is not None else {f"{name}.py": b"VALUE = 42\n"})
    plain = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    files[f"{info}/METADATA"] = (metadata or plain).encode()
    pure = str(tag.endswith("-any")).lower()
    tags = "".join(f"Tag: {one}\n" for one in expand(tag))
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\n{tags}".encode()
    )
    changed = {f"{info}/{file}": data for file, data in (changes or {}).items()}
    record = f"{info}/RECORD"
    for path, data in changed.items():
        if path != record:
            if data is None:
                files.pop(path)
            else:
                files[path] = data
    rows = [f"{path},{record_hash(data)},{len(data)}\n" for path, data in files.items()]
    files |= unrecorded or {}
    files[record] = "".join([*rows, f"{record},,\n"]).encode()
    if record in changed:
        told = changed[record]
        if told is None:
            files.pop(record)
        else:
            files[record] = told
    return files


def expand(tag: str) -> list[str]:
    """The single tags of a compressed set (PEP 425)."""
    python, abi, platform = tag.split("-")
    return [
        f"{one}-{two}-{three}"
        for one in python.split(".")
        for two in abi.split(".")
        for three in platform.split(".")
    ]


def parts_of(files: Mapping[str, bytes]) -> list[Part]:
    return [Part(name=name, data=data) for name, data in files.items()]


def changed(parts: list[Part], number: int, **fields: object) -> list[Part]:
    """The parts, one of them with other fields."""
    return [
        replace(part, **fields) if place == number else part  # type: ignore[arg-type]
        for place, part in enumerate(parts)
    ]
