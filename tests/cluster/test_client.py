"""A scheduler and two workers, each a process with caches of its own; one of them is killed."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clusters import Dask
from conftest import Porter, borrow
from projects import make_pure, make_tiny
from running import interrupt, start_porter
from services import run_bucket
from wheels import make_wheel

from porter.home import Home
from porter.toolchain.model import Toolchain, installed_toolchains

type Homes = Callable[[str], Home]


@pytest.fixture
def homes(home: Home, toolchain: Toolchain, tmp_path: Path) -> Homes:
    """Caches of workers, that have the toolchain."""

    def make(name: str) -> Home:
        made = Home(root=tmp_path / "workers" / name)
        made.root.mkdir(parents=True)
        borrow(home, made)
        return made

    return make


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    cluster = Dask(tmp_path)
    try:
        yield cluster
    finally:
        cluster.stop()


def put_recipe(recipes: Path, name: str, *host: str, tag: str = "py3-none-any") -> None:
    """A recipe whose source is a wheel."""
    wheel = make_wheel(recipes / name, name, tag=tag)
    listed = ", ".join(f'"{each}"' for each in host)
    (recipes / name / "recipe.toml").write_text(
        f'[source]\npath = "{wheel.name}"\n[requirements]\nhost = [{listed}]\n'
    )


def put_slow(recipes: Path, name: str, mark: Path) -> None:
    """A project whose first build says who builds it, and does not end."""
    begin = f"mark = pathlib.Path({str(mark)!r})\nif not mark.exists():\n"
    begin += "    mark.write_text(str(os.getpid()))\n    time.sleep(300)"
    make_pure(recipes / name, name, begin=begin)


def await_mark(mark: Path) -> int:
    """The process that left it."""
    for _ in range(1200):
        if mark.exists() and mark.read_text():
            return int(mark.read_text())
        time.sleep(0.05)
    raise AssertionError("nobody builds")


def test_what_is_built_elsewhere_is_the_same(
    dask: Dask, homes: Homes, porter: Porter, build_home: Home, tmp_path: Path
) -> None:
    recipes = tmp_path / "recipes"
    put_recipe(recipes, "base")
    put_recipe(recipes, "app", "base")
    put_recipe(recipes, "bad", tag="cp313-cp313-manylinux_2_17_x86_64")
    put_recipe(recipes, "its", "bad")
    worker = homes("one")
    dask.add_worker(worker.root)
    given = ("build", "--json", "--recipes", recipes, recipes)
    there = porter(*given, "--cluster", dask.address, "--store", tmp_path / "store")
    assert there.code == 3, there.err
    assert "app: begun on " in there.err
    assert {item["name"]: item["how"] for item in there.json["wheels"]} == {
        "base": "built",
        "app": "built",
    }
    failures = {item["name"]: item for item in there.json["failures"]}
    assert {name: item["blocked_by"] for name, item in failures.items()} == {
        "bad": "",
        "its": "bad",
    }
    assert "bad-1.0-cp313-cp313-manylinux" in failures["bad"]["message"]
    assert there.json["warnings"] == []
    assert len([*worker.artefacts.glob("*/artefact.json")]) == 2
    assert not [*worker.work.iterdir()]
    shutil.rmtree(build_home.artefacts)
    here = porter(*given)
    assert [item["sha256"] for item in here.json["wheels"]] == [
        item["sha256"] for item in there.json["wheels"]
    ]


@pytest.mark.journey
def test_a_killed_worker_loses_nothing(
    dask: Dask, homes: Homes, porter: Porter, build_home: Home, tmp_path: Path
) -> None:
    recipes, mark = tmp_path / "recipes", tmp_path / "mark"
    put_recipe(recipes, "base")
    put_slow(recipes, "late", mark)
    (recipes / "late" / "recipe.toml").write_text('[requirements]\nhost = ["base"]\n')
    make_tiny(recipes / "tiny")
    (recipes / "tiny" / "recipe.toml").write_text("")
    processes = [dask.add_worker(homes(name).root) for name in ("one", "two")]
    dask.await_workers(2)
    given = ("build", "--json", "--recipes", recipes, "late", "tiny")
    there = ("--cluster", dask.address, "--store", tmp_path / "store")
    client = start_porter(*given, *there, home=build_home.root, cwd=tmp_path)
    backend = await_mark(mark)
    killed = next(each for each in processes if is_above(each.pid, backend))
    killed.kill()
    out, err = client.communicate(timeout=300)
    assert client.returncode == 0, err
    assert '"failures": []' in out
    # The same bytes as here, and with nobody's caches.
    shutil.rmtree(build_home.artefacts)
    first = {path.name: path.read_bytes() for path in (tmp_path / "dist").glob("*.whl")}
    assert len(first) == 3
    assert porter(*given).code == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "cwd" / "dist").glob("*.whl")} == first


def is_above(pid: int, child: int) -> bool:
    """Whether a process started another, or one that did."""
    while child > 1:
        stat = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2]
        child = int(stat.split()[1])
        if child == pid:
            return True
    return False


@pytest.mark.journey
def test_ctrl_c_ends_what_the_workers_build(
    dask: Dask, homes: Homes, build_home: Home, tmp_path: Path
) -> None:
    recipes, mark = tmp_path / "recipes", tmp_path / "mark"
    put_slow(recipes, "late", mark)
    worker = homes("one")
    dask.add_worker(worker.root)
    client = start_porter(
        *("build", "--recipes", recipes, recipes / "late", "--cluster", dask.address),
        *("--store", tmp_path / "store"),
        home=build_home.root,
        cwd=tmp_path,
    )
    backend = await_mark(mark)
    _, err = interrupt(client)
    assert client.returncode == 130, err
    assert "what was finished is kept" in err
    for _ in range(200):
        if not Path(f"/proc/{backend}").exists() and not [*worker.work.iterdir()]:
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{backend}").exists()
    assert not [*worker.work.iterdir()]


@pytest.mark.journey
def test_who_lacks_what_it_takes_is_left_out_and_told_of(
    dask: Dask, homes: Homes, porter: Porter, tmp_path: Path
) -> None:
    recipes = tmp_path / "recipes"
    put_recipe(recipes, "base")
    given = ("build", "--json", "--recipes", recipes, "base", "--store", tmp_path / "store")
    assert porter(*given[:-2], "--cluster", dask.address).code == 2, "no store"
    assert porter(*given, "--no-audit", "--cluster", dask.address).code == 2
    away = porter(*given, "--cluster", "tcp://127.0.0.1:1")
    assert away.code == 4
    assert "no cluster answers at tcp://127.0.0.1:1" in away.err
    (tmp_path / "bare").mkdir()
    dask.add_worker(tmp_path / "bare")
    nobody = porter(*given, "--cluster", dask.address)
    assert nobody.code == 4
    assert "can take work" in nobody.err
    assert "lacks the toolchain " in nobody.err
    assert "(it has none)" in nobody.err
    assert not (tmp_path / "bare" / "toolchains").exists(), "nobody told it to install any"
    dask.add_worker(homes("one").root)
    dask.await_workers(2)
    ran = porter(*given, "--cluster", dask.address)
    assert ran.code == 0, ran.err
    assert [text.partition(":")[0] for text in ran.json["warnings"]] == ["WorkerLeftOut"]


@pytest.mark.journey
def test_a_worker_installs_the_toolchain_and_shares_a_bucket(
    dask: Dask, home: Home, porter: Porter, build_home: Home, tmp_path: Path
) -> None:
    recipes, worker = tmp_path / "recipes", Home(root=tmp_path / "worker")
    worker.root.mkdir()
    borrow(home, worker)
    worker.toolchains.unlink()
    put_recipe(recipes, "base")
    put_recipe(recipes, "app", "base")
    given = ("build", "--json", "--recipes", recipes, "app", "--cluster", dask.address)
    with run_bucket(tmp_path / "buckets") as bucket:
        dask.add_worker(worker.root, bucket.env)
        store = ("--store", "s3://wheels/porter")
        ran = porter(*given, *store, "--cluster-install", env=bucket.env)
        assert ran.code == 0, ran.err
        assert len(installed_toolchains(worker)) == 1
        shutil.rmtree(build_home.artefacts)
        again = porter(*given[:-2], *store, env=bucket.env)
    assert again.code == 0, again.err
    assert {item["how"] for item in again.json["wheels"]} == {"from store"}
    assert again.json["warnings"] == []


@pytest.mark.journey
def test_a_failing_build_brings_its_log_and_fail_fast_begins_nothing_more(
    dask: Dask, homes: Homes, porter: Porter, build_home: Home, tmp_path: Path
) -> None:
    recipes = tmp_path / "recipes"
    make_tiny(recipes / "aa", source="#include <not_there.h>\n")
    (recipes / "aa" / "recipe.toml").write_text("")
    put_recipe(recipes, "ba")
    dask.add_worker(homes("one").root)
    ran = porter(
        *("build", "--json", "--fail-fast", "--recipes", recipes, "aa", "ba"),
        *("--cluster", dask.address, "--store", tmp_path / "store"),
    )
    assert ran.code == 3, ran.err
    failed = {item["name"]: item for item in ran.json["failures"]}
    assert "not_there.h" in failed["aa"]["message"]
    assert failed["aa"]["advice"]
    assert Path(failed["aa"]["log"]).is_relative_to(build_home.logs)
    assert "fatal error: 'not_there.h'" in Path(failed["aa"]["log"]).read_text()
    assert failed["ba"]["blocked_by"] == "aa"


@pytest.mark.journey
def test_a_cluster_that_goes_away_is_told_of(
    dask: Dask, homes: Homes, build_home: Home, tmp_path: Path
) -> None:
    recipes, mark = tmp_path / "recipes", tmp_path / "mark"
    put_slow(recipes, "late", mark)
    put_recipe(recipes, "early")
    dask.add_worker(homes("one").root)
    client = start_porter(
        *("build", "--json", "--recipes", recipes, "early", recipes / "late"),
        *("--cluster", dask.address, "--store", tmp_path / "store"),
        home=build_home.root,
        cwd=tmp_path,
    )
    backend = await_mark(mark)
    dask.scheduler.kill()
    out, err = client.communicate(timeout=120)
    assert client.returncode == 4, err
    document = json.loads(out)
    assert [item["name"] for item in document["wheels"]] == ["early"]
    assert document["failures"][0]["error"] == "BadCluster"
    os.kill(backend, signal.SIGKILL)


@pytest.mark.journey
def test_a_worker_may_have_the_clients_own_caches(
    dask: Dask, porter: Porter, build_home: Home, tmp_path: Path
) -> None:
    recipes = tmp_path / "recipes"
    put_recipe(recipes, "base")
    put_recipe(recipes, "app", "base")
    dask.add_worker(build_home.root)
    ran = porter(
        *("build", "--json", "--recipes", recipes, recipes),
        *("--cluster", dask.address, "--store", tmp_path / "store"),
    )
    assert ran.code == 0, ran.err
    assert {item["how"] for item in ran.json["wheels"]} == {"built"}


@pytest.mark.journey
def test_a_build_that_ends_its_workers_fails_by_itself(
    dask: Dask, homes: Homes, porter: Porter, tmp_path: Path
) -> None:
    recipes = tmp_path / "recipes"
    begin = 'pid = os.getpid()\nproc = pathlib.Path("/proc")\n'
    begin += 'while b"dask_worker" not in (proc / str(pid) / "cmdline").read_bytes():\n'
    begin += '    stat = (proc / str(pid) / "stat").read_text()\n'
    begin += '    pid = int(stat.rpartition(")")[2].split()[1])\nos.kill(pid, 9)'
    make_pure(recipes / "aa", "aa", begin=begin)
    (recipes / "aa" / "recipe.toml").write_text("")
    put_recipe(recipes, "ba")
    workers = [dask.add_worker(homes(name).root) for name in "uvwxyz"]
    dask.await_workers(len(workers))
    ran = porter(
        *("build", "--json", "--recipes", recipes, "aa", "ba"),
        *("--cluster", dask.address, "--store", tmp_path / "store"),
    )
    assert ran.code == 3, ran.err
    assert [item["name"] for item in ran.json["wheels"]] == ["ba"]
    assert "every worker that built it ended" in ran.json["failures"][0]["message"]
    assert sum(worker.poll() is None for worker in workers) == 2
