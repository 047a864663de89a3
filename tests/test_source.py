import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from packageurl import PackageURL
from projects import make_sdist, make_tiny

from porter.errors import (
    ConfigurationError,
    HashMismatch,
    PorterError,
    SourceNotFound,
    UnsafeArchive,
    UsageError,
)
from porter.home import Home
from porter.platform import Platform
from porter.source import Fetched, Source, fetch_source, lay_source, parse_source


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "recipe.toml").write_text(
        f'[source]\npurl = "pkg:pypi/tiny@1.0"\nsha256 = "{"a" * 64}"\n[build]\ncflags = "-DX"\n'
    )
    return folder


def test_every_form_of_a_source(recipes: Path, tmp_path: Path, platform: Platform) -> None:
    project = make_tiny(tmp_path / "My.Tiny")
    folder = parse_source(str(project), recipes=recipes, platform=platform)
    assert (folder.name, folder.origin) == ("my-tiny", project)
    link = tmp_path / "link"
    link.symlink_to(project)
    assert parse_source(str(link), recipes=recipes, platform=platform).origin == project

    sdist = make_sdist(project, tmp_path / "Tiny-1.0.tar.gz")
    file = parse_source(f"{sdist}#sha256=00ff", recipes=recipes, platform=platform)
    assert (file.name, file.origin, file.sha256) == ("tiny", sdist, "00ff")
    assert file.recipe.cflags == "-DX"

    purl = parse_source("pkg:pypi/Tiny@1.0", recipes=recipes, platform=platform)
    assert purl.origin == PackageURL("pypi", None, "tiny", "1.0")
    assert (purl.name, purl.sha256) == ("tiny", "a" * 64)
    other = parse_source("pkg:pypi/tiny@2.0", recipes=recipes, platform=platform)
    assert (other.sha256, other.recipe.cflags) == ("", "-DX")
    asked = parse_source("pkg:pypi/tiny@1.0?checksum=sha256:bb", recipes=recipes, platform=platform)
    assert asked.sha256 == "bb"
    assert parse_source(str(recipes / "tiny"), recipes=recipes, platform=platform) == purl


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("nowhere", SourceNotFound, "no such folder"),
        ("empty", SourceNotFound, "neither pyproject.toml"),
        ("notes.txt", UsageError, "not the name of an sdist"),
        ("tiny-1.0-py3-none-any.whl", UsageError, "not the name of an sdist"),
        ("tiny-1.0.tar.gz#md5=1", UsageError, "sha256=HEX"),
        ("pkg:cargo/x@1", UsageError, "package index"),
    ],
)
def test_what_is_no_source(
    text: str,
    error: type[PorterError],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("notes.txt", "tiny-1.0-py3-none-any.whl", "tiny-1.0.tar.gz"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        parse_source(text, recipes=tmp_path, platform=platform)


def fetch(source: Source, platform: Platform, home: Home, env: dict[str, str]) -> Fetched:
    return fetch_source(source, platform=platform, home=home, env=env)


def test_an_sdist_is_hashed_before_it_is_used(
    platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    sdist = make_sdist(make_tiny(tmp_path / "tiny"), tmp_path / "tiny-1.0.tar.gz")
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    source = parse_source(f"{sdist}#sha256={digest}", recipes=tmp_path, platform=platform)
    assert fetch(source, platform, scratch_home, env).sha256 == digest
    wrong = parse_source(f"{sdist}#sha256={'0' * 64}", recipes=tmp_path, platform=platform)
    with pytest.raises(HashMismatch, match=digest):
        fetch(wrong, platform, scratch_home, env)


@pytest.mark.parametrize("suffix", ["tar.gz", "zip"])
def test_a_scratch_copy_of_an_sdist(
    suffix: str, platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    project = make_tiny(tmp_path / "tiny")
    path = tmp_path / f"tiny-1.0.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in project.iterdir():
                archive.write(file, f"tiny-1.0/{file.name}")
    else:
        make_sdist(project, path)
    fetched = fetch(
        parse_source(str(path), recipes=tmp_path, platform=platform), platform, scratch_home, env
    )
    lay_source(fetched, tmp_path / "work" / "src", log=tmp_path / "log", env=env)
    names = sorted(file.name for file in (tmp_path / "work" / "src").iterdir())
    assert names == ["pyproject.toml", "setup.py", "test_tiny.py", "tiny.c"]
    assert [file.name for file in (tmp_path / "work").iterdir()] == ["src"]


def test_archives_that_are_no_sdists(
    platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    project = make_tiny(tmp_path / "tiny")
    two = make_sdist(project, tmp_path / "tiny-1.0.tar.gz", {"other/file": b"x"})
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "README").touch()
    none = make_sdist(bare, tmp_path / "none-1.0.tar.gz")
    for path, error in ((two, UnsafeArchive), (none, ConfigurationError)):
        fetched = fetch(
            parse_source(str(path), recipes=tmp_path, platform=platform),
            platform,
            scratch_home,
            env,
        )
        with pytest.raises(error):
            lay_source(fetched, tmp_path / path.stem, log=tmp_path / "log", env=env)


def test_patches(
    recipes: Path, platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    sdist = make_sdist(make_tiny(tmp_path / "tiny"), tmp_path / "tiny-1.0.tar.gz")
    (recipes / "tiny" / "recipe.toml").write_text('[build]\npatches = ["name.patch"]\n')
    patch = recipes / "tiny" / "name.patch"
    patch.write_text(
        "--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ -1,1 +1,2 @@\n [build-system]\n+# patched\n"
    )
    fetched = fetch(
        parse_source(str(sdist), recipes=recipes, platform=platform), platform, scratch_home, env
    )
    lay_source(fetched, tmp_path / "src", log=tmp_path / "log", env=env)
    assert "# patched" in (tmp_path / "src" / "pyproject.toml").read_text()
    patch.write_text(patch.read_text().replace(" [build-system]", "-[other]").replace("1,2", "0,1"))
    with pytest.raises(ConfigurationError, match=r"name\.patch does not apply to tiny"):
        lay_source(fetched, tmp_path / "again", log=tmp_path / "log", env=env)


def test_a_version_that_git_knows(
    platform: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    if not any((Path(folder) / "git").exists() for folder in env["PATH"].split(os.pathsep)):
        pytest.skip("this machine has no git")
    project = make_tiny(tmp_path / "tiny")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "setuptools_scm>=8"]\n'
    )

    def git(*words: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *words], cwd=project, check=True, capture_output=True)

    git("init")
    git("add", "-A")
    git("commit", "-m", "one")
    source = parse_source(str(project), recipes=tmp_path, platform=platform)
    first = fetch(source, platform, scratch_home, env)
    assert fetch(source, platform, scratch_home, env) == first
    git("tag", "v1.5")
    tagged = fetch(source, platform, scratch_home, env)
    assert tagged.sha256 != first.sha256, "the version is part of the source"
    lay_source(tagged, tmp_path / "src", log=tmp_path / "log", env=env)
    told = subprocess.run(
        ["git", "describe", "--tags"],
        cwd=tmp_path / "src",
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "v1.5"
