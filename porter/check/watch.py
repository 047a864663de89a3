"""Watch one run from its first event to its last, or to its death."""

import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from porter.process import Children, await_session, read_tail, stop_session

POLL = 0.02


class Listener(Protocol):
    """Who is told the events of one runtime; `output` is what it printed and is not logged yet."""

    started: bool
    output: list[str]

    @property
    def over(self) -> bool:
        """Whether the runtime has no more to tell."""
        ...

    def learn(self, lines: Iterable[bytes]) -> None:
        """Events, one JSON document a line."""
        ...


def watch(
    command: Sequence[str | Path],
    course: Listener,
    events: Path,
    log: Path,
    env: Mapping[str, str],
    timeout: float,
    children: Children | None,
) -> tuple[str, float]:
    """One runtime from start to end: why it ended where it does not say, and when it was ready."""
    words = [str(word) for word in command]
    ready, heard = 0.0, time.monotonic()
    with log.open("ab") as sink, events.open("rb") as told:
        sink.write(f"$ {' '.join(words)}\n".encode())
        sink.flush()
        child = subprocess.Popen(
            words,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if children is not None:
            children.add(child.pid)
        try:
            while not course.over:
                over = _ended(child)
                lines = told.readlines()
                if lines and not lines[-1].endswith(b"\n"):
                    # A line that is still being written is read the next time.
                    told.seek(-len(lines.pop()), 1)
                course.learn(lines)
                if course.output:
                    sink.write("".join(f"{line}\n" for line in course.output).encode())
                    sink.flush()
                    course.output.clear()
                now = time.monotonic()
                heard = now if lines else heard
                ready = ready or (now if course.started else 0.0)
                if over and not lines:
                    break
                if now - heard > timeout:
                    return f"no answer after {timeout:g} s", ready
        finally:
            stop_session(child.pid)
            child.wait()
            await_session(child.pid)
            if children is not None:
                children.remove(child.pid)
    return f"the runtime died: {_last_words(log) or 'it ended itself'}", ready


def _ended(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(POLL)
    except subprocess.TimeoutExpired:
        return False
    return True


def _last_words(log: Path) -> str:
    """What Node said of its own death, such as that its memory is used up."""
    for line in reversed(read_tail(log)):
        if line.startswith("FATAL ERROR: "):
            return line[:200]
        if line.startswith("$ "):
            break
    return ""
