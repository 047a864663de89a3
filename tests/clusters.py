"""Real Dask clusters: a scheduler and its workers as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from services import await_port, free_port

WORKER = ["--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "30"]


class Dask:
    """A cluster of this machine's, without workers at first."""

    def __init__(self, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", {}, "--host", self.address, "--no-dashboard")
        await_port(int(self.address.rpartition(":")[2]))

    def add_worker(self, home: Path, env: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
        """A worker with caches of its own."""
        env = {**env, "PORTER_HOME": str(home)}
        worker = self._start("worker", env, self.address, *WORKER, "--host", "127.0.0.1")
        self.workers.append(worker)
        return worker

    def await_workers(self, count: int) -> None:
        """Until so many have come."""
        log = self._folder / "scheduler.log"
        for _ in range(1200):
            if log.read_text().count("Register worker") >= count:
                return
            time.sleep(0.05)
        raise AssertionError(log.read_text())

    def _start(self, kind: str, env: Mapping[str, str], *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *words]
        with (self._folder / f"{kind}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._running.append(process)
        return process

    def stop(self) -> None:
        # Workers first: one that is told to end looks for its scheduler.
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
