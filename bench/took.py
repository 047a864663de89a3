"""What a process took: on a busy machine, its processor time tells more than the clock."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One process and its children: seconds by the clock, seconds of processors, and bytes at its height.

    `out` is what it printed on standard output, where that was asked for.
    """

    clock: float
    work: float
    memory: int
    out: bytes = b""


def run(
    command: Sequence[str],
    *,
    fine: Sequence[int] = (0,),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    keep: bool = False,
) -> Took:
    """Run it to its end; another exit code than those that are `fine` ends the bench. `keep` its output."""
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out if keep else log,
            stderr=log,
            env=env,
            cwd=cwd,
        )
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode not in fine:
            log.seek(0)
            told = (out.read() + log.read())[-4000:].decode("utf-8", "replace")
            sys.exit(f"{command}: {process.returncode}\n{told}")
        work = usage.ru_utime + usage.ru_stime
        return Took(clock=clock, work=work, memory=usage.ru_maxrss * 1024, out=out.read())
