"""The recipes of this repository, natively and in the runtime."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import Ran, run_porter

from porter.home import Home
from porter.recipe import read_recipe
from porter.tree import copy_tree, list_tree

Porter = Callable[..., Ran]
RECIPES = Path(__file__).parents[2] / "recipes"
HOMEGROWN = ("rollstat", "tilecodec", "runbitmap")
# The version of each platform's NumPy.
NUMPYS = {"0.29": "2.2.5", "314": "2.4.6"}


def build_on_numpy(name: str, platform: str, home: Home, folder: Path) -> list[dict[str, Any]]:
    """The wheels of a recipe that needs NumPy, in the order they were built."""
    # In the cache of this machine: NumPy takes minutes where it was never built.
    ran = run_porter(
        *("build", RECIPES / name, "--recipes", RECIPES, "--platform", platform),
        *("--test", "--json"),
        home=home.root,
        cwd=folder,
        timeout=3600,
    )
    assert ran.code == 0, ran.err
    wheels: list[dict[str, Any]] = ran.json["wheels"]
    return wheels


def outcomes(wheel: dict[str, Any]) -> dict[str, str]:
    """How each import and test of a wheel ended, by name."""
    return {result["name"]: result["outcome"] for result in wheel["checks"][0]["results"]}


@pytest.mark.journey
def test_the_demo_builds_and_runs_everything(porter: Porter, tmp_path: Path) -> None:
    names = (*HOMEGROWN, "regex")
    ran = porter("build", *(RECIPES / name for name in names), "--test", "--json")
    assert ran.code == 0, ran.err
    built = ran.json["wheels"]
    assert [item["name"] for item in built] == list(names)
    for item in built:
        recipe = read_recipe(RECIPES / item["name"])
        results = {result["name"]: result["outcome"] for result in item["checks"][0]["results"]}
        assert recipe.tests
        for name in recipe.imports:
            assert results[f"import {name}"] == "passed"
        for path in recipe.tests:
            assert any(name.startswith(path.name) for name in results)
    # Side by side, with the others at hand.
    wheels = sorted((tmp_path / "cwd" / "dist").glob("*.whl"))
    together = porter("test", wheels[0], *(f"--with={wheel}" for wheel in wheels[1:]), "--json")
    assert together.code == 0, together.err


@pytest.mark.journey
@pytest.mark.parametrize(("platform", "numpys"), NUMPYS.items())
def test_a_library_is_compiled_against_the_numpy_built_here(
    platform: str, numpys: str, home: Home, tmp_path: Path
) -> None:
    numpy, binmap = build_on_numpy("binmap", platform, home, tmp_path)
    assert (numpy["name"], numpy["version"]) == ("numpy", numpys)
    assert (binmap["name"], binmap["audit"]) == ("binmap", "clean")
    assert numpy["checks"] == [], "it was not asked for"
    results = outcomes(binmap)
    assert results["import binmap._core"] == "passed"
    assert results["test_binmap.py::test_draws_are_the_generators"] == "passed"


@pytest.mark.journey
@pytest.mark.parametrize(
    ("platform", "version"), [("0.29", "2.3.3"), ("314", "3.0.2")], ids=NUMPYS.keys()
)
def test_pandas_runs_on_the_numpy_built_here(
    platform: str, version: str, home: Home, tmp_path: Path
) -> None:
    numpy, pandas = build_on_numpy("pandas", platform, home, tmp_path)
    assert (numpy["version"], pandas["version"]) == (NUMPYS[platform], version)
    assert pandas["audit"] == "clean"
    results = outcomes(pandas)
    assert set(results.values()) == {"passed"}
    modules = [name for name in results if name.startswith("import pandas._libs.")]
    assert len(modules) >= 40
    assert results["test_pandas.py::test_parquet_says_what_it_lacks"] == "passed"


@pytest.mark.journey
@pytest.mark.parametrize("platform", NUMPYS)
def test_matplotlib_runs_on_what_was_built_here(platform: str, home: Home, tmp_path: Path) -> None:
    wheels = build_on_numpy("matplotlib", platform, home, tmp_path)
    built = {wheel["name"]: wheel for wheel in wheels}
    libraries = {"freetype", "libjpeg-turbo", "qhull", "zlib"}
    assert {name for name, item in built.items() if item["wheel"].endswith(".tar")} == libraries
    assert {*built} - libraries == {"numpy", "contourpy", "kiwisolver", "pillow", "matplotlib"}
    assert built["matplotlib"]["audit"] == "clean"
    results = outcomes(built["matplotlib"])
    assert set(results.values()) == {"passed"}
    assert "test_matplotlib.py::test_figures_of_a_notebook" in results


@pytest.mark.journey
@pytest.mark.parametrize("name", [*HOMEGROWN, "binmap"])
def test_homegrown_libraries_work_natively_too(
    name: str, env: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which("cc") is None or shutil.which("c++") is None:
        pytest.skip("this machine has no native compiler")
    source, python = tmp_path / "source", tmp_path / "venv" / "bin" / "python"
    copy_tree(list_tree(RECIPES / name), source)
    subprocess.run(
        ["uv", "venv", "--quiet", "--python", sys.executable, "venv"],
        env=env,
        cwd=tmp_path,
        check=True,
    )
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", python, "pytest", source],
        env=env,
        cwd=tmp_path,
        check=True,
    )
    tests = [path.name for path in read_recipe(RECIPES / name).tests]
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *tests],
        env=env,
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
