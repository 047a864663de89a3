"""What a build would do, and why, on a cache that holds what a test put there."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from projects import make_sdist, make_tiny
from shelf import serve_shelf
from wheels import make_wheel

from porter.artefact import artefact_key, keep_artefact, remember_build
from porter.errors import ConfigurationError, SourceNotFound
from porter.home import Home
from porter.inputs import build_inputs
from porter.plan import Action, Planning, Step, given_files, plan_build, read_graph
from porter.platform import Platform, read_platform
from porter.runtime import Runtime
from porter.source.fetch import locate_source
from porter.toolchain.model import Toolchain
from porter.wanted import Wanted, read_wanted

COMPILER = Toolchain(
    provider="path",
    platform="0.29.5",
    root=Path("/t"),
    xbuildenv=Path("/t/x"),
    path=(),
    emscripten="4.0.9",
    clang="19",
    ccache=None,
    components=(),
    identity="the toolchain",
)


class Bench:
    """A folder of recipes, and plans for it."""

    def __init__(self, folder: Path, home: Home, env: dict[str, str], platform: Platform) -> None:
        self.recipes, self.home, self.env, self.platform = folder, home, env, platform
        self.toolchain: Toolchain | None = COMPILER
        self.index: str | None = None

    def put(self, name: str, text: str = "") -> Path:
        folder = self.recipes / name
        if not folder.exists():
            make_tiny(folder)
        (folder / "recipe.toml").write_text(text)
        return folder

    def wanted(self, *texts: str) -> Wanted:
        return read_wanted(texts, recipes=[self.recipes], platform=self.platform)

    def plan(self, *texts: str) -> dict[str, Step]:
        wanted = self.wanted(*texts)
        graph = read_graph(
            wanted,
            platform=self.platform,
            toolchain=self.toolchain,
            index=self.index,
            home=self.home,
            env=self.env,
        )
        planning = Planning(
            platform=self.platform,
            toolchain=self.toolchain,
            audited=True,
            home=self.home,
            env=self.env,
        )
        return {step.name: step for step in plan_build(graph, wanted, planning)}

    def keep(self, name: str, content: str = "", **host: str) -> str:
        """Have the project's wheel in the store, as a build would; its sha256."""
        wanted = self.wanted(name)
        recipe = wanted.recipes[name]
        inputs = build_inputs(
            recipe,
            identity=locate_source(wanted.source(recipe), home=self.home, env=self.env),
            platform=self.platform,
            toolchain=COMPILER.identity,
            host=host,
            audited=True,
        )
        wheel = self.recipes / f"{name}-1-py3-none-any.whl"
        wheel.write_text(content or name)
        key = artefact_key(inputs)
        kept = keep_artefact(self.home, key, wheel, seconds=1, inputs=inputs, audit="clean")
        remember_build(self.home, f"{name}-{self.platform.pyodide}", key)
        return kept.sha256


@pytest.fixture
def bench(
    tmp_path: Path, scratch_home: Home, home: Home, env: dict[str, str], runtime: Runtime
) -> Bench:
    (scratch_home.root / "runtimes").symlink_to(home.runtimes)
    (tmp_path / "recipes").mkdir()
    return Bench(tmp_path / "recipes", scratch_home, env, runtime.platform)


def test_what_changed_since_the_last_build(bench: Bench) -> None:
    folder = bench.put("app")
    assert bench.plan("app")["app"].why == "never built here"
    bench.keep("app")
    step = bench.plan("app")["app"]
    assert (step.action, step.why) == (Action.REUSE, "nothing changed")
    assert step.artefact is not None

    def why(text: str) -> str:
        bench.put("app", text)
        step = bench.plan("app")["app"]
        assert step.action is Action.BUILD
        return step.why

    # A folder's recipe is one of its files, and so are its patches.
    assert why('[build]\ncflags = "-O2"\n').startswith("source: ")
    assert why('[build]\ncflags = "-O2"\n').endswith("flags cflags is new")
    (folder / "a.patch").touch()
    assert "patches a.patch is new" in why('[build]\npatches = ["a.patch"]\n')
    assert "env CC is new" in why('[build]\nenv = {CC = "x"}\n')
    assert "recipe script is new" in why('[build]\nscript = "make"\n')
    (folder / "a.patch").unlink()
    bench.put("app")
    bench.toolchain = replace(COMPILER, identity="another")
    assert bench.plan("app")["app"].why == "toolchain: the toolchain → another"
    bench.toolchain = None
    assert bench.plan("app")["app"].why == "no toolchain is installed yet"


def test_a_dependency_that_is_built_again_builds_its_users(bench: Bench) -> None:
    bench.put("app", '[requirements]\nhost = ["lib"]\n')
    bench.put("lib")
    first = bench.plan("app")
    assert [*first] == ["lib", "app"]
    assert first["lib"].why == "never built here; app needs it to compile against"
    assert first["app"].after == ("lib",)
    sha256 = bench.keep("lib")
    bench.keep("app", lib=sha256)
    assert {step.action for step in bench.plan("app").values()} == {Action.REUSE}
    bench.put("lib", '[build]\nldflags = "-s"\n')
    again = bench.plan("app")
    assert [change.input for change in again["lib"].changes] == ["source", "flags"]
    assert again["app"].why == f"host lib: {sha256[:12]}… → not built yet"
    # Other inputs that make the same bytes make no difference to who is compiled against them.
    bench.keep("lib")
    assert bench.plan("app")["app"].action is Action.REUSE
    bench.keep("lib", "other bytes")
    assert bench.plan("app")["app"].why.startswith(f"host lib: {sha256[:12]}… → ")


def test_a_package_url_is_known_by_its_hash(bench: Bench, tmp_path: Path) -> None:
    sdist = make_sdist(make_tiny(tmp_path / "tiny"), tmp_path / "tiny-1.0.tar.gz")
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    folder = bench.recipes / "tiny"
    folder.mkdir()
    with serve_shelf(sdist) as shelf:
        bench.env = shelf.env(bench.env)
        (folder / "recipe.toml").write_text(
            f'[source]\npurl = "pkg:pypi/tiny@1.0"\nsha256 = "{digest}"\n'
        )
        assert bench.plan("tiny")["tiny"].version == "1.0"
        bench.keep("tiny")
        assert shelf.asked == [], "a hash tells all there is to know"
        (folder / "recipe.toml").write_text('[source]\npurl = "pkg:pypi/tiny@1.0"\n')
        assert bench.plan("tiny")["tiny"].action is Action.REUSE
        assert shelf.asked == ["/simple/tiny/"]
        step = bench.plan("pkg:pypi/absent@1")["absent"]
        assert (step.action, type(step.error)) == (Action.CANNOT, SourceNotFound)


def test_each_platform_has_its_version_and_its_own_history(bench: Bench) -> None:
    first = f'[source]\npurl = "pkg:pypi/app@1.0"\nsha256 = "{"1" * 64}"\n'
    other = f'[platform."314".source]\npurl = "pkg:pypi/app@2.0"\nsha256 = "{"2" * 64}"\n'
    bench.put("app", first)
    bench.keep("app")
    bench.put("app", first + other)
    older = bench.plan("app")["app"]
    assert (older.version, older.action) == ("1.0", Action.REUSE)
    bench.platform = read_platform("314")
    newer = bench.plan("app")["app"]
    assert (newer.version, newer.action, newer.why) == ("2.0", Action.BUILD, "never built here")
    bench.put("app", f'{first}[platform."314".package]\ndisabled = true\n')
    assert bench.plan("app")["app"].action is Action.SKIP


def test_what_somebody_has(bench: Bench, tmp_path: Path, runtime: Runtime) -> None:
    numpy = runtime.lock()["packages"]["numpy"]["version"]
    bench.put("numpy", f'[package]\nversion = "{numpy}"\n')
    bench.put("acme-core", '[package]\nversion = "1.0"\n')
    bench.put("app", '[requirements]\nhost = ["acme-core"]\nrun = ["numpy", "attrs", "pure"]\n')
    plan = bench.plan()
    assert {name: str(step.action) for name, step in plan.items()} == {
        "acme-core": "build",
        "app": "build",
        "numpy": "provided",
        "attrs": "provided",
        "pure": "outside",
    }
    assert plan["numpy"].why == f"Pyodide {bench.platform.pyodide} has it"
    assert plan["pure"].way == ("app", "pure")
    assert bench.plan("numpy")["numpy"].action is Action.BUILD, "it was named"

    tag = f"cp313-cp313-{bench.platform.tag}"
    shelf = tmp_path / "shelf"
    files = [make_wheel(shelf, "acme-core", version, tag=tag) for version in ("1.0", "2.0")]
    files.append(make_wheel(shelf, "pure", "3.0"))
    files.append(make_wheel(shelf, "app", "9", tag="cp313-cp313-manylinux_2_17_x86_64"))
    with serve_shelf(*files) as served:
        bench.index, bench.env = served.url, served.env(bench.env)
        plan = bench.plan()
        assert {
            step.name: step.version for step in plan.values() if step.action is Action.PROVIDED
        } == {
            "acme-core": "1.0",
            "attrs": runtime.lock()["packages"]["attrs"]["version"],
            "numpy": numpy,
            "pure": "3.0",
        }
        assert plan["acme-core"].why == "the index 127.0.0.1 has it"
        assert served.asked[0].startswith(f"/r/{bench.platform.name}/simple/")
    bench.index = None
    (bench.recipes / "acme-core" / "recipe.toml").unlink()
    with pytest.raises(ConfigurationError, match="app → acme-core: no recipe for acme-core"):
        bench.plan("app")


def test_what_an_index_has_is_compiled_against(bench: Bench, tmp_path: Path) -> None:
    bench.put("app", '[requirements]\nhost = ["acme-core"]\n')
    wheel = make_wheel(tmp_path / "shelf", "acme-core", "1.0")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with serve_shelf(wheel) as served:
        bench.index, bench.env = f"{served.url}/mine/simple", served.env(bench.env)
        assert bench.plan("app")["acme-core"].action is Action.PROVIDED
        bench.keep("app", **{"acme-core": digest})
        assert bench.plan("app")["app"].action is Action.REUSE
        graph = read_graph(
            bench.wanted("app"),
            platform=bench.platform,
            toolchain=COMPILER,
            index=bench.index,
            home=bench.home,
            env=bench.env,
        )
        (node,) = graph.nodes
        folder = tmp_path / "fetched"
        with pytest.raises(SourceNotFound, match=r"acme_core-1\.0-py3-none-any.whl is not in"):
            given_files(node, graph, home=bench.home, env=bench.env, sources=folder)
        kept = given_files(node, graph, home=bench.home, env=bench.env, sources=folder, keep=True)
    assert [(file.name, file.identity) for file in kept] == [("acme-core", digest)]
    offline = given_files(node, graph, home=bench.home, env={}, sources=folder)
    assert offline == kept
    assert offline[0].path is not None
    assert offline[0].path.read_bytes() == wheel.read_bytes()


def test_what_cannot_be_built(bench: Bench) -> None:
    bench.put("lib", '[requirements]\nexecutable = ["no-such-fortran"]\n')
    bench.put("app", '[requirements]\nhost = ["lib"]\n')
    bench.put("old", "[package]\ndisabled = true\n")
    bench.put("user", '[requirements]\nhost = ["old"]\n')
    plan = bench.plan()
    assert (plan["lib"].action, plan["lib"].why) == (
        Action.CANNOT,
        "no-such-fortran is not on PATH",
    )
    assert (plan["app"].action, plan["app"].why) == (Action.CANNOT, "lib cannot be built")
    assert (plan["old"].action, plan["old"].why) == (Action.SKIP, "it is disabled")
    assert plan["user"].why == "user → old is disabled"
