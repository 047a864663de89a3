"""A run that is stopped while it works leaves no processes, and goes on when it is started again."""

import os
import signal
import time
from pathlib import Path

import pytest
from company import await_reports, put_notebooks
from running import run_porter, start_porter

from porter.home import Home


def processes_of(session: int) -> list[int]:
    """Those of a session: a process group of a shell's command, and all they started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        # proc(5): state, ppid, pgrp, session
        if fields[0] != "Z" and int(fields[3]) == session:
            found.append(int(entry.name))
    return found


@pytest.mark.journey
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_started_again_it_goes_on(how: signal.Signals, catalog_home: Home, tmp_path: Path) -> None:
    books = put_notebooks(tmp_path / "books", 900)
    given: list[str | Path] = ["report", "--offline", "--format", "json", "--jobs", "2", books]
    cache: list[str | Path] = ["--cache", tmp_path / "cache"]
    process = start_porter(*given, *cache, home=catalog_home.root, cwd=tmp_path)
    # The first few are read by the process itself.
    await_reports(tmp_path / "cache", 260)
    assert len(processes_of(process.pid)) > 2
    if how is signal.SIGINT:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert out == ""
    assert "Traceback" not in err
    until = time.monotonic() + 30
    while processes_of(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not processes_of(process.pid)
    again = run_porter(*given, *cache, home=catalog_home.root, cwd=tmp_path)
    assert again.code == 0, again.err
    alone = run_porter(*given, "--cache", tmp_path / "other", home=catalog_home.root, cwd=tmp_path)
    assert again.out == alone.out
