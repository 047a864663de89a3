"""Which tests are found in a source tree, and which of them the wheel carries."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from porter.check.suite import find_suite, recipe_tests
from porter.errors import ConfigurationError
from porter.recipe import Recipe

RECIPE = Recipe(name="sample")


def make(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_tests_beside_the_package_are_copied_with_what_lies_beside_them(tmp_path: Path) -> None:
    source = make(
        tmp_path,
        {
            "conftest.py": "",
            "sample/__init__.py": "",
            "tests/test_a.py": "",
            "tests/deep/b_test.py": "",
            "tests/data.json": "{}",
            "docs/test_docs.py": "",
            ".hidden/test_hidden.py": "",
        },
    )
    tests = find_suite(source, {"sample/__init__.py"}, recipe=RECIPE)
    assert tests.named == ("tests/deep/b_test.py", "tests/test_a.py")
    assert [name for name, _ in tests.files] == [
        "conftest.py",
        "tests/data.json",
        "tests/deep/b_test.py",
        "tests/test_a.py",
    ]
    assert tests.installed == ()


def test_tests_the_wheel_carries_are_run_where_they_are(tmp_path: Path) -> None:
    source = make(tmp_path, {"src/sample/tests/test_a.py": "", "tests/test_b.py": ""})
    tests = find_suite(source, {"sample/tests/test_a.py"}, recipe=RECIPE)
    assert tests.installed == ("sample/tests/test_a.py",)
    assert tests.named == ("tests/test_b.py",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["checks"]\n'),
        ("pyproject.toml", '[tool.pytest]\ntestpaths = "checks"\n'),
        ("pytest.ini", "[pytest]\ntestpaths = checks\n"),
        ("tox.ini", "[pytest]\ntestpaths =\n    checks\n    ../../etc\n"),
        ("setup.cfg", "[tool:pytest]\ntestpaths = checks\n"),
    ],
)
def test_pytests_own_configuration_says_where(name: str, text: str, tmp_path: Path) -> None:
    source = make(tmp_path, {name: text, "checks/test_a.py": "", "other/test_b.py": ""})
    assert find_suite(source, set(), recipe=RECIPE).named == ("checks/test_a.py",)


@pytest.mark.parametrize("text", ["[pytest", "[pytest]\nx", "\xff"])
def test_a_configuration_that_cannot_be_read_says_nothing(text: str, tmp_path: Path) -> None:
    source = make(tmp_path, {"test_a.py": ""})
    (source / "pytest.ini").write_bytes(text.encode("latin-1"))
    (source / "pyproject.toml").write_text("= nonsense")
    assert find_suite(source, set(), recipe=RECIPE).named == ("test_a.py",)


def test_only_some_of_them(tmp_path: Path) -> None:
    source = make(tmp_path, {"a/tests/test_a.py": "", "b/tests/test_b.py": ""})
    assert find_suite(source, set(), only=["a/*"], recipe=RECIPE).named == ("a/tests/test_a.py",)
    with pytest.raises(ConfigurationError, match=r"no test file matches c/\*"):
        find_suite(source, set(), only=["c/*"], recipe=RECIPE)


def test_no_tests_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="it has no test files"):
        find_suite(tmp_path, set(), recipe=RECIPE)


def test_what_the_tests_need_beyond_the_wheel(tmp_path: Path) -> None:
    pyproject = (
        '[project.optional-dependencies]\ntest = ["hypothesis"]\ndocs = ["sphinx"]\n'
        '[dependency-groups]\ntests = ["attrs>=20", {include-group = "x"}]\n'
    )
    source = make(tmp_path, {"pyproject.toml": pyproject, "test_a.py": ""})
    assert find_suite(source, set(), recipe=RECIPE).extra == ("hypothesis", "attrs>=20")


def test_a_recipe_that_names_a_test_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="names a test file that is not there"):
        recipe_tests(Recipe(name="sample", tests=(tmp_path / "test_absent.py",)))
