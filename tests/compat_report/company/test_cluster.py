"""A scheduler and two workers as processes of their own, one of which is killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from company import await_reports, put_notebooks
from running import run_porter, start_porter
from services import await_port, free_port

from porter.home import Home

WORKER = ["--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "30"]


class Dask:
    """A cluster of this machine's."""

    def __init__(self, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", self.address, "--no-dashboard")
        await_port(int(self.address.rpartition(":")[2]))
        self.workers = [
            self._start("worker", self.address, *WORKER, "--host", "127.0.0.1") for _ in range(2)
        ]

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *arguments]
        with (self._folder / f"{kind}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._running.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    cluster = Dask(tmp_path)
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.mark.journey
def test_a_killed_worker_loses_nothing(dask: Dask, catalog_home: Home, tmp_path: Path) -> None:
    books = put_notebooks(tmp_path / "books", 400)
    given: list[str | Path] = ["report", "--offline", "--format", "json", books]
    cache: list[str | Path] = ["--cache", tmp_path / "cache", "--cluster", dask.address]
    process = start_porter(*given, *cache, home=catalog_home.root, cwd=tmp_path)
    await_reports(tmp_path / "cache")
    dask.workers[0].kill()
    assert process.poll() is None
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    here = run_porter(*given, "--cache", tmp_path / "none", home=catalog_home.root, cwd=tmp_path)
    assert out == here.out
    again = run_porter(*given, *cache, home=catalog_home.root, cwd=tmp_path)
    assert again.out == here.out


def test_a_cluster_reads_notebooks(dask: Dask, catalog_home: Home, tmp_path: Path) -> None:
    books = put_notebooks(tmp_path / "books", 4)
    (books / "local.py").write_text("import threading\nthreading.Thread()\n")
    ran = run_porter(
        *("report", "--offline", "--format", "json", "--cluster", dask.address),
        *("--cache", tmp_path / "cache", books),
        home=catalog_home.root,
        cwd=tmp_path,
    )
    assert ran.code == 0, ran.err
    assert len(ran.json["notebooks"]) == 4


@pytest.mark.journey
def test_no_cluster_there(catalog_home: Home, tmp_path: Path) -> None:
    books = put_notebooks(tmp_path / "books", 1)
    ran = run_porter(
        *("report", "--offline", "--cluster", "tcp://127.0.0.1", books),
        home=catalog_home.root,
        cwd=tmp_path,
    )
    assert ran.code == 4, ran.err
    assert "no cluster answers at tcp://127.0.0.1" in ran.err
