"""Run one command: its output goes to a log, its failure becomes a named error."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from porter.errors import CommandFailed, CommandTimedOut, MissingRequirement

TAIL_BYTES = 64 * 1024


class Children:
    """The child processes of one run, so that an interrupt can end them all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pids: set[int] = set()
        self._stopped = False

    def add(self, pid: int) -> None:
        """A child started; after `stop` it is ended at once."""
        with self._lock:
            self._pids.add(pid)
            stopped = self._stopped
        if stopped:
            stop_session(pid)

    def remove(self, pid: int) -> None:
        """A child ended."""
        with self._lock:
            self._pids.discard(pid)

    @property
    def stopped(self) -> bool:
        """Whether an interrupt has ended them."""
        return self._stopped

    def stop(self) -> None:
        """End every child, and those that are started later."""
        with self._lock:
            self._stopped = True
            pids = set(self._pids)
        for pid in pids:
            stop_session(pid)


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
    children: Children | None = None,
    files: Sequence[int] = (),
) -> None:
    """Run `command` in a session of its own, appending what it prints to `log`.

    `env` is the whole environment of the child, nothing is inherited. `on_line` sees each
    line as it comes; `children` lets another thread end it; it inherits the open `files`. However it ends, no process of the
    session is left behind. Raises CommandFailed, CommandTimedOut after `timeout` seconds, or
    MissingRequirement where the program is not there.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    timed_out = threading.Event()
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(words)}\n".encode())
        sink.flush()
        child = _start(words, env, cwd, files)

        def expire() -> None:
            timed_out.set()
            stop_session(child.pid)

        timer = threading.Timer(timeout or 0, expire)
        if timeout is not None:
            timer.start()
        if children is not None:
            children.add(child.pid)
        try:
            _tee(child, sink, on_line)
            code = child.wait()
        finally:
            timer.cancel()
            stop_session(child.pid)
            child.wait()
            if children is not None:
                children.remove(child.pid)
    if timed_out.is_set():
        raise CommandTimedOut(f"{words[0]} was stopped after {timeout:g} s", log=log)
    if code != 0:
        raise CommandFailed(f"{Path(words[0]).name} ended with exit code {code}", log=log)


def _start(
    words: list[str], env: Mapping[str, str], cwd: Path | None, files: Sequence[int]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=files,
        )
    except FileNotFoundError as error:
        raise MissingRequirement(
            f"{words[0]}: no such program", advice="`porter doctor` says what installs it"
        ) from error


def _tee(
    child: subprocess.Popen[bytes], sink: BinaryIO, on_line: Callable[[str], None] | None
) -> None:
    with child.stdout or io.BytesIO() as output:
        for line in output:
            sink.write(line)
            if on_line is not None:
                sink.flush()
                on_line(line.decode("utf-8", "replace").rstrip("\r\n"))


def find_program(name: str, env: Mapping[str, str]) -> Path:
    """Where a program is on the PATH of `env`; raises MissingRequirement where it is not."""
    found = shutil.which(name, path=env.get("PATH"))
    if found is None:
        raise MissingRequirement(
            f"{name} is not on PATH", advice="`porter doctor` says what installs it"
        )
    return Path(found)


def stop_session(pid: int) -> None:
    """Kill the process group that `pid` leads; it may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def stop_within(folder: Path) -> None:
    """Kill every process that works below `folder`: those that a killed run left behind.

    The caller alone may start any there. Linux tells of them in /proc; elsewhere none is found.
    """
    inside = os.path.realpath(folder)
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            # What was removed below a process has a word after its name.
            where = str(place.readlink()).removesuffix(" (deleted)")
            if where == inside or where.startswith(f"{inside}{os.sep}"):
                os.kill(int(place.parent.name), signal.SIGKILL)


def await_session(pid: int, seconds: float = 1.0) -> None:
    """Wait for the processes that `stop_session` killed: they may still hold files."""
    until = time.monotonic() + seconds
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < until:
            os.killpg(pid, 0)
            time.sleep(0.01)


def read_tail(log: Path, limit: int = TAIL_BYTES) -> list[str]:
    """The last lines of `log`, at most `limit` bytes of them."""
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        size = file.tell()
        file.seek(max(0, size - limit))
        text = file.read().decode("utf-8", "replace")
    lines = text.splitlines()
    return lines[1:] if size > limit else lines
