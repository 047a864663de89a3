from pathlib import Path

import pytest
from projects import make_sdist, make_tiny

from porter.errors import ConfigurationError, UnsafeArchive
from porter.home import Home
from porter.platform import Platform
from porter.recipe import Recipe
from porter.source import Source, fetch_source, lay_source


def lay(recipe: Recipe, archive: Path, platform: Platform, home: Home, target: Path) -> Path:
    source = Source(recipe=recipe, origin=archive)
    fetched = fetch_source(source, platform=platform, home=home, env={})
    lay_source(fetched, target, log=target.with_suffix(".log"), env={})
    return target


def test_extras_and_the_folder_of_an_archive(
    platform: Platform, scratch_home: Home, tmp_path: Path
) -> None:
    sdist = make_sdist(
        make_tiny(tmp_path / "tiny"), tmp_path / "tiny-1.0.tar.gz", {"other/x": b"y"}
    )
    config = tmp_path / "extra.cfg"
    config.write_text("[x]\n")
    recipe = Recipe(name="tiny", extract_dir="tiny-1.0", extras=((config, "./deep/setup.cfg"),))
    laid = lay(recipe, sdist, platform, scratch_home, tmp_path / "one")
    assert (laid / "deep" / "setup.cfg").read_text() == "[x]\n"
    assert sorted(path.name for path in tmp_path.glob("one*")) == ["one"]
    with pytest.raises(UnsafeArchive, match="no folder nothing"):
        lay(
            Recipe(name="x", extract_dir="nothing"), sdist, platform, scratch_home, tmp_path / "two"
        )
    with pytest.raises(UnsafeArchive, match=r"no folder \.\./x"):
        lay(Recipe(name="x", extract_dir="../x"), sdist, platform, scratch_home, tmp_path / "three")
    for place in ("/etc/x", "../x"):
        outside = Recipe(name="x", extract_dir="tiny-1.0", extras=((config, place),))
        with pytest.raises(ConfigurationError, match="is not in the source"):
            lay(outside, sdist, platform, scratch_home, tmp_path / f"four{len(place)}")


def test_a_library_needs_no_backend(platform: Platform, scratch_home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "lib.c").touch()
    sdist = make_sdist(folder, tmp_path / "lib-1.tar.gz")
    laid = lay(Recipe(name="lib", script="make"), sdist, platform, scratch_home, tmp_path / "out")
    assert (laid / "lib.c").is_file()
    with pytest.raises(ConfigurationError, match="neither pyproject"):
        lay(Recipe(name="lib"), sdist, platform, scratch_home, tmp_path / "again")
