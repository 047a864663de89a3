"""Where the bytes of files are: a folder, or a bucket that speaks S3.

Keys are named by content (`index_server.model.file_key`); what lies beside a file has its key with
a suffix: `.metadata` (PEP 658), `.provenance` (PEP 740). Nothing is ever overwritten by other bytes.
"""

import glob
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, GenericError
from obstore.store import LocalStore, ObjectStore

from index_server.errors import BadSettings, NotHere, StorageAway, StorageFull

if TYPE_CHECKING:
    from obstore import GetResult

CHUNK = 1 << 20
# What is not yet what its name says: obstore, too, lists no name that ends so.
SCRATCH = "#"
BESIDE = (".metadata", ".provenance")
# How often a file is written anew whose folder was removed meanwhile.
TRIES = 10
FULL = ("No space left on device", "Disk quota exceeded", "File too large")
# A bucket that is away is told of within about ten seconds. Large files go in parts, each a request.
CLIENT = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=60)}
RETRY = {"max_retries": 3, "retry_timeout": timedelta(seconds=6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Files by key. `folder` is where they lie on this machine, None in a bucket."""

    objects: ObjectStore
    folder: Path | None

    def put(self, key: str, source: Path) -> None:
        """Store a file's bytes; they are on disk, or the bucket has confirmed them, on return.

        Raises StorageAway, StorageFull. In a folder the key may then be another name of the source:
        whoever gives it remove that one, and do not write to it.
        """
        with reaching():
            if self.folder is None:
                self.objects.put(key, source)
            else:
                _put_file(self.folder, key, lambda beside: _link(source, beside))

    def put_bytes(self, key: str, data: bytes) -> None:
        """Store bytes, as `put` does."""
        with reaching():
            if self.folder is None:
                self.objects.put(key, data)
            else:
                _put_file(self.folder, key, lambda beside: beside.write_bytes(data))

    def forget(self, key: str) -> None:
        """Remove a file, what lies beside it, and what a killed `put` of it left behind.

        Raises StorageAway.
        """
        for beside in (*BESIDE, ""):
            self.delete(f"{key}{beside}")
        if self.folder is not None:
            path = self.folder / key
            with reaching(key):
                for left in path.parent.glob(f"{glob.escape(path.name)}*{SCRATCH}*"):
                    left.unlink(missing_ok=True)
            self._tidy(path)

    def read(self, key: str) -> bytes:
        """All bytes of a key; raises NotHere, StorageAway."""
        with reaching(key):
            return self.objects.get(key).bytes().to_bytes()

    def read_chunks(self, key: str) -> Iterator[bytes]:
        """The bytes of a key, some at a time; raises NotHere, StorageAway."""
        with reaching(key):
            for chunk in self.objects.get(key).stream(CHUNK):
                yield bytes(chunk)

    async def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`; raises NotHere, StorageAway."""
        with reaching(key):
            found = await self._open(key, start, end)
            at = found.range[0]
            async for chunk in found.stream(CHUNK):
                if part := bytes(chunk)[max(start - at, 0) : end - at]:
                    yield part
                at += len(chunk)
                if at >= end:
                    break

    async def _open(self, key: str, start: int, end: int) -> "GetResult":
        if start:
            try:
                return await self.objects.get_async(key, options={"range": (start, end)})
            except GenericError as error:
                # A bucket may answer with the whole (RFC 9110, 14.2); the library takes it for
                # damage.
                if "non-partial" not in str(error):
                    raise
        return await self.objects.get_async(key)

    def size(self, key: str) -> int | None:
        """How many bytes a key has, None where there is none; raises StorageAway."""
        try:
            with reaching(key):
                return int(self.objects.head(key)["size"])
        except NotHere:
            return None

    def delete(self, key: str) -> None:
        """Remove a key; it may be gone already. Raises StorageAway."""
        try:
            with reaching(key):
                self.objects.delete(key)
        except NotHere:
            return
        if self.folder is not None:
            self._tidy(self.folder / key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key, or those below a prefix of whole parts; raises StorageAway."""
        with reaching(prefix):
            for batch in self.objects.list(prefix or None):
                for entry in batch:
                    yield str(entry["path"])

    def path(self, key: str) -> Path | None:
        """The file of a key on this machine, None in a bucket."""
        return self.folder / key if self.folder is not None else None

    def _tidy(self, path: Path) -> None:
        """Remove the folder of a content, where nothing is in it; those above it are few."""
        with suppress(OSError):
            path.parent.rmdir()


def open_store(url: str, options: Mapping[str, str] | None, folder: Path) -> Store:
    """The store of a URL (`s3://BUCKET/PREFIX`, or another of obstore's), else of `folder`.

    `options` are obstore's: `endpoint`, `access_key_id`, `allow_http`, …; those that are not given
    are read from the environment, as the provider's own tools do. Raises BadSettings.
    """
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        return Store(objects=LocalStore(folder.absolute()), folder=folder.absolute())
    try:
        given = dict(options or {})
        # It is the client's, not the provider's; the settings need not know.
        plain = str(given.pop("allow_http", "")).lower() in ("1", "true", "yes")
        # The options of a store depend on its kind, which the URL says.
        objects = obstore.store.from_url(  # type: ignore[call-overload]
            url,
            config=given,
            client_options={**CLIENT, **({"allow_http": True} if plain else {})},
            retry_config=RETRY,
        )
        return Store(objects=objects, folder=None)
    except (BaseError, ValueError, TypeError) as error:
        raise BadSettings(f"the store {url!r} cannot be used: {_first_line(error)}") from error


@contextmanager
def reaching(key: str = "") -> Iterator[None]:
    """What the library says of a store, as an error of ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotHere(f"the store has no {key}") from error
    except (BaseError, OSError) as error:
        text = str(error)
        if any(word in text for word in FULL):
            raise StorageFull("the store of files is full", advice="free some space") from error
        raise StorageAway(f"the store of files does not answer: {_first_line(error)}") from error


def _put_file(folder: Path, key: str, write: Callable[[Path], object]) -> None:
    """Write beside the key, then give it its name; after a power cut both are there."""
    target = folder / key
    beside = target.with_name(f"{target.name}{SCRATCH}{secrets.randbits(64)}")
    try:
        for left in reversed(range(TRIES)):
            # Another file of this content may be forgotten now, and the folder with it: mkdir then
            # says that it exists, or writing that it does not.
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                write(beside)
                break
            except (FileExistsError, FileNotFoundError):
                if not left:
                    raise
        beside.chmod(0o644)
        _sync(beside)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    for parent in target.parents[:3]:
        with suppress(FileNotFoundError):
            _sync(parent)


def _link(source: Path, beside: Path) -> None:
    try:
        beside.hardlink_to(source)
    except OSError:
        # Another file system, or one without links.
        shutil.copyfile(source, beside)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _first_line(error: Exception) -> str:
    """The cause alone: addresses of buckets are nobody's business who uploads."""
    return str(error).partition("\n")[0].rpartition(" - ")[2][:200]
