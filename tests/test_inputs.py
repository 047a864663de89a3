"""What goes into a build has to change its key."""

from pathlib import Path

from porter.inputs import build_inputs
from porter.platform import read_platform
from porter.recipe import Recipe


def inputs(recipe: Recipe) -> dict[str, str]:
    return build_inputs(
        recipe, identity="s", platform=read_platform(), toolchain="t", host={}, audited=True
    )


def test_files_beside_a_recipe_count_where_its_scripts_may_use_them(tmp_path: Path) -> None:
    file, test, more = (tmp_path / name for name in ("recipe.toml", "test_a.py", "more.txt"))
    for path in (file, test, more):
        path.write_text("1")
    (tmp_path / "src").mkdir()
    recipe = Recipe(
        name="a", folder=tmp_path, file=file, tests=(test,), path=tmp_path / "src", script="x"
    )
    before = inputs(recipe)
    assert "files=" in before["recipe"]
    for path in (file, test, tmp_path / "src" / "a.c"):
        path.write_text("2")
        assert inputs(recipe) == before, "it counts elsewhere, or not at all"
    more.write_text("2")
    assert inputs(recipe) != before
    assert "files=" not in inputs(Recipe(name="a", folder=tmp_path, purl="pkg:pypi/a@1"))["recipe"]
    folder = Recipe(name="a", folder=tmp_path, script="x")
    assert "files=" not in inputs(folder)["recipe"], "the source has them"
