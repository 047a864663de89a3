import os
import subprocess
import sys
from pathlib import Path

from index_server.commands.counts import PREFIX, new_counts


def test_what_a_server_that_is_gone_left_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f"{PREFIX}{gone.pid}-abc"
    left.mkdir()
    (left / "counter_1.db").write_bytes(b"x")
    runs = tmp_path / f"{PREFIX}{os.getpid()}-def"
    strange = tmp_path / f"{PREFIX}of-somebody"
    other = tmp_path / "porter-other"
    for folder in (runs, strange, other):
        folder.mkdir()
    target = tmp_path / "precious"
    target.mkdir()
    link = tmp_path / f"{PREFIX}{gone.pid}-link"
    link.symlink_to(target)

    made = new_counts(tmp_path)

    assert made.name.startswith(f"{PREFIX}{os.getpid()}-")
    assert not left.exists()
    assert runs.exists()
    assert strange.exists()
    assert other.exists()
    assert target.exists()
