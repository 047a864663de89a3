from pathlib import Path

import pytest

from porter.errors import ConfigurationError
from porter.recipe import find_recipe, read_recipe, read_recipes

META = "package: {{name: {name}, version: '{version}'}}\nsource: {{path: .}}\n"


def put(folder: Path, file: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text)
    return folder


def test_three_places_one_value(tmp_path: Path) -> None:
    meta = put(tmp_path / "a", "meta.yaml", META.format(name="A_b", version="1"))
    assert (read_recipe(meta).name, read_recipe(meta).path) == ("A_b", meta)
    put(meta, "recipe.toml", '[package]\nversion = "2"\n')
    assert (read_recipe(meta).name, read_recipe(meta).version) == ("a", "2")
    project = put(
        tmp_path / "c", "pyproject.toml", '[tool.porter.requirements]\nhost = ["A.B", "a_b"]\n'
    )
    assert read_recipe(project).host == ("a-b",)
    put(tmp_path / "d", "pyproject.toml", "[project]\nname = 'd'\n")
    put(tmp_path / "e", "README", "")
    found = read_recipes([tmp_path])
    assert sorted(found) == ["a", "c"]
    assert found["a"].file == meta / "recipe.toml"


def test_ends_of_lines_are_those_of_any_system(tmp_path: Path) -> None:
    text = '[package]\r\nversion = "1"\r\n[build]\r\nscript = """\r\na\r\nb"""\r\n'
    for folder in ("toml", "meta"):
        (tmp_path / folder).mkdir()
    (tmp_path / "toml" / "recipe.toml").write_bytes(text.encode())
    meta = META.format(name="meta", version="1").replace("\n", "\r\n")
    (tmp_path / "meta" / "meta.yaml").write_bytes(meta.encode())
    found = read_recipes([tmp_path])
    assert (found["toml"].script, found["meta"].version) == ("a\nb", "1")


def test_the_tests_of_a_recipe_are_files_beside_it(tmp_path: Path) -> None:
    folder = put(tmp_path / "a", "recipe.toml", '[package]\nversion = "1"\n')
    for name in ("test_b.py", "test_a.py", "testing.py", "test_c.txt"):
        put(folder, name, "")
    assert [path.name for path in read_recipe(folder).tests] == ["test_a.py", "test_b.py"]
    assert read_recipes([tmp_path])["a"] == read_recipe(folder)


def test_the_first_folder_wins(tmp_path: Path) -> None:
    for folder, version in (("one", "1"), ("two", "2")):
        put(tmp_path / folder / "x", "meta.yaml", META.format(name="x", version=version))
    put(tmp_path / "two" / "Big_Name", "meta.yaml", META.format(name="Big_Name", version="3"))
    both = read_recipes([tmp_path / "one", tmp_path / "two", tmp_path / "nowhere"])
    assert {name: recipe.version for name, recipe in both.items()} == {"x": "1", "big-name": "3"}
    folders = [tmp_path / "two", tmp_path / "one"]
    assert find_recipe(folders, "x").version == "2"
    assert find_recipe(folders, "big.name").version == "3"
    assert find_recipe(folders, "other").folder is None


def test_every_mistake_of_every_file_at_once(tmp_path: Path) -> None:
    put(tmp_path / "a", "meta.yaml", "package: {name: a}\nsource: {path: .}\n")
    put(tmp_path / "b", "recipe.toml", "[build]\ncflags = 1\n\n[build.env]\nA = 2\n[buld]\n")
    put(
        tmp_path / "c",
        "pyproject.toml",
        '[project]\nname = "c"\n[tool.porter]\nbuild.patches = ["none.patch"]\ntest = {files = 1}\n',
    )
    put(tmp_path / "d", "recipe.toml", "[build\n")
    put(tmp_path / "e", "recipe.toml", '[source]\nurl = "u"\npurl = "p"\ncommit = "c"\n')
    put(tmp_path / "f1", "meta.yaml", META.format(name="f", version="1"))
    put(tmp_path / "f2", "meta.yaml", META.format(name="F", version="1"))
    with pytest.raises(ConfigurationError) as caught:
        read_recipes([tmp_path])
    lines = caught.value.message.replace(f"{tmp_path}/", "").splitlines()
    assert lines[0] == "10 mistakes in recipes:"
    assert [line.strip() for line in lines[1:]] == [
        "a/meta.yaml:1: package.version is missing",
        "b/recipe.toml:2: build.cflags must be a string",
        "b/recipe.toml:4: build.env must hold strings only",
        "b/recipe.toml:6: unknown table [buld]",
        "c/pyproject.toml:5: [tool.porter] test.files must be a list",
        "d/recipe.toml: Expected ']' at the end of a table declaration (at line 1, column 7)",
        "e/recipe.toml:3: source.url and source.purl: one of them",
        "e/recipe.toml:2: source.url needs source.sha256",
        "e/recipe.toml:4: source.git and source.commit go together",
        "f2/meta.yaml: F has another recipe in f1",
    ]
    assert "build.cflags" in caught.value.advice


def test_files_that_a_recipe_names_are_there(tmp_path: Path) -> None:
    text = "package: {name: a, version: '1'}\nsource: {url: u, sha256: s, patches: [p], extras: [[e, f]]}\n"
    put(tmp_path, "meta.yaml", text)
    with pytest.raises(ConfigurationError, match=r"no patch p\n.*no file e"):
        read_recipe(tmp_path)


def test_hundreds_of_mistakes_are_told_by_the_first(tmp_path: Path) -> None:
    for number in range(60):
        put(tmp_path / f"p{number:02}", "meta.yaml", "package: {name: a}\n")
    with pytest.raises(ConfigurationError, match=r"60 mistakes[\s\S]*and 20 more$"):
        read_recipes([tmp_path])
