"""Many notebooks, and a wait for the first reports on them."""

import sqlite3
import time
from pathlib import Path

from bench.notebooks import make_notebooks

PATIENCE = 120.0


def put_notebooks(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number, data in enumerate(make_notebooks(count, outputs=False)):
        (folder / f"{number:04}.ipynb").write_bytes(data)
    return folder


def await_reports(cache: Path, count: int = 1) -> None:
    """Until so many reports are kept."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        base = sqlite3.connect(cache / "reports.sqlite", timeout=30) if cache.is_dir() else None
        try:
            if base is not None:
                [[kept]] = base.execute("SELECT count(*) FROM report")
                if kept >= count:
                    return
        except sqlite3.OperationalError:
            pass  # its tables are not there yet
        finally:
            if base is not None:
                base.close()
        time.sleep(0.05)
    raise AssertionError(f"no reports in {cache}")
