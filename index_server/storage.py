"""Where the bytes of files are: a folder, or a bucket that speaks S3.

Keys are named by content (`index_server.model.file_key`); what lies beside a file has its key with
a suffix: `.metadata` (PEP 658), `.provenance` (PEP 740). Nothing is ever overwritten by other bytes.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore

from index_server.errors import BadSettings, NotHere, StorageAway, StorageFull

CHUNK = 1 << 20
FULL = ("No space left on device", "Disk quota exceeded", "File too large")


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Files by key. `folder` is where they lie on this machine, None in a bucket."""

    objects: ObjectStore
    folder: Path | None

    def put(self, key: str, source: Path) -> None:
        """Store a file's bytes; they are on disk, or the bucket has confirmed them, on return.

        Raises StorageAway, StorageFull.
        """
        with reaching():
            self.objects.put(key, source)
            self._sync(key)

    def put_bytes(self, key: str, data: bytes) -> None:
        """Store bytes, as `put` does."""
        with reaching():
            self.objects.put(key, data)
            self._sync(key)

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
        for begin in range(start, end, CHUNK):
            with reaching(key):
                stop = min(begin + CHUNK, end)
                yield (await self.objects.get_range_async(key, start=begin, end=stop)).to_bytes()

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
            # What is left of a folder named by content is nothing that anyone reads.
            for parent in (self.folder / key).parents[:2]:
                try:
                    parent.rmdir()
                except OSError:
                    break

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key, or those below a prefix of whole parts; raises StorageAway."""
        with reaching(prefix):
            for batch in self.objects.list(prefix or None):
                for entry in batch:
                    yield str(entry["path"])

    def path(self, key: str) -> Path | None:
        """The file of a key on this machine, None in a bucket."""
        return self.folder / key if self.folder is not None else None

    def _sync(self, key: str) -> None:
        """What a rename alone does not promise: after a power cut the file and its name are there."""
        if self.folder is None:
            return
        target = self.folder / key
        for path in (target, *target.parents[:3]):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def open_store(url: str, options: Mapping[str, str] | None, folder: Path) -> Store:
    """The store of a URL (`s3://BUCKET/PREFIX`, or another of obstore's), else of `folder`.

    `options` are obstore's: `endpoint`, `access_key_id`, `allow_http`, …; those that are not given
    are read from the environment, as the provider's own tools do. Raises BadSettings.
    """
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        return Store(objects=LocalStore(folder.absolute()), folder=folder.absolute())
    try:
        # The options of a store depend on its kind, which the URL says.
        return Store(objects=obstore.store.from_url(url, config=dict(options or {})), folder=None)  # type: ignore[call-overload]
    except (BaseError, ValueError) as error:
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


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
