"""What a killed server leaves, removed when one starts: half an upload is none."""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from index_server.errors import IndexServerError
from index_server.holdings import Holdings
from index_server.records.database import end_upload, read_pending
from index_server.uploads.incoming import discard_left

# Whether a process of another machine lives cannot be asked. No upload takes as long.
ABANDONED = timedelta(days=1)
PROC = Path("/proc")
SLACK = timedelta(seconds=2)
# Killed, and not yet taken note of by its parent: in a container that may be never (proc(5)).
DEAD = frozenset("ZXx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What was removed: files that were arriving, and claims on what was being stored."""

    incoming: int
    claims: int


def sweep(index: Holdings) -> Swept:
    """Remove what uploads of dead processes left; those of living ones are not touched.

    Raises DatabaseAway.
    """
    incoming = discard_left(index.incoming)
    claims = 0
    for claim in read_pending(index.engine):
        if is_abandoned(claim["owner"], claim["started_at"], now=datetime.now(UTC)):
            # Where the store is away, the claim stays for the next start.
            with suppress(IndexServerError):
                end_upload(index.engine, claim["id"], claim["key"], index.store.forget)
                claims += 1
    return Swept(incoming=incoming, claims=claims)


def is_abandoned(owner: str, started_at: datetime, *, now: datetime) -> bool:
    """Whether nobody goes on with what HOST:PID began then; with what has no owner, nobody does."""
    if not owner:
        return True
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return now - started_at > ABANDONED
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    try:
        # The name, in parentheses, may hold anything; what follows it is field 3 of proc(5).
        fields = (PROC / pid / "stat").read_text().rpartition(")")[2].split()
        if fields[0] in DEAD:
            return True
        # In a container every start has the same numbers: one that began later is another process.
        return _born(fields) > started_at + SLACK
    except (OSError, ValueError, IndexError, StopIteration):
        # The system does not tell.
        return False


def _born(fields: Sequence[str]) -> datetime:
    """When a process began, of what its `stat` has from field 3 on; the start is field 22."""
    lines = (PROC / "stat").read_text().splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return datetime.fromtimestamp(boot + int(fields[19]) / os.sysconf("SC_CLK_TCK"), UTC)
