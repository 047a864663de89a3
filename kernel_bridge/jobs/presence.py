"""Which servers are there: one user's may share a spool, and one may start while another runs."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

SERVERS = "servers"


class Presence:
    """Holds a lock for as long as this server lives; the system gives it back if it is killed."""

    def __init__(self, spool: Path) -> None:
        self._name = os.urandom(8).hex()
        self._folder = spool / SERVERS
        self._lock = FileLock(self._folder / f"{self._name}.lock", thread_local=False)

    def sign(self, upload: Path) -> None:
        """Say in an upload's folder that its job runs here."""
        if not self._lock.is_locked:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire()
        (upload / "server").write_text(self._name)

    def close(self) -> None:
        """Be there no more."""
        if self._lock.is_locked:
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)


def is_present(spool: Path, upload: Path) -> bool:
    """Whether the server where an upload's job runs is there."""
    try:
        path = spool / SERVERS / f"{(upload / 'server').read_text()}.lock"
    except OSError:
        return False
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            pass
    except Timeout:
        return True
    path.unlink(missing_ok=True)
    return False
