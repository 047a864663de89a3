import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.errors import ConfigurationError
from porter.tree import copy_tree, hash_tree, list_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "src" / "build").mkdir(parents=True)
    (root / "src" / "build" / "kept.c").write_text("source, whatever its folder is called")
    (root / "pyproject.toml").write_text("x = 1")
    for left_out in (
        "build/x.o",
        "dist/x.whl",
        ".git/HEAD",
        "src/__pycache__/a.pyc",
        "x.egg-info/a",
    ):
        path = root / left_out
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_what_is_source_and_what_is_not(tree: Path) -> None:
    assert [entry.name for entry in list_tree(tree)] == ["pyproject.toml", "src/build/kept.c"]


def test_where_the_wheels_go_is_no_source(tree: Path) -> None:
    before = list_tree(tree)
    out = tree / "my" / "wheels"
    out.mkdir(parents=True)
    (out / "x.whl").touch()
    assert list_tree(tree, leave_out=out) == before
    assert len(list_tree(tree)) == len(before) + 1


def test_the_hash_follows_names_contents_and_modes(tree: Path) -> None:
    seen = {hash_tree(list_tree(tree))}
    os.utime(tree / "pyproject.toml", (0, 0))
    assert hash_tree(list_tree(tree)) in seen
    (tree / "pyproject.toml").chmod(0o755)
    seen.add(hash_tree(list_tree(tree)))
    (tree / "pyproject.toml").write_text("x = 2")
    seen.add(hash_tree(list_tree(tree)))
    (tree / "pyproject.toml").rename(tree / "other.toml")
    seen.add(hash_tree(list_tree(tree)))
    assert len(seen) == 4


def test_links_are_followed_and_loops_are_refused(tree: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "header.h").write_text("shared")
    (tree / "include").symlink_to(shared)
    (tree / "alias.toml").symlink_to("pyproject.toml")
    (tree / "dangling").symlink_to("nowhere")
    copy = tmp_path / "copy"
    copy_tree(list_tree(tree), copy)
    assert (copy / "include" / "header.h").read_text() == "shared"
    assert not (copy / "include").is_symlink()
    assert (copy / "alias.toml").read_text() == "x = 1"
    (tree / "loop").symlink_to(tree)
    with pytest.raises(ConfigurationError, match="leads back"):
        list_tree(tree)


@given(
    one=st.dictionaries(st.sampled_from("abcd"), st.binary(max_size=4), max_size=4),
    two=st.dictionaries(st.sampled_from("abcd"), st.binary(max_size=4), max_size=4),
)
def test_equal_trees_and_only_they_hash_equal(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    hashes = []
    for files in (one, two):
        root = tmp_path_factory.mktemp("tree")
        for name, content in files.items():
            (root / name).write_bytes(content)
        hashes.append(hash_tree(list_tree(root)))
    assert (hashes[0] == hashes[1]) == (one == two)
