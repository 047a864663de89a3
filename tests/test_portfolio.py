"""Many recipes in one run, most of them of wheels: laid out, finished and audited, not compiled."""

import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import Porter
from projects import make_pure
from running import run_porter, start_porter
from services import run_bucket
from wheels import make_wheel

from porter.artefact import last_seconds
from porter.batch import Failure
from porter.build import Built
from porter.home import Home
from porter.platform import Platform
from porter.portfolio import Portfolio, build_portfolio
from porter.progress import PlainReporter
from porter.store.objects import open_objects
from porter.store.shared import SharedStore
from porter.toolchain.model import Toolchain
from porter.wanted import read_wanted


def put_wheel(recipes: Path, name: str, *host: str, tag: str = "py3-none-any") -> Path:
    """A recipe whose source is a wheel."""
    folder = recipes / name
    wheel = make_wheel(folder, name, tag=tag)
    (folder / "recipe.toml").write_text(
        f'[source]\npath = "{wheel.name}"\n[requirements]\nhost = {list(host)}\n'.replace("'", '"')
    )
    return folder


class Works:
    """A folder of recipes, and runs over it."""

    def __init__(
        self, folder: Path, home: Home, env: dict[str, str], platform: Platform, chain: Toolchain
    ) -> None:
        self.recipes, self.home, self.env = folder, home, env
        self.platform, self.toolchain = platform, chain
        self.said = home.root.parent / "said"
        self.store: SharedStore | None = None

    def build(
        self, *texts: str, jobs: int = 1, fail_fast: bool = False
    ) -> tuple[dict[str, Built], dict[str, Failure]]:
        with self.said.open("w") as stream:
            built, failures = build_portfolio(
                read_wanted(texts, recipes=[self.recipes], platform=self.platform),
                Portfolio(
                    out=self.home.root.parent / "dist",
                    platform=self.platform,
                    toolchain=self.toolchain,
                    home=self.home,
                    env=self.env,
                    jobs=jobs,
                    report=PlainReporter(stream),
                    store=self.store,
                    fail_fast=fail_fast,
                ),
            )
        return {item.name: item for item in built}, {item.name: item for item in failures}


@pytest.fixture
def works(
    tmp_path: Path, build_home: Home, env: dict[str, str], platform: Platform, toolchain: Toolchain
) -> Works:
    (tmp_path / "recipes").mkdir()
    return Works(tmp_path / "recipes", build_home, env, platform, toolchain)


def how(built: Mapping[str, Built]) -> dict[str, str]:
    return {name: str(item.how) for name, item in built.items()}


def test_a_failure_blocks_its_users_alone_and_the_rest_is_kept(works: Works) -> None:
    put_wheel(works.recipes, "base")
    put_wheel(works.recipes, "app", "base", "bad")
    put_wheel(works.recipes, "its", "app")
    put_wheel(works.recipes, "far")
    bad = put_wheel(works.recipes, "bad", tag="cp313-cp313-manylinux_2_17_x86_64")
    built, failures = works.build(jobs=2)
    assert how(built) == {"base": "built", "far": "built"}
    assert {name: failure.blocked_by for name, failure in failures.items()} == {
        "bad": "",
        "app": "bad",
        "its": "bad",
    }
    said = works.said.read_text()
    assert "bad: failed: the build gave bad-1.0-cp313-cp313-manylinux" in said
    assert "app: blocked by bad (" in said
    assert "(5 of 5)" in said
    known = last_seconds(works.home, ["base", "bad", "far"], works.platform.pyodide)
    assert set(known) == {"base", "far"}

    # Once it is mended, the rest goes on from there.
    for path in bad.glob("*.whl"):
        path.unlink()
    put_wheel(works.recipes, "bad")
    built, failures = works.build()
    assert failures == {}
    assert how(built) == {
        "base": "reused",
        "bad": "built",
        "far": "reused",
        "app": "built",
        "its": "built",
    }


def test_a_build_for_another_platform_is_not_waited_for(works: Works) -> None:
    put_wheel(works.recipes, "app")
    with works.home.lock("build-app-314.0.7"):
        assert how(works.build()[0]) == {"app": "built"}


def test_what_porter_itself_gets_wrong_fails_one_build(works: Works) -> None:
    put_wheel(works.recipes, "good")
    odd = put_wheel(works.recipes, "odd")
    next(odd.glob("*.whl")).write_bytes(b"no archive at all")
    built, failures = works.build("good", "odd")
    assert how(built) == {"good": "built"}
    error = failures["odd"].error
    assert error.log is not None
    assert "Traceback" in error.log.read_text()


def test_fail_fast_and_the_table(works: Works, porter: Porter) -> None:
    put_wheel(works.recipes, "aa", tag="cp313-cp313-manylinux_2_17_x86_64")
    put_wheel(works.recipes, "ba", "aa")
    put_wheel(works.recipes, "ca")
    arguments = ("--recipes", works.recipes, "--jobs", "1", works.recipes)
    fast = porter("build", "--fail-fast", *arguments)
    assert fast.code == 3
    rows = {
        line.split()[0]: " ".join(line.split()[1:])
        for line in fast.out.splitlines()
        if line.strip()
    }
    assert rows["aa"].startswith("the build gave aa-1.0-cp313-cp313-manylinux")
    assert rows["aa"].endswith("failed")
    assert (rows["ba"], rows["ca"]) == ("blocked by aa", "blocked by aa")
    assert fast.err.count("porter: ") == 1, "what is blocked has no error of its own"
    slow = porter("build", "--json", *arguments)
    assert [item["name"] for item in slow.json["wheels"]] == ["ca"]
    assert {f["name"]: f["blocked_by"] for f in slow.json["failures"]} == {"aa": "", "ba": "aa"}


def test_two_machines_share_a_store(works: Works, other_home: Home, tmp_path: Path) -> None:
    put_wheel(works.recipes, "base")
    app = put_wheel(works.recipes, "app", "base")
    where, said = tmp_path / "store", list[str]()

    def machine(home: Home) -> Works:
        other = Works(works.recipes, home, works.env, works.platform, works.toolchain)
        other.store = SharedStore(open_objects(str(where), {}), said.append)
        return other

    one, two = machine(works.home), machine(other_home)
    first, _ = one.build("app", "base")
    assert how(first) == {"base": "built", "app": "built"}
    second, failures = two.build("app", "base")
    assert failures == {}
    assert how(second) == {"base": "from store", "app": "from store"}
    assert {item.sha256 for item in second.values()} == {item.sha256 for item in first.values()}
    assert "app: app-1.0-py3-none-any.whl from store (2 of 2)" in two.said.read_text()
    assert how(two.build("app")[0]) == {"base": "reused", "app": "reused"}
    # What changed alone is built; what it is compiled against is the same bytes.
    (app / "recipe.toml").write_text((app / "recipe.toml").read_text() + '[build]\ncflags = "-g"\n')
    third, _ = two.build("app")
    assert how(third) == {"base": "reused", "app": "built"}
    assert how(one.build("app")[0]) == {"base": "reused", "app": "from store"}
    assert said == []


def test_the_store_of_a_command_line(works: Works, porter: Porter, tmp_path: Path) -> None:
    put_wheel(works.recipes, "base")
    put_wheel(works.recipes, "app", "base")
    arguments = ("--recipes", works.recipes, "--store", tmp_path / "store", "--json")
    built = porter("build", "app", *arguments)
    assert built.code == 0, built.err
    assert built.json["warnings"] == []
    wheels = {item["name"]: item["sha256"] for item in built.json["wheels"]}
    shutil.rmtree(works.home.artefacts)
    (steps,) = porter("plan", "app", *arguments).json["plans"]
    assert {s["name"]: s["action"] for s in steps["steps"]} == {"base": "store", "app": "store"}
    again = porter("build", "app", *arguments).json["wheels"]
    assert {item["name"]: (item["how"], item["sha256"]) for item in again} == {
        name: ("from store", sha256) for name, sha256 in wheels.items()
    }


@pytest.mark.journey
def test_a_store_is_looked_after(works: Works, porter: Porter, tmp_path: Path) -> None:
    put_wheel(works.recipes, "base")
    put_wheel(works.recipes, "app", "base")
    env = {"PORTER_STORE": str(tmp_path / "store")}
    recipes = ("--recipes", works.recipes)
    assert porter("store", "list").code == 2, "no store is named"
    assert porter("build", "app", *recipes, env=env).code == 0
    listed = porter("store", "list", env=env)
    assert "2 entries" in listed.out
    assert "app-1.0-py3-none-any.whl" in listed.out
    assert "2 entries" in porter("store", "verify", env=env).out
    # A build that is not audited is nobody else's.
    put_wheel(works.recipes, "odd")
    assert porter("build", "odd", "--no-audit", *recipes, env=env).code == 0
    entries = porter("store", "list", "--json", env=env).json["entries"]
    assert [entry["name"] for entry in entries].count("odd") == 0
    put_wheel(works.recipes, "base2")
    assert porter("build", "base2", *recipes, env=env).code == 0
    old = time.time() - 100 * 86400
    for path in (tmp_path / "store").rglob("*.*"):
        os.utime(path, (old, old))
    tried = porter("store", "gc", "app", *recipes, "--dry-run", "--json", env=env).json
    assert [item["file"] for item in tried["removed"]] == ["base2-1.0-py3-none-any.whl"]
    swept = porter("store", "gc", "app", *recipes, env=env)
    assert swept.code == 0, swept.err
    assert "1 entries and 1 files removed" in swept.out
    assert "2 entries are kept" in swept.out
    damaged = next((tmp_path / "store" / "files").rglob("app-*.whl"))
    damaged.write_bytes(b"")
    verified = porter("store", "verify", env=env)
    assert verified.code == 1
    assert "are not those it promises" in verified.out
    shutil.rmtree(works.home.artefacts)
    mended = porter("build", "app", *recipes, env=env)
    assert mended.code == 0
    assert "porter: warning: StoreDamaged: entries/" in mended.err
    assert porter("store", "verify", env=env).code == 0
    away = porter("build", "app", *recipes, "--store", "/proc/none/of/it", "--json")
    assert away.code == 0
    assert [warning.split(":")[0] for warning in away.json["warnings"]] == ["StoreAway"]


@pytest.mark.journey
def test_a_bucket_is_shared_until_it_is_away(
    works: Works, porter: Porter, other_home: Home, tmp_path: Path
) -> None:
    put_wheel(works.recipes, "base")
    put_wheel(works.recipes, "app", "base")
    arguments = ("build", "app", "--recipes", works.recipes, "--json")
    with run_bucket(tmp_path / "buckets") as bucket:
        env = {"PORTER_STORE": "s3://wheels/porter", **bucket.env}
        assert porter(*arguments, env=env).code == 0
        other = run_porter(*arguments, home=other_home.root, cwd=tmp_path, env=env)
        assert other.code == 0, other.err
        assert {item["how"] for item in other.json["wheels"]} == {"from store"}
        assert "all sound" in porter("store", "verify", env=env).out
        bucket.stop()
        put_wheel(works.recipes, "late", "base")
        away = porter("build", "late", "--recipes", works.recipes, "--json", env=env)
    assert away.code == 0, away.err
    assert {item["name"]: item["how"] for item in away.json["wheels"]} == {
        "base": "reused",
        "late": "built",
    }
    assert away.json["warnings"]
    assert {warning.split(":")[0] for warning in away.json["warnings"]} == {"StoreAway"}
    assert porter("store", "list", env=env).code == 4


@pytest.mark.journey
def test_killed_in_the_middle_it_goes_on_where_it_was(works: Works, tmp_path: Path) -> None:
    put_wheel(works.recipes, "base")
    mark = tmp_path / "mark"
    begin = f"mark = pathlib.Path({str(mark)!r})\nif not mark.exists():\n"
    begin += "    mark.write_text(str(os.getpid()))\n    time.sleep(300)"
    folder = make_pure(works.recipes / "late", "late", begin=begin)
    (folder / "recipe.toml").write_text('[requirements]\nhost = ["base"]\n')
    arguments = ("build", "--recipes", works.recipes, "--json", "late")
    process = start_porter(*arguments, home=works.home.root, cwd=tmp_path)
    for _ in range(1200):
        if mark.exists() and mark.read_text():
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    left = Path(f"/proc/{mark.read_text()}")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert left.exists(), "nobody told the backend"
    again = run_porter(*arguments, home=works.home.root, cwd=tmp_path)
    assert again.code == 0, again.err
    until = time.monotonic() + 20
    while left.exists():
        # Killed, and not yet taken note of by its new parent.
        assert time.monotonic() < until
        time.sleep(0.1)
    wheels = {item["name"]: item["how"] for item in again.json["wheels"]}
    assert wheels == {"base": "reused", "late": "built"}
    assert list(works.home.work.iterdir()) == []
