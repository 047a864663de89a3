"""A server that is started as a process of its own, watched, and stopped with all that it started."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porter.errors import CommandFailed
from porter.process import read_tail

POLL = 0.1
# Seconds to end by itself: kernels are shut down, uploads in flight are ended.
ENDING = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """The process, what it is called in errors, and the file with all that it prints."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises CommandFailed where it has ended."""
        code = self.process.poll()
        if code is None:
            return
        lines = [line.strip() for line in read_tail(self.log) if line.strip()]
        # What Porter itself says no to stands before what to do.
        said = [line for line in lines if line.startswith("porter: ")] or lines or [""]
        raise CommandFailed(
            f"{self.name} ended with {code}: {said[-1].removeprefix('porter: ')}",
            advice="the log says why",
            log=self.log,
        )

    def await_answer(self, url: str, seconds: float) -> None:
        """Until it answers at all; raises CommandFailed where it ends, or does not in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            try:
                with urllib.request.urlopen(url, timeout=5):  # noqa: S310 # our own address
                    return
            except urllib.error.HTTPError as error:
                error.close()
                return
            except OSError:
                time.sleep(POLL)
        raise CommandFailed(
            f"{self.name} does not answer after {seconds:.0f} seconds",
            advice="the log may say why",
            log=self.log,
        )


@contextmanager
def start_child(
    name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str]
) -> Iterator[Child]:
    """Run until the context ends; Ctrl-C in the terminal reaches the parent alone."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Child(name=name, process=process, log=log)
    finally:
        _stop(process)


def free_port(host: str) -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
