"""Start `porter index serve`, publish to it, and stop it."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PORTER = (sys.executable, "-m", "porter")
# Seconds to start, on a machine that does other things too.
PATIENCE = 90.0
POLL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that answers at `url`; `token` is its first one."""

    url: str
    token: str


@contextmanager
def serving(data: Path) -> Iterator[Serving]:
    """`porter index serve` of a new data folder, on a free port, until the context ends."""
    log = data.with_suffix(".log")
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [*PORTER, "index", "serve", "--data", str(data), "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _await_ready(server, log)
    finally:
        _stop(server)


def publish(wheels: Sequence[Path], index: Serving) -> None:
    """`porter publish`, as anybody would; raises CalledProcessError where the index refuses one."""
    subprocess.run(
        [*PORTER, "publish", *map(str, wheels), "--index", index.url],
        env={**os.environ, "PORTER_INDEX_TOKEN": index.token},
        check=True,
        capture_output=True,
        text=True,
    )


def report(notebooks: Path, index: Serving, page: Path) -> str:
    """`porter report` on a folder, wheels from the index; the page is written, the totals told."""
    command = [*PORTER, "report", str(notebooks), "--index", index.url]
    done = subprocess.run(
        [*command, "--format", "html", "--out", str(page)],
        check=True,
        capture_output=True,
        text=True,
    )
    # The last line of its progress tells what it found in all.
    last = done.stderr.splitlines()[-1]
    return last[re.search(r"\d+ notebook|$", last).start() :]  # type: ignore[union-attr] # "$"


def _await_ready(server: subprocess.Popen[bytes], log: Path) -> Serving:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        told = log.read_text("utf-8", "replace")
        url, token = re.search(r"http://[^\s/]+", told), re.search(r"porter_\S+", told)
        if url is not None and token is not None:
            try:
                with urllib.request.urlopen(f"{url[0]}/readyz", timeout=5):  # noqa: S310 # http
                    return Serving(url=url[0], token=token[0])
            except OSError:
                pass
        time.sleep(POLL)
    raise TimeoutError(f"the index did not start; {log} says why")


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    # The session is the server's own: its workers end with it.
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
