from pathlib import Path

import pytest
from pyodide_build.recipe.unvendor import unvendor_tests  # type: ignore[import-untyped]

from porter.backend import holds_tests


@pytest.mark.parametrize(
    "member",
    [
        "a/tests/data.txt",
        "a/test/__init__.py",
        "tests/x.py",
        "test_a.py",
        "a/b_test.py",
        "a/conftest.py",
        "a/__init__.py",
        "a/testing.py",
        "a/attest.so",
        "a-1.dist-info/METADATA",
    ],
)
def test_tests_are_looked_for_where_pyodide_build_takes_some_out(
    tmp_path: Path, member: str
) -> None:
    path = tmp_path / "wheel" / member
    path.parent.mkdir(parents=True)
    path.touch()
    moved = unvendor_tests(tmp_path / "wheel", tmp_path / "moved", [])
    assert holds_tests([member]) == bool(moved)
