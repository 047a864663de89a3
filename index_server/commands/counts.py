"""The folder where a server's processes count together, named by the process that they belong to.

A server is another program than the one that made its folder, so the next one removes it.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "porter-index-metrics-"


def new_counts(top: Path | None = None) -> Path:
    """A folder for this process's server, among this machine's temporary ones or in `top`."""
    top = top or Path(tempfile.gettempdir())
    for folder in top.glob(f"{PREFIX}*"):
        if _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=top))


def _is_left(folder: Path) -> bool:
    """Whether it is this user's, and its server is gone."""
    number = folder.name.removeprefix(PREFIX).partition("-")[0]
    with suppress(OSError):
        if number.isdigit() and folder.lstat().st_uid == os.geteuid():
            try:
                os.kill(int(number), 0)
            except ProcessLookupError:
                return True
    return False
