from pathlib import Path

import pytest
from projects import make_tiny

from porter.errors import ConfigurationError
from porter.inputs import build_inputs
from porter.platform import Platform, read_platform
from porter.recipe import read_recipe
from porter.source import parse_source
from porter.wanted import read_wanted

OLDER, NEWER = read_platform("0.29"), read_platform("314")
TWO = """\
[source]
purl = "pkg:pypi/x@1.0"
sha256 = "aa"

[build]
cflags = "-O2"
env = { A = "1", B = "1" }

[test]
imports = ["x"]

[test.skip]
"*::one" = "why"

[platform."314".source]
purl = "pkg:pypi/x@2.0"

[platform."314".build]
env = { B = "2", C = "2" }

[platform."314".test]
imports = ["x", "x.y"]
skip = { "*::two" = "because" }
"""


def put(folder: Path, text: str, file: str = "recipe.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text)
    return folder


@pytest.mark.parametrize("file", ["recipe.toml", "pyproject.toml"])
def test_fields_are_replaced_tables_joined_and_a_source_is_whole(tmp_path: Path, file: str) -> None:
    text = TWO if file == "recipe.toml" else TWO.replace("\n[", "\n[tool.porter.")
    folder = put(
        tmp_path / "x", text if file == "recipe.toml" else f"[tool.porter.{text[1:]}", file
    )
    (folder / "test_x.py").touch()
    recipe = read_recipe(folder)
    older, newer = recipe.on(OLDER), recipe.on(NEWER)
    assert (older.told_version, older.sha256, older.imports) == ("1.0", "aa", ("x",))
    assert (older.env, older.skip) == ((("A", "1"), ("B", "1")), (("*::one", "why"),))
    assert (newer.told_version, newer.sha256, newer.imports) == ("2.0", "", ("x", "x.y"))
    assert newer.env == (("A", "1"), ("B", "2"), ("C", "2"))
    assert newer.skip == (("*::one", "why"), ("*::two", "because"))
    assert newer.cflags == "-O2"
    assert (newer.file, newer.tests) == (folder / file, (folder / "test_x.py",))
    assert older.platforms == newer.platforms == ()


def test_a_release_may_be_named_in_full(tmp_path: Path) -> None:
    recipe = read_recipe(put(tmp_path, f'[platform."{NEWER.pyodide}".package]\ndisabled = true\n'))
    assert (recipe.on(OLDER).disabled, recipe.on(NEWER).disabled) == (False, True)


def test_every_mistake_with_its_line(tmp_path: Path) -> None:
    text = """\
[package]
version = "1"
[platform."315".source]
path = "."
[platform."0.29".build]
cflag = ""
[platform."314"]
source.url = "u"
buld = {}
[platform."314.0.7".build]
patches = ["none.patch"]
"""
    with pytest.raises(ConfigurationError) as caught:
        read_recipe(put(tmp_path, text))
    lines = caught.value.message.replace(f"{tmp_path}/", "").splitlines()
    assert [line.strip() for line in lines[1:]] == [
        'recipe.toml:3: [platform."315"] no such platform: there are 0.29, 314',
        'recipe.toml:10: [platform."314.0.7"] is the platform of [platform."314"] too',
        'recipe.toml:6: [platform."0.29"] unknown field build.cflag',
        'recipe.toml:9: [platform."314"] unknown table [buld]',
        'recipe.toml:8: [platform."314"] source.url needs source.sha256',
    ]
    assert '[platform."NAME"]' in caught.value.advice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("platform = 1\n", "recipe.toml:1: platform must be a table"),
        ('platform."314" = 1\n', r'recipe.toml:1: \[platform."314"\] must be a table'),
        (
            '[package]\nversion = "1"\n[platform."314".source]\npurl = "pkg:pypi/x@2"\n',
            "recipe.toml:4: .* source.purl is of version 2, package.version says 1",
        ),
        ('[platform."314".build]\npatches = ["none.patch"]\n', "no patch none.patch"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_recipe(put(tmp_path, text))


def test_a_source_is_the_platforms(tmp_path: Path) -> None:
    put(tmp_path / "x", TWO)
    named = [
        parse_source(str(tmp_path / "x"), recipes=tmp_path, platform=p) for p in (OLDER, NEWER)
    ]
    assert [source.where for source in named] == ["pkg:pypi/x@1.0", "pkg:pypi/x@2.0"]
    assert [source.sha256 for source in named] == ["aa", ""]
    # The hash of one platform's version says nothing of another's.
    asked = [
        parse_source("pkg:pypi/x@1.0", recipes=tmp_path, platform=p).sha256 for p in (OLDER, NEWER)
    ]
    assert asked == ["aa", ""]
    folder = make_tiny(tmp_path / "y")
    put(folder, '[requirements]\nhost = ["x"]\n')
    versions = [
        read_wanted(["y"], recipes=[tmp_path], platform=p).recipes["x"].told_version
        for p in (OLDER, NEWER)
    ]
    assert versions == ["1.0", "2.0"]


def test_it_goes_into_the_hashes_of_its_platform_alone(tmp_path: Path) -> None:
    def inputs(platform: Platform) -> dict[str, str]:
        return build_inputs(
            read_recipe(tmp_path).on(platform),
            identity="",
            platform=platform,
            toolchain="",
            host={},
            audited=True,
        )

    put(tmp_path, '[build]\ncflags = "-O2"\n')
    before = inputs(OLDER), inputs(NEWER)
    put(tmp_path, '[build]\ncflags = "-O2"\n[platform."314".build]\ncflags = "-O3"\n')
    after = inputs(OLDER), inputs(NEWER)
    assert after[0] == before[0]
    assert {name for name in after[1] if after[1][name] != before[1][name]} == {"flags"}
