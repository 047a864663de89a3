"""A folder of sources that builds with no network at all."""

import hashlib
from pathlib import Path

import pytest
from conftest import Porter
from projects import make_in_tree, make_sdist, make_tiny
from repository import commit_all
from running import run_porter
from shelf import serve_shelf

from porter.errors import ConfigurationError, Unreachable
from porter.graph import plan_graph
from porter.home import Home
from porter.platform import Platform
from porter.prefetch import Fetching, fetch_graph, folder_size
from porter.process import Children
from porter.progress import Quiet
from porter.requirements import ask_requirements, fetch_requirements, offline_env
from porter.source.fetch import locate_source
from porter.wanted import read_wanted

# Nobody listens there.
AWAY = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "UV_DEFAULT_INDEX": "http://127.0.0.1:9"}
LENT = ("toolchains", "runtimes", "surfaces", "ccache")


def test_a_folder_that_tells_all_there_is_to_know(
    build_home: Home, env: dict[str, str], platform: Platform, tmp_path: Path
) -> None:
    sdist = make_sdist(make_in_tree(tmp_path / "odd", "pass"), tmp_path / "odd-1.tar.gz")
    recipes = tmp_path / "recipes"
    (recipes / "odd").mkdir(parents=True)
    (recipes / "odd" / "recipe.toml").write_text('[source]\npurl = "pkg:pypi/odd@1"\n')
    wanted = read_wanted([], recipes=[recipes], platform=platform)
    graph = plan_graph(wanted.roles, wanted.recipes, provided={})
    with serve_shelf(sdist) as shelf:
        fetching = Fetching(
            platform=platform,
            out=tmp_path / "fetched",
            home=build_home,
            env=shelf.env(env),
            report=Quiet(),
            children=Children(),
            jobs=1,
        )
        (fetched,), failures = fetch_graph(graph, wanted, fetching)
    assert failures == []
    source = wanted.source(wanted.recipes["odd"])
    alone = Home(root=tmp_path / "alone")
    assert locate_source(source, home=alone, env={}, sources=fetching.out) == fetched.sha256
    assert folder_size(fetching.out) > sdist.stat().st_size


@pytest.mark.journey
def test_what_was_fetched_builds_offline(
    porter: Porter, build_home: Home, home: Home, tmp_path: Path
) -> None:
    project = make_tiny(tmp_path / "tiny")
    sdist = make_sdist(project, tmp_path / "other-1.0.tar.gz")
    recipes = tmp_path / "recipes"
    for name, source in {
        "tiny": f'git = "{project}"\ncommit = "{commit_all(project)}"',
        "other": f'path = "{sdist}"\nsha256 = "{hashlib.sha256(sdist.read_bytes()).hexdigest()}"',
        "absent": f'git = "{tmp_path}/nowhere"\ncommit = "{"0" * 40}"',
    }.items():
        (recipes / name).mkdir(parents=True)
        (recipes / name / "recipe.toml").write_text(f"[source]\n{source}\n")
    ran = porter("fetch", "--recipes", recipes, "--out", "src", "--json")
    assert ran.code == 4
    assert [item["name"] for item in ran.json["sources"]] == ["other", "tiny"]
    assert [(f["name"], f["error"]) for f in ran.json["failures"]] == [("absent", "Unreachable")]
    folder = tmp_path / "cwd" / "src"
    assert list((folder / "wheels").glob("setuptools-*.whl"))
    (project / ".git").rename(tmp_path / "gone")

    # A cache that never saw an index.
    alone = Home(root=tmp_path / "alone")
    alone.root.mkdir()
    for name in LENT:
        (home.root / name).mkdir(exist_ok=True)
        (alone.root / name).symlink_to(home.root / name)
    built = run_porter(
        *("build", "tiny", "--recipes", recipes, "--sources", folder, "--json"),
        home=alone.root,
        cwd=tmp_path / "cwd",
        env=AWAY,
    )
    assert built.code == 0, built.err
    assert built.json["wheels"][0]["name"] == "tiny"
    refused = run_porter(
        *("build", "absent", "--recipes", recipes, "--sources", folder),
        home=alone.root,
        cwd=tmp_path / "cwd",
        env=AWAY,
    )
    assert refused.code == 4
    assert "is not in" in refused.err


def test_what_a_backend_asks_for(scratch_home: Home, env: dict[str, str], tmp_path: Path) -> None:
    body = "pass\n\ndef get_requires_for_build_wheel(config_settings=None):\n    return ['b>1']"
    folder = make_in_tree(tmp_path / "odd", "pass")
    backend = folder / "backend.py"
    backend.write_text(f"def build_wheel(*_):\n    {body}\n")
    asked = ask_requirements(folder, log=tmp_path / "log", env=env)
    assert asked == ["b>1"]
    backend.write_text("def get_requires_for_build_wheel(config_settings=None):\n    1 / 0\n")
    assert ask_requirements(folder, log=tmp_path / "log", env=env) == []
    (folder / "pyproject.toml").write_text("[build-system]\nrequires = 1\n")
    with pytest.raises(ConfigurationError, match="requirements cannot be told"):
        ask_requirements(folder, log=tmp_path / "log", env=env)
    with pytest.raises(Unreachable, match="requirements cannot be fetched"):
        fetch_requirements(
            ["no-such-project-anywhere"],
            tmp_path / "wheels",
            constraints=["other>1"],
            home=scratch_home,
            env={**env, **AWAY, "PIP_RETRIES": "1", "PIP_NO_CACHE_DIR": "1"},
            log=tmp_path / "log2",
        )
    assert list((tmp_path / "wheels").iterdir()) == []
    assert offline_env(tmp_path)["UV_FIND_LINKS"] == str(tmp_path / "wheels")
