"""Files that are being uploaded: on this machine, under a name of ours, gone when nobody holds them.

Each is locked by the process that writes it. A lock ends with its process, also when that is
killed, so what is not locked is what a dead server left.
"""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from index_server.errors import StorageFull

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SUFFIX = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A file that is being written, to be discarded by who opened it."""

    path: Path
    file: BinaryIO

    def discard(self) -> None:
        """Remove the file; what it held is in the store by now, or was refused."""
        self.path.unlink(missing_ok=True)
        self.file.close()


def open_incoming(folder: Path) -> Incoming:
    """An empty file; raises StorageFull."""
    folder.mkdir(parents=True, exist_ok=True)
    with telling_full():
        while True:
            handle, name = tempfile.mkstemp(suffix=SUFFIX, dir=folder)
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Before the lock was there, another server that starts may have taken it for left.
            if os.fstat(handle).st_nlink:
                return Incoming(path=Path(name), file=os.fdopen(handle, "wb", buffering=0))
            os.close(handle)


def discard_left(folder: Path) -> int:
    """Remove the files that no living process writes; how many there were."""
    found = 0
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            path.unlink(missing_ok=True)
            found += 1
        finally:
            os.close(handle)
    return found


@contextmanager
def telling_full() -> Iterator[None]:
    """A full disk, as StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull(
                "there is no room for uploads", advice="free some space in the data folder"
            ) from error
        raise
