"""Repositories at a commit, with their submodules."""

import tarfile
from pathlib import Path

import pytest
from projects import make_tiny
from repository import commit_all, git

from porter.errors import SourceNotFound, Unreachable, UsageError
from porter.home import Home, hash_file
from porter.platform import Platform
from porter.recipe import read_recipe
from porter.source import Git, fetch_source, lay_source, parse_source, recipe_source
from porter.source.git import fetch_git
from porter.source.parse import parse_git


def members(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {name.partition("/")[2] for name in tar.getnames()}


def test_a_commit_that_is_not_the_newest(
    scratch_home: Home, other_root: Home, env: dict[str, str], tmp_path: Path
) -> None:
    project = make_tiny(tmp_path / "tiny")
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o755)
    (project / "link").symlink_to("tiny.c")
    # A tree of sources would be without these.
    (project / "build").mkdir()
    (project / "build" / "x.o").write_text("kept in git, so it is source")
    first = commit_all(project)
    (project / "later").touch()
    second = commit_all(project, "two")
    origin = Git(url=str(project), commit=first)
    archive = fetch_git(origin, home=scratch_home, env=env)
    assert members(archive) == {
        "build/x.o",
        "link",
        "pyproject.toml",
        "run.sh",
        "setup.py",
        "test_tiny.py",
        "tiny.c",
    }
    again = fetch_git(Git(url=f"file://{project}", commit=first), home=other_root, env=env)
    assert hash_file(again) == hash_file(archive)
    newer = fetch_git(Git(url=str(project), commit=second), home=scratch_home, env=env)
    assert "later" in members(newer)
    (project / ".git").rename(tmp_path / "gone")
    assert fetch_git(origin, home=scratch_home, env=env) == archive, "it is kept"
    assert list(scratch_home.work.iterdir()) == []


@pytest.fixture
def other_root(tmp_path: Path) -> Home:
    return Home(root=tmp_path / "other")


def test_submodules_come_along(
    platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    (deep / "deep.h").write_text("#define DEEP 1\n")
    commit_all(deep)
    vendored = tmp_path / "vendored"
    vendored.mkdir()
    git(vendored, "init", "--quiet")
    git(vendored, "submodule", "--quiet", "add", str(deep), "inner")
    commit_all(vendored)
    project = make_tiny(tmp_path / "tiny")
    git(project, "init", "--quiet")
    git(project, "submodule", "--quiet", "add", f"file://{vendored}", "third_party/vendored")
    commit = commit_all(project)

    recipe = tmp_path / "recipes" / "tiny"
    recipe.mkdir(parents=True)
    (recipe / "recipe.toml").write_text(
        f'[source]\ngit = "file://{project}"\ncommit = "{commit}"\n'
    )
    source = recipe_source(read_recipe(recipe))
    assert source == parse_source(str(recipe), recipes=tmp_path, platform=platform)
    fetched = fetch_source(source, platform=platform, home=scratch_home, env=env)
    assert fetched.identity == f"git {commit}"
    lay_source(fetched, tmp_path / "src", log=tmp_path / "log", env=env)
    assert (tmp_path / "src/third_party/vendored/inner/deep.h").read_text() == "#define DEEP 1\n"
    named = parse_source(
        f"git+file://{project}@{commit}", recipes=tmp_path / "recipes", platform=platform
    )
    assert (named.name, named.origin) == ("tiny", source.origin)


def test_what_is_not_there(scratch_home: Home, env: dict[str, str], tmp_path: Path) -> None:
    project = make_tiny(tmp_path / "tiny")
    commit_all(project)
    with pytest.raises(SourceNotFound, match=r"tiny has no commit 0{40}"):
        fetch_git(Git(url=str(project), commit="0" * 40), home=scratch_home, env=env)
    with pytest.raises(Unreachable, match=r"nowhere@0000.* cannot be fetched: "):
        fetch_git(Git(url=str(tmp_path / "nowhere"), commit="0" * 40), home=scratch_home, env=env)
    assert not list(scratch_home.downloads.rglob("*.tar"))


@pytest.mark.parametrize(
    "text",
    [
        "git+https://example.org/x",
        "git+https://example.org/x@main",
        "git+https://example.org/x@abc123",
        f"git+--upload-pack=touch@{'0' * 40}",
        f"git+ext::sh -c touch@{'0' * 40}",
        f"git+relative/x@{'0' * 40}",
    ],
)
def test_what_is_no_repository(text: str) -> None:
    with pytest.raises(UsageError, match=r"git\+URL@COMMIT"):
        parse_git(text)
