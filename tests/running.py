"""Start the command `porter` as a person would."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 600
# A shell that runs the tests in the background has them, and what they start, ignore Ctrl-C.
HEEDS_INTERRUPTS = ("env", "--default-signal=INT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def porter_command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "porter", *map(str, arguments)]


def porter_env(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PORTER_HOME": str(home), **extra}


def run_porter(
    *arguments: str | Path,
    home: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    timeout: float = TIMEOUT,
) -> Ran:
    """Run to the end; `prefix` stands before the command, such as a program that limits it."""
    done = subprocess.run(
        [*prefix, *porter_command(*arguments)],
        cwd=cwd,
        env=porter_env(home, env or {}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def start_porter(*arguments: str | Path, home: Path, cwd: Path) -> subprocess.Popen[str]:
    """Start in a process group of its own, as a shell does, so that Ctrl-C can be sent to it."""
    return subprocess.Popen(
        [*HEEDS_INTERRUPTS, *porter_command(*arguments)],
        cwd=cwd,
        env=porter_env(home, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def interrupt(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ctrl-C: the signal goes to the whole group. What was printed, once it has ended."""
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=60)
