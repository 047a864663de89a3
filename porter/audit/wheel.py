"""A wheel's structure, as the binary distribution format and PEP 376 have it."""

import base64
import csv
import hashlib
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from packaging.metadata import parse_email
from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from porter.audit.archive import Ambiguous, Entry, Unreadable, read_entries, unpack
from porter.audit.metadata import check_as_micropip_reads, check_core_metadata
from porter.audit.model import Finding
from porter.audit.rules import find

# Of the installed files these are never in RECORD with a hash, or not at all (PEP 427).
UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
HASHES = ("sha256", "sha384", "sha512")
PLAIN, FOLDER = 0o10, 0o04
# A member that unpacks to more than this is not audited: the index refuses it anyway.
LARGEST = 1 << 30
# How many times its size a wheel may unpack to; what is not larger than SMALL is no bomb.
RATIO, SMALL = 50, 64 << 20


class Members(Mapping[str, bytes]):
    """The bytes of a wheel's members by name, in the archive's order; read when they are asked for.

    They were unpacked once to see that they can be; one at a time, so that a large wheel needs no
    more memory than its largest member.
    """

    def __init__(self, path: Path, entries: Mapping[str, Entry]) -> None:
        self._path = path
        self._entries = entries

    def __getitem__(self, name: str) -> bytes:
        entry = self._entries[name]
        with self._path.open("rb") as file:
            return b"".join(unpack(file, entry))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A wheel: `members` by name, in the archive's order, and `size`, its bytes.

    `modes` are the POSIX file types that the archive states, of its `folders` too, `repeated` the
    names it has twice, `digests` the sha256 of members that were hashed already.
    """

    filename: str
    size: int
    members: Mapping[str, bytes]
    modes: Mapping[str, int]
    repeated: tuple[str, ...]
    folders: tuple[str, ...] = ()
    digests: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)

    @property
    def info(self) -> str:
        """The dist-info folder's name, empty where there is none or more than one."""
        found = {
            name.partition("/")[0]
            for name in self.members
            if name.partition("/")[0].endswith(".dist-info")
        }
        return found.pop() if len(found) == 1 else ""

    def describe(self, name: str) -> bytes | None:
        """A file of the dist-info folder, None where it is not there."""
        return self.members.get(f"{self.info}/{name}")


def read_wheel(path: Path, *, ratio: int = RATIO) -> tuple[Contents | None, list[Finding]]:
    """The contents of a wheel file; None with the finding where it is none, or a bomb.

    It may unpack to `ratio` times its size.
    """
    size = path.stat().st_size
    allowed = max(SMALL, ratio * size)
    left = allowed
    digests: dict[str, tuple[bytes, int]] = {}
    try:
        with path.open("rb") as file:
            entries = read_entries(file)
            if max((entry.size for entry in entries), default=0) > LARGEST:
                raise Unreadable(f"a member unpacks to more than {LARGEST} bytes")
            if sum(entry.size for entry in entries) > allowed:
                return None, [find("zip-bomb", found=size, wanted=allowed)]
            for entry in entries:
                digest = hashlib.sha256()
                for chunk in unpack(file, entry):
                    # Sizes that the archive states are promises: what comes out is counted.
                    left -= len(chunk)
                    if left < 0:
                        return None, [find("zip-bomb", found=size, wanted=allowed)]
                    digest.update(chunk)
                digests[entry.name] = digest.digest(), entry.size
    except Ambiguous as error:
        return None, [find("ambiguous-archive", why=str(error))]
    except Unreadable as error:
        return None, [find("not-a-wheel", why=str(error))]
    files = {entry.name: entry for entry in entries if not entry.is_folder}
    counts = Counter(entry.name for entry in entries)
    contents = Contents(
        filename=path.name,
        size=size,
        members=Members(path, files),
        modes={entry.name: entry.mode for entry in entries},
        repeated=tuple(name for name, count in counts.items() if count > 1),
        folders=tuple(entry.name for entry in entries if entry.is_folder),
        digests=digests,
    )
    return contents, []


def check_structure(contents: Contents) -> Iterator[Finding]:
    """Findings of the archive, its RECORD, METADATA and WHEEL, and the file's name."""
    yield from _check_members(contents)
    try:
        name, version, _, tags = parse_wheel_filename(contents.filename)
    except (InvalidWheelFilename, InvalidVersion) as error:
        yield find("bad-filename", why=str(error).partition(":")[0])
        return
    if not contents.info:
        yield find("not-a-wheel", why="it has no .dist-info folder, or more than one")
        return
    yield from _check_record(contents)
    yield from _check_metadata(contents, name, version)
    yield from _check_wheel_file(contents, tags)


def _check_members(contents: Contents) -> Iterator[Finding]:
    for name in contents.repeated:
        yield find("duplicate-member", subject=ascii(name)[1:-1])
    for name, mode in contents.modes.items():
        kinds = (0, FOLDER) if name in contents.folders else (0, PLAIN)
        if not _is_safe(name.removesuffix("/")) or mode not in kinds:
            yield find("unsafe-member", subject=ascii(name)[1:-1])
    yield from _check_collisions(contents)


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name[:2]
    return not outside and name.isprintable() and str(path) == name != "."


def _check_collisions(contents: Contents) -> Iterator[Finding]:
    """Members that some file systems take for one, and members below what is a file."""
    seen: dict[str, str] = {}
    for name in contents.members:
        plain = _plain(name)
        if (other := seen.setdefault(plain, name)) != name:
            yield _collision(name, other)
    for folder in {str(p) for n in contents.modes for p in PurePosixPath(n).parents}:
        if (file := seen.get(_plain(folder))) is not None:
            yield _collision(f"{folder}/", file)


def _collision(name: str, other: str) -> Finding:
    subject, other = (ascii(some)[1:-1] for some in (name, other))
    return find("colliding-member", subject=subject, other=other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _check_record(contents: Contents) -> Iterator[Finding]:
    data = contents.describe("RECORD")
    if data is None:
        yield find("no-record", why="the file is missing")
        return
    try:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        record = {row[0]: (row[1], row[2]) for row in rows if row}
        if len(record) != sum(1 for row in rows if row):
            raise csv.Error
    except (csv.Error, UnicodeDecodeError, IndexError):
        yield find("no-record", why="it is not the table it should be")
        return
    unhashed = {f"{contents.info}/{name}" for name in UNHASHED}
    for name in contents.members:
        if name in record:
            if name not in unhashed and (why := _difference(contents, name, *record[name])):
                yield find("record-differs", subject=name, why=why)
        elif name not in unhashed:
            yield find("unrecorded", subject=name)
    for name in record.keys() - contents.members.keys():
        yield find("record-without-file", subject=name)


def _difference(contents: Contents, name: str, digest: str, size: str) -> str:
    algorithm, _, value = digest.partition("=")
    if algorithm not in HASHES:
        return f"{algorithm or 'no hash'} where it must be sha256 or better"
    if algorithm == "sha256" and name in contents.digests:
        hashed, length = contents.digests[name]
    else:
        data = contents.members[name]
        hashed, length = hashlib.new(algorithm, data).digest(), len(data)
    found = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    if found != value.rstrip("="):
        return f"its {algorithm} differs"
    return f"it has {length} bytes, not {size}" if size and size != str(length) else ""


def _check_metadata(contents: Contents, name: str, version: Version) -> Iterator[Finding]:
    data = contents.describe("METADATA")
    if data is None:
        yield find("metadata-invalid", why="the file is missing")
        return
    yield from check_core_metadata(data, name, version)
    yield from check_as_micropip_reads(data)
    info_name, _, info_version = contents.info.removesuffix(".dist-info").partition("-")
    if canonicalize_name(info_name) != name or info_version.replace("_", "-") not in (
        str(version),
        contents.filename.split("-")[1].replace("_", "-"),
    ):
        wanted = f"{name}-{version}.dist-info"
        yield find("metadata-differs", subject=contents.info, found=contents.info, wanted=wanted)


def declared_import_names(contents: Contents) -> tuple[str, ...]:
    """The import names that METADATA states (PEP 794), without what is private."""
    raw, _ = parse_email(contents.describe("METADATA") or b"")
    stated = [text.partition(";") for text in raw.get("import_names", []) if text.strip()]
    return tuple(name.strip() for name, _, mark in stated if mark.strip() != "private")


def wheel_file(contents: Contents) -> Message:
    """The headers of the WHEEL file; empty ones where it is missing."""
    return BytesParser().parsebytes(contents.describe("WHEEL") or b"", headersonly=True)


def _check_wheel_file(contents: Contents, tags: frozenset[Tag]) -> Iterator[Finding]:
    headers = wheel_file(contents)
    if not headers.keys():
        yield find("wheel-invalid", why="the file is missing, or has no fields")
        return
    if not str(headers.get("Wheel-Version", "")).startswith("1."):
        yield find("wheel-invalid", why="Wheel-Version is not 1")
    if str(headers.get("Root-Is-Purelib", "")).lower() not in ("true", "false"):
        yield find("wheel-invalid", why="Root-Is-Purelib is neither true nor false")
    told: set[Tag] = set()
    for text in headers.get_all("Tag", []):
        told |= parse_tag(str(text)) if str(text).count("-") == 2 else set()
    if told != tags:
        found, wanted = (" ".join(sorted(map(str, some))) or "none" for some in (told, tags))
        yield find("tags-differ", subject=found, found=found, wanted=wanted)
