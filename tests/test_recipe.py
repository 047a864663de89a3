import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.errors import ConfigurationError
from porter.recipe import FIELDS, Recipe, find_own_recipe, find_recipe, parse_recipe, read_recipe


def parse(data: dict[str, Any]) -> Recipe:
    return parse_recipe(data, name="x", folder=Path("/r"), where="here")


def test_every_field() -> None:
    recipe = parse(
        {
            "source": {"purl": "pkg:pypi/x@1", "sha256": "ab"},
            "build": {
                "cflags": "-O2",
                "cxxflags": "-O3",
                "ldflags": "-lz",
                "exports": "pyinit",
                "env": {"A": "1"},
                "config-settings": ["a=b", "a=c"],
                "patches": ["p/1.patch"],
            },
            "test": {
                "imports": ["x"],
                "files": ["t.py"],
                "shipped": ["x.y"],
                "skip": {"*::t": "why"},
                "requires": ["pkg:pypi/y@1"],
            },
        }
    )
    assert recipe == Recipe(
        name="x",
        folder=Path("/r"),
        purl="pkg:pypi/x@1",
        sha256="ab",
        cflags="-O2",
        cxxflags="-O3",
        ldflags="-lz",
        exports="pyinit",
        env=(("A", "1"),),
        config_settings=("a=b", "a=c"),
        patches=(Path("/r/p/1.patch"),),
        imports=("x",),
        tests=(Path("/r/t.py"),),
        shipped=("x.y",),
        skip=(("*::t", "why"),),
        requires=("pkg:pypi/y@1",),
    )
    assert parse({}) == Recipe(name="x", folder=Path("/r"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"buld": {}}, ["unknown table [buld]"]),
        ({"build": 1}, ["build must be a table"]),
        ({"build": {"cflag": ""}}, ["unknown field build.cflag"]),
        ({"build": {"cflags": ["-O2"]}}, ["build.cflags must be a string"]),
        ({"build": {"patches": "one"}}, ["build.patches must be a list"]),
        ({"build": {"env": {"A": 1}}}, ["build.env must hold strings only"]),
        ({"test": {"imports": [1]}}, ["test.imports must hold strings only"]),
        ({"x": {}, "build": {"y": 1}}, ["unknown table [x]", "unknown field build.y"]),
    ],
)
def test_every_mistake_is_named_at_once(data: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="here: ") as caught:
        parse(data)
    for word in words:
        assert word in caught.value.message


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELD_NAMES = st.sampled_from([name for fields in FIELDS.values() for name in fields])

DOCUMENTS = st.dictionaries(
    st.sampled_from([*FIELDS, "other"]), VALUES | st.dictionaries(FIELD_NAMES, VALUES)
)
PLATFORMS = st.dictionaries(st.sampled_from(["0.29", "314", "314.0.7", "x"]), VALUES | DOCUMENTS)


@given(DOCUMENTS, st.none() | VALUES | PLATFORMS)
def test_any_document_is_a_recipe_or_a_named_mistake(data: dict[str, Any], platforms: Any) -> None:
    if platforms is not None:
        data["platform"] = platforms
    with contextlib.suppress(ConfigurationError):
        recipe = parse(data)
        for one in (recipe, *(other for _, other in recipe.platforms)):
            texts = [one.cflags, one.purl, *one.imports, *one.config_settings]
            assert all(isinstance(text, str) for text in [*texts, *dict(one.env).values()])


def test_where_a_recipe_is_found(tmp_path: Path) -> None:
    project = tmp_path / "my-project"
    project.mkdir()
    (project / "test_b.py").touch()
    (project / "test_a.py").touch()
    assert read_recipe(project) == Recipe(
        name="my-project", folder=project, tests=(project / "test_a.py", project / "test_b.py")
    )
    (project / "pyproject.toml").write_text('[tool.porter.build]\ncflags = "-DA"\n')
    assert read_recipe(project).cflags == "-DA"
    (project / "recipe.toml").write_text('[build]\ncflags = "-DB"\n[test]\nfiles = ["test_b.py"]\n')
    recipe = read_recipe(project)
    assert (recipe.cflags, recipe.tests) == ("-DB", (project / "test_b.py",))
    found = find_recipe(tmp_path, "My_Project")
    assert (found.name, found.cflags) == ("My_Project", "-DB")
    assert find_recipe(tmp_path, "other") == Recipe(name="other")
    assert find_recipe(tmp_path / "nowhere", "other") == Recipe(name="other")


def test_the_project_one_stands_in(tmp_path: Path) -> None:
    assert find_own_recipe(tmp_path, "my-project") is None
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "My_Project"\n')
    (tmp_path / "test_it.py").touch()
    own = find_own_recipe(tmp_path, "my-project")
    assert own is not None
    assert own.tests == (tmp_path / "test_it.py",)
    assert find_own_recipe(tmp_path, "other") is None
    (tmp_path / "pyproject.toml").write_text("project = 1\n")
    assert find_own_recipe(tmp_path, "my-project") is None


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("recipe.toml", "[build", "recipe.toml"),
        ("pyproject.toml", "x = ", "pyproject.toml"),
        ("recipe.toml", '[build]\npatches = ["none.patch"]\n', "no patch none.patch"),
        ("pyproject.toml", "tool = {porter = []}\n", "must be a table"),
        ("pyproject.toml", "tool.porter = 1\n", "must be a table"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, file: str, text: str, words: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        read_recipe(tmp_path)


def test_the_recipes_of_this_repository() -> None:
    folders = sorted(path for path in Path(__file__).parents[1].glob("recipes/*") if path.is_dir())
    assert len(folders) >= 5
    for folder in folders:
        recipe = read_recipe(folder)
        # A library is tried by its users.
        assert recipe.tests or recipe.kind.is_library
