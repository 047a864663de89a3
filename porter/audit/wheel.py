"""A wheel's structure, as the binary distribution format and PEP 376 have it."""

import base64
import csv
import hashlib
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from packaging.metadata import InvalidMetadata, Metadata, parse_email
from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from porter.audit.model import Finding
from porter.audit.rules import find

# Of the installed files these are never in RECORD with a hash, or not at all (PEP 427).
UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
HASHES = ("sha256", "sha384", "sha512")
PLAIN, LINK = 0o10, 0o12
TOLERATED = ("introduced in metadata version", "unrecognized field")
# A member that unpacks to more than this is not audited: the index refuses it anyway.
LARGEST = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A wheel in memory: `members` by name, in the archive's order, and `size`, its bytes.

    `modes` are the POSIX file types that the archive states, `repeated` the names it has twice.
    """

    filename: str
    size: int
    members: Mapping[str, bytes]
    modes: Mapping[str, int]
    repeated: tuple[str, ...]

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


def read_wheel(path: Path) -> tuple[Contents | None, list[Finding]]:
    """The contents of a wheel file; None with the finding where it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in entries) > LARGEST:
                return None, [find("not-a-wheel", why=f"it unpacks to more than {LARGEST} bytes")]
            counts = Counter(entry.filename for entry in entries)
            contents = Contents(
                filename=path.name,
                size=path.stat().st_size,
                members={entry.filename: archive.read(entry) for entry in entries},
                modes={entry.filename: entry.external_attr >> 28 for entry in entries},
                repeated=tuple(name for name, count in counts.items() if count > 1),
            )
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        return None, [find("not-a-wheel", why=str(error) or type(error).__name__)]
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
        yield find("duplicate-member", subject=name)
    for name, mode in contents.modes.items():
        path = PurePosixPath(name)
        outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name[:2]
        if outside or mode not in (0, PLAIN) or not name.isprintable():
            yield find("unsafe-member", subject=ascii(name)[1:-1])


def _check_record(contents: Contents) -> Iterator[Finding]:
    data = contents.describe("RECORD")
    if data is None:
        yield find("no-record", why="the file is missing")
        return
    try:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        record = {row[0]: (row[1], row[2]) for row in rows if row}
    except (csv.Error, UnicodeDecodeError, IndexError):
        yield find("no-record", why="it is not the table it should be")
        return
    unhashed = {f"{contents.info}/{name}" for name in UNHASHED}
    for name in contents.members:
        if name in record:
            if name not in unhashed and (why := _difference(contents.members[name], *record[name])):
                yield find("record-differs", subject=name, why=why)
        elif name not in unhashed:
            yield find("unrecorded", subject=name)
    for name in record.keys() - contents.members.keys():
        yield find("record-without-file", subject=name)


def _difference(data: bytes, digest: str, size: str) -> str:
    algorithm, _, value = digest.partition("=")
    if algorithm not in HASHES:
        return f"{algorithm or 'no hash'} where it must be sha256 or better"
    found = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()
    if found != value.rstrip("="):
        return f"its {algorithm} differs"
    return f"it has {len(data)} bytes, not {size}" if size and size != str(len(data)) else ""


def _check_metadata(contents: Contents, name: str, version: Version) -> Iterator[Finding]:
    data = contents.describe("METADATA")
    if data is None:
        yield find("metadata-invalid", why="the file is missing")
        return
    try:
        Metadata.from_email(data, validate=True)
    except ExceptionGroup as group:
        for error in group.exceptions:
            # Backends write fields that no version has, or before the one that names them;
            # installers take them.
            if any(words in str(error) for words in TOLERATED):
                continue
            what = f"{error.field}: {error}" if isinstance(error, InvalidMetadata) else str(error)
            yield find("metadata-invalid", why=what)
    raw, _ = parse_email(data)
    told = (canonicalize_name(raw.get("name", "")), raw.get("version", ""))
    for found, wanted in zip(told, (str(name), str(version)), strict=True):
        if found and found != wanted and _version(found) != version:
            yield find("metadata-differs", subject=found, found=found, wanted=wanted)
    info_name, _, info_version = contents.info.removesuffix(".dist-info").partition("-")
    if canonicalize_name(info_name) != name or info_version.replace("_", "-") not in (
        str(version),
        contents.filename.split("-")[1].replace("_", "-"),
    ):
        wanted = f"{name}-{version}.dist-info"
        yield find("metadata-differs", subject=contents.info, found=contents.info, wanted=wanted)


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


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
