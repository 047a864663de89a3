"""What dead processes left is removed; what living ones are at is not touched."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings, process_name
from index_server.model import file_key
from index_server.records.database import begin_upload, read_pending
from index_server.uploads.incoming import open_incoming
from index_server.uploads.sweep import is_abandoned, sweep

HOST = socket.gethostname()
NOW = datetime.now(UTC)


def dead() -> str:
    """The name of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return f"{HOST}:{done.pid}"


def test_who_is_gone() -> None:
    assert is_abandoned(dead(), NOW, now=NOW)
    assert not is_abandoned(process_name(), datetime.now(UTC), now=NOW)
    # The number is the same, and the process another: this one began later.
    assert is_abandoned(process_name(), NOW - timedelta(days=3), now=NOW)
    assert not is_abandoned("elsewhere:1", NOW - timedelta(hours=23), now=NOW)
    assert is_abandoned("elsewhere:1", NOW - timedelta(hours=25), now=NOW)
    assert not is_abandoned("tests", NOW, now=NOW)
    assert is_abandoned(f"{HOST}:{'9' * 30}", NOW, now=NOW)


def test_a_process_that_its_parent_takes_no_note_of_is_gone() -> None:
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = f"{HOST}:{killed.pid}"
    begun = datetime.now(UTC)
    assert not is_abandoned(name, begun, now=begun)
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    assert is_abandoned(name, begun, now=begun)
    killed.communicate()


def test_what_is_removed(index: Holdings, tmp_path: Path) -> None:
    kept = put_wheel(index, make_wheel(tmp_path, "kept"))
    incoming = open_incoming(index.incoming)
    (index.incoming / "left.part").write_bytes(b"half")
    half, whole, going = (file_key("ab" * 32, f"{n}-1.0-py3-none-any.whl") for n in "abc")
    for key, owner in (
        (half, dead()),
        (whole, dead()),
        (going, process_name()),
        # It had sent its answer, and was killed before it could forget.
        (kept.key, dead()),
    ):
        begin_upload(index.engine, key, owner)
    index.store.put_bytes(f"{half}.metadata", b"")
    for key in (whole, going):
        index.store.put_bytes(key, b"")
        index.store.put_bytes(f"{key}.metadata", b"")
    swept = sweep(index)
    assert swept.incoming == 1
    assert swept.claims == 3
    assert [claim["key"] for claim in read_pending(index.engine)] == [going]
    assert set(index.store.keys()) == {
        kept.key,
        f"{kept.key}.metadata",
        going,
        f"{going}.metadata",
    }
    assert os.listdir(index.incoming) == [incoming.path.name]  # noqa: PTH208
    incoming.discard()
    assert sweep(index).claims == 0


def test_a_store_that_is_away_is_swept_the_next_time(index: Holdings) -> None:
    key = file_key("ab" * 32, "a-1.0-py3-none-any.whl")
    begin_upload(index.engine, key, dead())
    folder = index.store.folder
    assert folder is not None
    folder.rmdir()
    folder.write_bytes(b"not a folder")
    assert sweep(index).claims == 0
    assert len(read_pending(index.engine)) == 1
    folder.unlink()
    folder.mkdir()
    assert sweep(index).claims == 1
    assert read_pending(index.engine) == []
