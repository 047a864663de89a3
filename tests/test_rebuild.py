"""A wheel is built again from its own account, and compared."""

import hashlib
from pathlib import Path

import pytest
from conftest import Porter
from projects import make_pure, make_sdist
from running import run_porter
from shelf import serve_shelf
from wheels import make_wheel

from porter.home import Home


def put(recipes: Path, name: str, text: str = "") -> Path:
    """A recipe of a wheel, which is quick to build."""
    wheel = make_wheel(recipes / name, name)
    (recipes / name / "recipe.toml").write_text(f'[source]\npath = "{wheel.name}"\n{text}')
    return recipes / name


def test_the_same_bytes_and_what_differs(porter: Porter, tmp_path: Path) -> None:
    recipes = tmp_path / "recipes"
    put(recipes, "base")
    app = put(recipes, "app", '[requirements]\nhost = ["base"]\n[build]\ncflags = "-O1"\n')
    built = porter("build", "app", "--recipes", recipes, "--json")
    assert built.code == 0, built.err
    wheel = tmp_path / "cwd" / built.json["wheels"][-1]["wheel"]
    # What its recipe says today is not what it was built with, and does not count.
    text = (app / "recipe.toml").read_text()
    (app / "recipe.toml").write_text(text.replace("-O1", "-O3"))
    same = porter("rebuild", wheel, "--recipes", recipes)
    assert same.code == 0, same.err
    assert "built again, it is the same bytes" in same.out
    make_wheel(app, "app", members={"app.py": b"VALUE = 43\n"})
    other = porter("rebuild", wheel, "--recipes", recipes, "--json")
    assert other.code == 1
    told = other.json
    assert (told["same"], [change["input"] for change in told["changes"]]) == (False, ["source"])
    assert [d["member"] for d in told["differences"]] == ["app.py"]


@pytest.mark.journey
def test_a_wheel_of_an_index_needs_nothing_but_itself(
    porter: Porter, other_home: Home, tmp_path: Path, env: dict[str, str]
) -> None:
    sdist = make_sdist(make_pure(tmp_path / "late", "late"), tmp_path / "late-1.tar.gz")
    recipe = tmp_path / "recipes" / "late"
    recipe.mkdir(parents=True)
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    (recipe / "recipe.toml").write_text(
        f'[source]\npurl = "pkg:pypi/late@1"\nsha256 = "{digest}"\n[build]\ncflags = "-O1"\n'
        'patches = ["a.patch"]\n'
    )
    (recipe / "a.patch").write_text(
        '--- a/backend.py\n+++ b/backend.py\n@@ -10,1 +10,1 @@\n-        wheel.writestr("late.py", '
        '"x = 1")\n+        wheel.writestr("late.py", "x = 2")\n'
    )
    with serve_shelf(sdist) as shelf:
        index = {name: value for name, value in shelf.env(env).items() if name.startswith("PIP_")}
        built = porter("build", "late", "--recipes", tmp_path / "recipes", "--json", env=index)
        assert built.code == 0, built.err
        wheel = tmp_path / "cwd" / built.json["wheels"][0]["wheel"]

        def again(*arguments: str | Path) -> tuple[int, str, str]:
            ran = run_porter(
                "rebuild", wheel, *arguments, home=other_home.root, cwd=tmp_path / "cwd", env=index
            )
            return ran.code, ran.out, ran.err

        code, _, err = again()
        assert code == 2
        assert "a.patch of sha256" in err
        assert "--recipes DIR" in err
        code, out, err = again("--recipes", tmp_path / "recipes")
        assert (code, "the same bytes" in out) == (0, True), err


def test_what_does_not_tell(porter: Porter, tmp_path: Path) -> None:
    plain = porter("rebuild", make_wheel(tmp_path, "plain"))
    assert plain.code == 2
    assert "no bill of materials" in plain.err
    assert porter("rebuild", "nowhere.whl").code == 4
    put(tmp_path / "recipes", "app")
    built = porter("build", "app", "--recipes", tmp_path / "recipes", "--json")
    lost = porter("rebuild", built.json["wheels"][0]["wheel"])
    assert lost.code == 4
    assert "--source SOURCE" in lost.err
