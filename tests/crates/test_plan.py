"""What is noted of a source's crates, and what of it goes into the build."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from porter.crates.plan import RustWork, given_crates, known_inputs
from porter.crates.resolve import Resolved
from porter.errors import ConfigurationError
from porter.home import Home
from porter.recipe import Recipe, read_recipe
from porter.toolchain.profile import read_rust
from porter.toolchain.rust import RECORD, Rust, rust_folder

PACKAGES = (("librust-libc-dev", "0.2.186-1", "ab" * 32),)


def test_rust_and_each_package_of_crates_are_inputs(tmp_path: Path) -> None:
    rust = Rust(version="1.97.1", host="h", root=tmp_path, components=(), identity="id")
    work = RustWork(rust=rust, crates=Resolved(manifest="Cargo.toml", packages=PACKAGES))
    assert work.inputs == {"rust": "1.97.1 id", "crates": f"librust-libc-dev 0.2.186-1 {'ab' * 32}"}
    vendored = RustWork(rust=rust, crates=Resolved(manifest="Cargo.toml"))
    assert vendored.inputs == {"rust": "1.97.1 id"}


@pytest.mark.parametrize("noted", ["", "[1]", "null", '{"manifest": "x"}', '{"packages": 3}'])
def test_what_was_not_noted_is_not_known(noted: str, tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    recipe = Recipe(name="a")
    rust = rust_folder(home, read_rust())
    rust.mkdir(parents=True)
    told = {"version": "1", "host": "h", "components": [], "identity": "id"}
    (rust / RECORD).write_text(json.dumps(told))
    assert known_inputs(recipe, "source", home) == {}
    plans = tmp_path / "crates" / "plans"
    plans.mkdir(parents=True)
    for name in range(3):
        (plans / f"{name}.json").write_text(noted)
    assert known_inputs(recipe, "source", home) == {}


def test_crates_beside_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('[build]\ncrates = "vendor"\n')
    recipe = read_recipe(tmp_path)
    assert recipe.crates == tmp_path / "vendor"
    with pytest.raises(ConfigurationError, match=r"build\.crates: there is no folder"):
        given_crates(recipe)
    (tmp_path / "vendor").mkdir()
    assert given_crates(recipe) == recipe.crates
    assert given_crates(replace(recipe, crates=None)) is None


def test_programs_that_come_with_rust_are_not_asked_of_the_machine() -> None:
    recipe = Recipe(name="a", executable=("rustup", "cmake", "cargo"))
    assert (recipe.needs_rust, recipe.programs) == (True, ("cmake",))
    assert not Recipe(name="a", executable=("cmake",)).needs_rust
