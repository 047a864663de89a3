"""One command, two platforms: each with its own compiler and Python, neither touching the other."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import Ran, run_porter

from porter.home import Home
from porter.platform import read_platform
from porter.progress import Quiet
from porter.toolchain.model import Toolchain
from porter.toolchain.select import have_toolchain

Porter = Callable[..., Ran]
RECIPES = Path(__file__).parents[2] / "recipes"
# The C API, C++ with exceptions, and Cython.
NAMES = ("rollstat", "tilecodec", "runbitmap")
BOTH = ("--platform", "0.29", "--platform", "314")


@pytest.fixture(scope="module")
def newer(home: Home, env: dict[str, str]) -> Toolchain:
    """The toolchain of 314, installed where it is not there yet."""
    return have_toolchain(read_platform("314"), "auto", home=home, env=env, report=Quiet())


def read_sbom(wheel: Path) -> dict[str, Any]:
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/porter.cdx.json"))
        found: dict[str, Any] = json.loads(archive.read(member))
        return found


@pytest.mark.journey
def test_both_are_built_and_run(
    porter: Porter, newer: Toolchain, toolchain: Toolchain, tmp_path: Path
) -> None:
    ran = porter("build", *(RECIPES / name for name in NAMES), *BOTH, "--test", "--json")
    assert ran.code == 0, ran.err
    older, latest = ran.json["builds"]
    assert (older["platform"], latest["platform"]) == ("0.29.5", "314.0.7")
    for document in (older, latest):
        assert [item["name"] for item in document["wheels"]] == list(NAMES)
        for item in document["wheels"]:
            assert item["audit"] == "clean"
            assert item["checks"][0]["ok"] is True
    assert older["toolchain"] == toolchain.provider
    assert latest["toolchain"] == newer.provider
    for item in latest["wheels"]:
        bill = read_sbom(tmp_path / "cwd" / item["wheel"])
        tools = {tool["name"]: tool["version"] for tool in bill["metadata"]["tools"]["components"]}
        assert tools["emscripten"] == newer.emscripten
        assert tools["python"].startswith("3.14.")
    # What one platform builds again, the other keeps.
    again = porter("build", RECIPES / "rollstat", "--platform", "0.29", "--json")
    assert again.json["wheels"][0]["how"] == "reused"


@pytest.mark.journey
def test_two_caches_make_the_same_bytes(
    newer: Toolchain, build_home: Home, other_home: Home, tmp_path: Path
) -> None:
    command = ["build", *(str(RECIPES / name) for name in NAMES), "--platform", "314", "--json"]
    sums = []
    for number, home in enumerate((build_home, other_home)):
        folder = tmp_path / str(number)
        folder.mkdir()
        ran = run_porter(*command, home=home.root, cwd=folder)
        assert ran.code == 0, ran.err
        assert {item["how"] for item in ran.json["wheels"]} == {"built"}
        sums.append([item["sha256"] for item in ran.json["wheels"]])
    assert sums[0] == sums[1]


@pytest.mark.journey
def test_what_is_not_needed_is_not_there(newer: Toolchain) -> None:
    if newer.provider != "debian":
        pytest.skip(f"this machine's toolchain is {newer.provider}'s")
    files = [path for path in newer.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 500_000_000
    assert not list(newer.root.glob("debian/usr/share/emscripten/docs/*"))


@pytest.mark.journey
def test_killed_in_the_middle_it_goes_on(
    newer: Toolchain, scratch_home: Home, home: Home, env: dict[str, str]
) -> None:
    """A folder without its record is no toolchain, and is made anew."""
    if newer.provider != "debian":
        pytest.skip(f"this machine's toolchain is {newer.provider}'s")
    for name in ("environments", "runtimes", "uv"):
        (scratch_home.root / name).symlink_to(home.root / name)
    platform = read_platform("314")
    half = scratch_home.toolchains / newer.root.name
    (half / "debian" / "left").mkdir(parents=True)
    again = have_toolchain(platform, "debian", home=scratch_home, env=env, report=Quiet())
    assert again.root == half
    assert not (half / "debian" / "left").exists()
    assert again.components == newer.components
    if again.builder is not None:
        assert scratch_home.interpreter("3.14").exists(), "it compiles ahead for the runtime"
    assert not list(scratch_home.downloads.glob("apt-*"))
