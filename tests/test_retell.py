"""A recipe comes back from the inputs of its build, as far as it decided that build."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.errors import ConfigurationError
from porter.inputs import build_inputs
from porter.platform import read_platform
from porter.recipe import Kind, Recipe
from porter.retell import host_parts, retell_recipe

PLATFORM = read_platform()


def inputs_of(recipe: Recipe, *, audited: bool = True, **host: str) -> dict[str, str]:
    return build_inputs(
        recipe, identity="s", platform=PLATFORM, toolchain="t", host=host, audited=audited
    )


def nowhere(name: str, sha256: str) -> Path:
    raise ConfigurationError(f"no {name}")


WORDS = st.text("abc-=$. \"'", max_size=8).map(str.strip)
LINES = st.lists(WORDS, max_size=3).map("\n".join)
NAMES = st.from_regex(r"[A-Z][A-Z_]{0,5}", fullmatch=True)


@given(
    cflags=LINES,
    ldflags=WORDS,
    script=LINES,
    env=st.dictionaries(NAMES, LINES, max_size=3),
    constraint=st.lists(st.from_regex(r"[a-z]{1,4}<[1-9]", fullmatch=True), max_size=3),
    allow=st.lists(st.tuples(NAMES, LINES), max_size=2),
    size=st.none() | st.integers(0),
    kind=st.sampled_from(Kind),
)
def test_what_decided_comes_back(
    cflags: str,
    ldflags: str,
    script: str,
    env: dict[str, str],
    constraint: list[str],
    allow: list[tuple[str, str]],
    size: int | None,
    kind: Kind,
) -> None:
    recipe = Recipe(
        name="a",
        cflags=cflags,
        ldflags=ldflags,
        script=script,
        env=tuple(env.items()),
        config_settings=("a=b", "a=c"),
        constraint=tuple(constraint),
        allow=tuple(allow),
        size=size,
        kind=kind,
        vendor_sharedlib=size is None,
    )
    told = inputs_of(recipe)
    assert inputs_of(retell_recipe(told, Recipe(name="a"), find=nowhere)) == told


def test_patches_are_found_by_their_hash_and_the_rest_is_as_known(tmp_path: Path) -> None:
    patch = tmp_path / "a.patch"
    patch.write_text("--- a\n")
    recipe = Recipe(name="a", patches=(patch,), extras=((patch, "sub/a.patch"),), cflags="-O1")
    told = inputs_of(recipe, lib="1" * 64)
    assert host_parts(told) == {"lib": "1" * 64}
    known = Recipe(name="a", cflags="-O3", imports=("a",), host=("lib",))
    asked: list[str] = []

    def find(name: str, sha256: str) -> Path:
        asked.append(name)
        assert len(sha256) == 64
        return patch

    again = retell_recipe(told, known, find=find)
    assert again == replace(recipe, imports=("a",), host=("lib",))
    assert asked == ["a.patch", "a.patch"]
    unaudited = inputs_of(recipe, audited=False)
    kept = retell_recipe(unaudited, replace(known, size=9), find=find)
    assert kept.size == 9


@pytest.mark.parametrize(
    "changes",
    [
        {"audit": "x y"},
        {"audit": "None (1,)"},
        {"audit": "None __import__('os')"},
        {"recipe": "type=odd"},
        {"flags": ""},
        {"env": "A='\\n"},
    ],
)
def test_what_cannot_be_understood_is_told(changes: dict[str, str]) -> None:
    told = inputs_of(Recipe(name="a")) | changes
    if changes == {"env": "A='\\n"}:
        # Only what ends as it begins is quoted.
        assert retell_recipe(told, Recipe(name="a"), find=nowhere).env == (("A", "'\\n"),)
        return
    with pytest.raises(ConfigurationError, match="does not understand"):
        retell_recipe(told, Recipe(name="a"), find=nowhere)
