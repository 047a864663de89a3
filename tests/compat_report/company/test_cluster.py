"""A scheduler and two workers as processes of their own, one of which is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clusters import Dask
from company import await_reports, put_notebooks
from running import run_porter, start_porter

from porter.home import Home


@pytest.fixture
def dask(home: Home, tmp_path: Path) -> Iterator[Dask]:
    cluster = Dask(tmp_path)
    try:
        for _ in range(2):
            cluster.add_worker(home.root)
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
