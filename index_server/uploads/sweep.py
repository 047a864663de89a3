"""What a killed server leaves, removed when one starts: half an upload is none."""

import os
import socket
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
    # In a container every start has the same numbers: one that began later is another process.
    born = _born(int(pid))
    return born is not None and born > started_at + SLACK


def _born(pid: int) -> datetime | None:
    """When a process began, None where the system does not tell."""
    try:
        # The name, in parentheses, may hold anything; proc(5) counts the start as field 22.
        ticks = int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
        lines = (PROC / "stat").read_text().splitlines()
        boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return datetime.fromtimestamp(boot + ticks / os.sysconf("SC_CLK_TCK"), UTC)
