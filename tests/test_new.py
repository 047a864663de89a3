"""A first recipe for each form of a source."""

import hashlib
from pathlib import Path

import pytest
from projects import make_sdist, make_tiny
from repository import commit_all, git
from shelf import serve_shelf

from porter.errors import ConfigurationError, SourceNotFound, Unreachable, UsageError
from porter.home import Home
from porter.new import Written, write_recipe
from porter.platform import Platform
from porter.recipe import read_recipe
from porter.source import fetch_source, recipe_source


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_tiny(tmp_path / "tiny")


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    return tmp_path / "recipes"


def write(
    text: str,
    recipes: Path,
    home: Home,
    env: dict[str, str],
    platform: Platform,
    *,
    name: str = "tiny",
    replaces: bool = True,
) -> Written:
    return write_recipe(
        name, text, recipes=[recipes], platform=platform, home=home, env=env, replaces=replaces
    )


def test_every_source(
    project: Path,
    recipes: Path,
    scratch_home: Home,
    env: dict[str, str],
    platform: Platform,
    tmp_path: Path,
) -> None:
    sdist = make_sdist(project, tmp_path / "tiny-1.0.tar.gz")
    newer = make_sdist(project, tmp_path / "tiny-1.1.tar.gz")
    early = make_sdist(project, tmp_path / "tiny-2.0rc1.tar.gz")
    digest = hashlib.sha256(newer.read_bytes()).hexdigest()
    commit = commit_all(project)
    git(project, "tag", "-a", "v1", "-m", "one")
    with serve_shelf(sdist, newer, early) as shelf:
        inside = shelf.env(env)
        url = f"{shelf.url}/files/tiny-1.1.tar.gz"
        other = f"repository_url={shelf.url}/r/0.29/simple"
        for text, source in {
            str(project): {"path": "../../tiny"},
            str(newer): {"path": "../../tiny-1.1.tar.gz", "sha256": digest},
            f"{url}#sha256={digest}": {"url": url, "sha256": digest},
            f"git+{project}": {"git": str(project), "commit": commit},
            f"git+file://{project}@v1": {"git": f"file://{project}", "commit": commit},
            "pkg:pypi/tiny": {"purl": "pkg:pypi/tiny@1.1", "sha256": digest},
            f"pkg:pypi/tiny?{other}": {"purl": f"pkg:pypi/tiny@1.1?{other}", "sha256": digest},
        }.items():
            written = write(text, recipes, scratch_home, inside, platform)
            assert (written.survey.version, written.note) == ("1.0", ""), text
            body = written.path.read_text()
            for field, value in source.items():
                assert f'{field} = "{value}"' in body.replace("%2F", "/").replace("%3A", ":"), text
            recipe = read_recipe(written.path.parent)
            assert (recipe.version, recipe.imports, recipe.host) == ("1.0", ("tiny",), ())
            again = recipe_source(recipe)
            if "purl" not in source:
                fetch_source(again, platform=platform, home=scratch_home, env=inside)
    assert list(scratch_home.work.iterdir()) == []


def test_host_requirements_that_there_are_recipes_for(
    project: Path, recipes: Path, scratch_home: Home, env: dict[str, str], platform: Platform
) -> None:
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "numpy>=2"]\n[project]\nname = "other"\n'
    )
    written = write(str(project), recipes, scratch_home, env, platform)
    assert read_recipe(written.path.parent).host == ()
    assert (
        "# Guessed: host numpy, by build requirement numpy>=2; no recipe"
        in written.path.read_text()
    )
    assert written.note == "the source calls itself other"
    (recipes / "numpy").mkdir()
    (recipes / "numpy" / "recipe.toml").write_text('[source]\npurl = "pkg:pypi/numpy@2"\n')
    write(str(project), recipes, scratch_home, env, platform)
    assert read_recipe(recipes / "tiny").host == ("numpy",)


def test_what_is_refused(
    project: Path, recipes: Path, scratch_home: Home, env: dict[str, str], platform: Platform
) -> None:
    def attempt(text: str, name: str = "tiny", *, replaces: bool = False) -> Written:
        return write(text, recipes, scratch_home, env, platform, name=name, replaces=replaces)

    attempt(str(project))
    before = (recipes / "tiny" / "recipe.toml").read_text()
    with pytest.raises(ConfigurationError, match="is there already"):
        attempt(str(project))
    with pytest.raises(UsageError, match="not the name of a project"):
        attempt(str(project), "../x")
    with pytest.raises(Unreachable):
        attempt("git+file:///nowhere/at/all", replaces=True)
    commit_all(project)
    with pytest.raises(SourceNotFound, match="no branch or tag v9"):
        attempt(f"git+{project}@v9", replaces=True)
    with pytest.raises(UsageError):
        attempt("git+ext::touch", replaces=True)
    with pytest.raises(UsageError):
        attempt("pkg:cargo/x", replaces=True)
    assert (recipes / "tiny" / "recipe.toml").read_text() == before
