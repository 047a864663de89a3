"""A source distribution on disk: a gzipped tar file of one folder, with the metadata it must have."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from index_server.errors import UploadRefused
from index_server.uploads.filename import SDIST, Named
from porter.audit.metadata import check_core_metadata

SMALL = 64 << 20
CHUNK = 1 << 20
# What a reader asks for at once is memory: a header that says more is lying.
LARGEST_READ = 16 << 20
# Build backends need the target of a link to be in the archive; devices are never needed (PEP 721).
KINDS = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE)
DAMAGED = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError)


class Unpacked(io.RawIOBase):
    """The bytes inside a gzip file, at most `limit` of them; raises UploadRefused for more."""

    def __init__(self, packed: gzip.GzipFile, limit: int, filename: str) -> None:
        self._packed = packed
        self._limit = limit
        self._filename = filename

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        if not 0 <= size <= LARGEST_READ:
            raise UploadRefused(f"{self._filename}: a header of it says that it is too large")
        data = self._packed.read(size)
        self._count(self._packed.tell())
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; what lies before it is unpacked, and counted."""
        if whence == io.SEEK_SET:
            self._count(offset)
        return self._packed.seek(offset, whence)

    def tell(self) -> int:
        """Where it is."""
        return self._packed.tell()

    def _count(self, place: int) -> None:
        if place > self._limit:
            raise UploadRefused(f"{self._filename}: it unpacks to more than {self._limit} bytes")


def read_sdist(path: Path, named: Named, *, ratio: int) -> bytes:
    """The PKG-INFO of an sdist that is safe to unpack; raises UploadRefused.

    It may unpack to `ratio` times its size. PEP 625 says how it is named, PEP 721 what is safe.
    """
    limit = max(SMALL, ratio * path.stat().st_size)
    top = named.filename.removesuffix(SDIST)
    try:
        with gzip.open(path) as packed:
            file = Unpacked(packed, limit, named.filename)
            with tarfile.open(fileobj=file, mode="r:") as archive:
                found = _read_members(archive, top, named.filename)
            _check_rest(file, named.filename)
    except DAMAGED as error:
        raise UploadRefused(
            f"{named.filename}: it is no tar file that gzip compressed, or it is damaged",
            advice="build it again",
        ) from error
    if found is None:
        raise UploadRefused(f"{named.filename}: it has no {top}/PKG-INFO")
    for finding in check_core_metadata(found, named.project, named.version):
        raise UploadRefused(
            f"{named.filename}: {finding.code}: its PKG-INFO: {finding.message}",
            advice=finding.advice,
        )
    return found


def _read_members(archive: tarfile.TarFile, top: str, filename: str) -> bytes | None:
    found = None
    seen: set[str] = set()
    for member in _members(archive, filename):
        name = member.name
        if name in seen and not member.isdir():
            raise UploadRefused(f"{filename}: its member {name!a} is there twice")
        seen.add(name)
        if PurePosixPath(name).parts[:1] != (top,):
            raise UploadRefused(f"{filename}: its member {name!a} is outside the folder {top}")
        if name == f"{top}/PKG-INFO":
            file = archive.extractfile(member) if member.isreg() else None
            if file is None or member.size > LARGEST_READ:
                raise UploadRefused(f"{filename}: its PKG-INFO is no plain file of a sensible size")
            found = file.read()
    return found


def _members(archive: tarfile.TarFile, filename: str) -> Iterator[tarfile.TarInfo]:
    """The members, each of them safe to unpack."""
    while (member := archive.next()) is not None:
        # Read members are of no more use, and there may be many.
        archive.members = []  # type: ignore[attr-defined] # the known way to bound its memory
        name = member.name
        unsafe = PurePosixPath(name).is_absolute() or "\\" in name or not name.isprintable()
        if unsafe or member.type not in KINDS or member.sparse is not None or ":" in name[:2]:
            raise UploadRefused(f"{filename}: its member {name!a} is not safe to unpack")
        try:
            # PEP 706: no path and no link may lead out of the folder.
            tarfile.data_filter(member, "/nonexistent/porter")
        except tarfile.FilterError as error:
            raise UploadRefused(f"{filename}: its member {name!a} is not safe to unpack") from error
        yield member


def _check_rest(file: Unpacked, filename: str) -> None:
    """What follows the last member is padding: readers that skip it must miss nothing."""
    while data := file.read(CHUNK):
        if data.strip(b"\0"):
            raise UploadRefused(f"{filename}: bytes follow its last member")
