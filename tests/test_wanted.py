from pathlib import Path

import pytest
from projects import make_tiny

from porter.errors import ConfigurationError, SourceNotFound, UsageError
from porter.graph import Role
from porter.platform import Platform
from porter.wanted import is_portfolio, read_wanted


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes"
    for name, text in {
        "one": '[package]\ntags = ["fast"]\n[requirements]\nhost = ["two"]\n',
        "two": '[source]\npath = "../../tiny"\n',
        "three": '[package]\ntags = ["fast"]\n',
    }.items():
        make_tiny(folder / name)
        (folder / name / "recipe.toml").write_text(text)
    make_tiny(tmp_path / "tiny")
    return folder


def test_every_way_to_ask(recipes: Path, tmp_path: Path, platform: Platform) -> None:
    def roles(*texts: str) -> dict[str, Role]:
        return dict(read_wanted(texts, recipes=[recipes], platform=platform).roles)

    everything = dict.fromkeys(["one", "three", "two"], Role.LISTED)
    assert roles() == everything
    assert roles(str(recipes)) == everything
    assert roles("tag:fast") == dict.fromkeys(["one", "three"], Role.LISTED)
    assert roles("tag:fast", "One") == {"one": Role.NAMED, "three": Role.LISTED}
    named = read_wanted(
        [str(tmp_path / "tiny"), str(recipes / "three")], recipes=[recipes], platform=platform
    )
    assert (dict(named.roles), named.alone) == (dict.fromkeys(["tiny", "three"], Role.NAMED), True)
    assert set(named.recipes) == {"tiny", "three"}
    assert named.names[str(recipes / "three")] == "three"
    needing = read_wanted([str(recipes / "one")], recipes=[recipes], platform=platform)
    assert (set(needing.recipes), needing.alone) == ({"one", "two", "three"}, False)
    assert needing.source(needing.recipes["two"]).origin == tmp_path / "tiny"
    purl = read_wanted(["pkg:pypi/three@4.5"], recipes=[recipes], platform=platform)
    assert purl.recipes["three"].told_version == "4.5"
    assert is_portfolio(recipes)
    assert not is_portfolio(recipes / "one")
    assert not is_portfolio(tmp_path / "nowhere")


def test_what_cannot_be_meant(recipes: Path, tmp_path: Path, platform: Platform) -> None:
    with pytest.raises(SourceNotFound, match="no recipe has the tag slow") as caught:
        read_wanted(["tag:slow"], recipes=[recipes], platform=platform)
    assert "fast" in caught.value.advice
    with pytest.raises(SourceNotFound, match="nothing: no such folder"):
        read_wanted(["nothing"], recipes=[recipes], platform=platform)
    with pytest.raises(UsageError, match="three is asked for twice"):
        read_wanted(
            [str(recipes / "three"), "pkg:pypi/three@1"], recipes=[recipes], platform=platform
        )


def test_another_recipes_mistake_keeps_nobody_from_building(
    recipes: Path, platform: Platform
) -> None:
    (recipes / "two" / "recipe.toml").write_text("[buld]\n")
    assert read_wanted([str(recipes / "three")], recipes=[recipes], platform=platform).alone
    with pytest.raises(ConfigurationError, match="buld"):
        read_wanted([str(recipes / "one")], recipes=[recipes], platform=platform)
