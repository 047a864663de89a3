"""Recipes said again as pyodide-build's own builder takes them."""

from dataclasses import replace
from pathlib import Path

import pytest

from porter.errors import ConfigurationError
from porter.recipe import Kind, Recipe
from porter.recipe.meta import parse_meta
from porter.upstream import needs_recipe_builder, write_meta

PACKAGE = Recipe(
    name="Wave.Tools",
    exports="one,two",
    cflags="-DX",
    cxxflags="-O2",
    ldflags="-lz",
    script="make\n",
    cross_script="emcc",
    post="rm x",
    vendor_sharedlib=False,
    constraint=("a<2",),
    build_extras=("b",),
    executable=("cargo",),
)


@pytest.mark.parametrize("kind", Kind)
def test_what_is_written_is_read(kind: Kind, tmp_path: Path) -> None:
    recipe = Recipe(name="x", kind=kind, script="true")
    write_meta(recipe, tmp_path / "r", tmp_path / "src", settings=(), version="1.10")
    text = (tmp_path / "r" / "meta.yaml").read_text()
    again, mistakes = parse_meta(text, folder=tmp_path, where="w")
    assert mistakes == []
    assert again is not None
    assert (again.kind, again.version, again.script) == (kind, "1.10", "true")
    assert again.path == tmp_path / "src"


def test_everything_is_said(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "extra.cfg").write_text("x")
    (own / "meta.yaml").write_text("another")
    recipe = replace(PACKAGE, folder=own)
    write_meta(recipe, tmp_path / "r", tmp_path / "src", settings=("a=1", "a=2"), version="1")
    assert (tmp_path / "r" / "extra.cfg").read_text() == "x"
    again, _ = parse_meta((tmp_path / "r" / "meta.yaml").read_text(), folder=own, where="w")
    assert again is not None
    for field in ("exports", "cflags", "cxxflags", "ldflags", "script", "cross_script", "post",
                  "vendor_sharedlib", "constraint", "build_extras"):  # fmt: skip
        assert getattr(again, field) == getattr(PACKAGE, field), field
    # Rust's own programs are brought, not looked for.
    assert PACKAGE.executable == ("cargo",)
    assert again.executable == ()
    assert again.config_settings == ("a=1", "a=2")
    assert (own / "meta.yaml").read_text() == "another"
    with pytest.raises(ConfigurationError, match="no white space"):
        write_meta(PACKAGE, tmp_path / "s", tmp_path / "src", settings=("a=b c",), version="1")


def test_when_it_is_needed() -> None:
    assert not needs_recipe_builder(Recipe(name="x", cflags="-O2", host=("y",)), vendors=False)
    assert needs_recipe_builder(Recipe(name="x"), vendors=True)
    assert needs_recipe_builder(Recipe(name="x", post="true"), vendors=False)
    assert needs_recipe_builder(Recipe(name="x", constraint=("y<2",)), vendors=False)
    assert needs_recipe_builder(Recipe(name="x", kind=Kind.STATIC_LIBRARY), vendors=False)
