"""Projects in Rust: built for both platforms without a Rust of the machine, and run there."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clusters import Dask
from conftest import borrow
from running import Ran, run_porter

from porter.home import Home
from porter.platform import read_platform
from porter.progress import Quiet
from porter.toolchain.model import Toolchain
from porter.toolchain.rust import Rust, have_rust
from porter.toolchain.select import have_toolchain

Porter = Callable[..., Ran]
RECIPES = Path(__file__).parents[2] / "recipes"
# What a machine without a network has, of a cache that never saw the archive's crates.
LENT = ("toolchains", "environments", "runtimes", "surfaces", "ccache")
# Nobody listens there.
AWAY = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "UV_DEFAULT_INDEX": "http://127.0.0.1:9"}
BOTH = ("--platform", "0.29", "--platform", "314")
SETUPTOOLS = """
[build-system]
requires = ["setuptools>=77", "setuptools-rust>=1.10"]
build-backend = "setuptools.build_meta"

[project]
name = "tiny"
version = "1.0"

[[tool.setuptools-rust.ext-modules]]
target = "tiny"
path = "Cargo.toml"
binding = "PyO3"
"""
CARGO = """
[package]
name = "tiny"
version = "1.0.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]

[dependencies]
"""
LIBRARY = """
use pyo3::prelude::*;

#[pyfunction]
fn answer() -> u32 { six::SIX * 7 }

#[pymodule]
fn tiny(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)
}
"""
TEST = """
import tiny

def test_answer():
    assert tiny.answer() == 42
"""


@pytest.fixture(scope="module")
def newer(home: Home, env: dict[str, str]) -> Toolchain:
    """The toolchain of 314, installed where it is not there yet."""
    return have_toolchain(read_platform("314"), "auto", home=home, env=env, report=Quiet())


@pytest.fixture(scope="module")
def rust(toolchain: Toolchain, home: Home, env: dict[str, str]) -> Rust:
    """Rust in the cache that the tests share, installed where it is not there yet."""
    return have_rust(toolchain.path[-1], home=home, env=env, report=Quiet())


def lay(folder: Path, needs: str) -> Path:
    """A project of setuptools-rust, with a crate of its own in its folder `vendor`."""
    crate = folder / "vendor" / "six"
    (crate / "src").mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "pyproject.toml").write_text(SETUPTOOLS)
    (folder / "Cargo.toml").write_text(f"{CARGO}{needs}")
    (folder / "src" / "lib.rs").write_text(LIBRARY)
    (folder / "test_tiny.py").write_text(TEST)
    manifest = '[package]\nname = "six"\nversion = "1.0.0"\nedition = "2021"\n'
    (crate / "Cargo.toml").write_text(manifest)
    (crate / "src" / "lib.rs").write_text("pub const SIX: u32 = 6;\n")
    files = {
        name: hashlib.sha256((crate / name).read_bytes()).hexdigest()
        for name in ("Cargo.toml", "src/lib.rs")
    }
    told = {"package": "0" * 64, "files": files}
    (crate / ".cargo-checksum.json").write_text(json.dumps(told))
    return folder


def read_sbom(wheel: Path) -> dict[str, Any]:
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/porter.cdx.json"))
        found: dict[str, Any] = json.loads(archive.read(member))
        return found


@pytest.mark.journey
def test_a_maturin_project_runs_on_both_and_tells_what_made_it(
    porter: Porter, rust: Rust, newer: Toolchain, other_home: Home, tmp_path: Path
) -> None:
    recipe = RECIPES / "closeword"
    ran = porter("build", recipe, *BOTH, "--test", "--json", env={"PATH": "/usr/bin:/bin"})
    assert ran.code == 0, ran.err
    for document in ran.json["builds"]:
        (wheel,) = document["wheels"]
        assert wheel["audit"] == "clean"
        results = {each["name"]: each["outcome"] for each in wheel["checks"][0]["results"]}
        assert results["test_closeword.py::test_a_panic_is_an_exception"] == "passed"
        assert set(results.values()) == {"passed"}
    (first,) = (tmp_path / "cwd" / "dist").glob("*-cp313-*.whl")
    sbom = read_sbom(first)
    tools = {tool["name"]: tool["version"] for tool in sbom["metadata"]["tools"]["components"]}
    assert tools["rustc"] == rust.version
    purls = {each["purl"].partition("@")[0] for each in sbom["components"]}
    assert {"pkg:cargo/pyo3", "pkg:cargo/libc"} <= purls
    told = {each["name"]: each["value"] for each in sbom["metadata"]["component"]["properties"]}
    assert rust.identity in told["porter:input:rust"]
    assert "librust-pyo3-dev " in told["porter:input:crates"]
    again = run_porter(*("build", recipe, "--platform", "0.29"), home=other_home.root, cwd=tmp_path)
    assert again.code == 0, again.err
    assert (tmp_path / "dist" / first.name).read_bytes() == first.read_bytes()


@pytest.mark.journey
def test_setuptools_rust_with_a_crate_of_its_own_and_those_of_debian(
    porter: Porter, rust: Rust, tmp_path: Path
) -> None:
    folder = lay(
        tmp_path / "tiny",
        'six = "1"\npyo3 = { version = ">=0.27", features = ["extension-module"] }\n',
    )
    ran = porter("build", folder, "--platform", "0.29", "--test", "--json")
    assert ran.code == 0, ran.err
    (wheel,) = ran.json["wheels"]
    assert (wheel["audit"], wheel["checks"][0]["ok"]) == ("clean", True)
    assert not (folder / "Cargo.lock").exists()
    assert "nothing changed" in porter("build", folder, "--platform", "0.29").err


@pytest.mark.journey
def test_crates_that_were_fetched_build_with_no_network(
    porter: Porter, rust: Rust, home: Home, tmp_path: Path
) -> None:
    recipe = RECIPES / "closeword"
    sources = tmp_path / "sources"
    assert porter("fetch", recipe, "--out", sources).code == 0
    (record,) = (sources / "crates").iterdir()
    packages = json.loads(record.read_text())["packages"]
    assert [each for each in packages if each[0] == "librust-pyo3-dev"]

    alone = Home(root=tmp_path / "alone")
    alone.root.mkdir()
    for name in LENT:
        (alone.root / name).symlink_to(home.root / name)
    build = ("build", recipe, "--platform", "0.29", "--sources", sources)
    ran = run_porter(*build, home=alone.root, cwd=tmp_path, env=AWAY)
    assert ran.code == 0, ran.err
    assert not (alone.crates / "apt").exists()

    shutil.rmtree(alone.crates)
    name, _, sha256 = packages[0]
    (sources / sha256 / f"{name}.deb").write_bytes(b"")
    ran = run_porter(*build, home=alone.root, cwd=tmp_path, env=AWAY)
    assert (ran.code, "HashMismatch" in ran.err or "sha256" in ran.err) == (4, True), ran.err
    record.unlink()
    ran = run_porter(*build, home=alone.root, cwd=tmp_path, env=AWAY)
    assert f"closeword: its crates are not in {sources}" in ran.err


@pytest.mark.journey
def test_a_cluster_builds_it_where_a_worker_has_rust(
    porter: Porter, rust: Rust, home: Home, build_home: Home, tmp_path: Path
) -> None:
    worker = Home(root=tmp_path / "worker")
    worker.root.mkdir()
    borrow(home, worker)
    (worker.root / "crates").unlink()
    (worker.root / "toolchains").unlink()
    worker.toolchains.mkdir()
    for toolchain in home.toolchains.iterdir():
        if toolchain != rust.root:
            (worker.toolchains / toolchain.name).symlink_to(toolchain)
    given = ("build", RECIPES / "closeword", "--platform", "0.29", "--json")
    cluster = Dask(tmp_path)
    try:
        cluster.add_worker(worker.root)
        there = (*given, "--cluster", cluster.address, "--store", tmp_path / "store")
        without = porter(*there)
        assert "a worker lacks Rust" in without.json["failures"][0]["message"], without.err
        (worker.toolchains / rust.root.name).symlink_to(rust.root)
        ran = porter(*there)
    finally:
        cluster.stop()
    assert ran.code == 0, ran.err
    (wheel,) = ran.json["wheels"]
    assert wheel["how"] == "built"
    assert [*(worker.root / "crates" / "packages").iterdir()]
    shutil.rmtree(build_home.artefacts)
    assert porter(*given).json["wheels"][0]["sha256"] == wheel["sha256"]


@pytest.mark.journey
@pytest.mark.parametrize(
    ("needs", "missing"),
    [
        ('six = "1"\nno-such-crate-at-all = "^3.1"\n', "no-such-crate-at-all ^3.1"),
        ('six = "7"\n', "six ^7 (there is 1.0.0)"),
    ],
)
def test_a_crate_that_nobody_has_is_named(
    needs: str, missing: str, porter: Porter, rust: Rust, tmp_path: Path
) -> None:
    ran = porter("build", lay(tmp_path / "tiny", needs), "--platform", "0.29")
    assert ran.code == 4, ran.err
    assert f"crates are missing: {missing}: neither the source nor Debian" in ran.err
    assert "cargo vendor" in ran.err
    assert "Traceback" not in ran.err
