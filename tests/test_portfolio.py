"""Many recipes in one run, most of them of wheels: laid out, finished and audited, not compiled."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import Porter
from projects import IN_TREE
from running import run_porter, start_porter
from wheels import make_wheel

from porter.artefact import last_seconds
from porter.batch import Failure
from porter.build import Built
from porter.home import Home
from porter.platform import Platform
from porter.portfolio import Portfolio, build_portfolio
from porter.progress import PlainReporter
from porter.toolchain.model import Toolchain
from porter.wanted import read_wanted

BUILDS = """\
import pathlib, time, zipfile
{body}
info = "{name}-1.dist-info"
tag = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    begin()
    with zipfile.ZipFile(pathlib.Path(folder, "{name}-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("{name}.py", "x = 1")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n")
        wheel.writestr(info + "/WHEEL", tag)
        wheel.writestr(info + "/RECORD", "")
    return "{name}-1-py3-none-any.whl"
"""


def put_wheel(recipes: Path, name: str, *host: str, tag: str = "py3-none-any") -> Path:
    """A recipe whose source is a wheel."""
    folder = recipes / name
    wheel = make_wheel(folder, name, tag=tag)
    (folder / "recipe.toml").write_text(
        f'[source]\npath = "{wheel.name}"\n[requirements]\nhost = {list(host)}\n'.replace("'", '"')
    )
    return folder


class Works:
    """A folder of recipes, and runs over it."""

    def __init__(
        self, folder: Path, home: Home, env: dict[str, str], platform: Platform, chain: Toolchain
    ) -> None:
        self.recipes, self.home, self.env = folder, home, env
        self.platform, self.toolchain = platform, chain
        self.said = folder.parent / "said"

    def build(
        self, *texts: str, jobs: int = 1, fail_fast: bool = False
    ) -> tuple[dict[str, Built], dict[str, Failure]]:
        with self.said.open("w") as stream:
            built, failures = build_portfolio(
                read_wanted(texts, recipes=[self.recipes]),
                Portfolio(
                    out=self.recipes.parent / "dist",
                    platform=self.platform,
                    toolchain=self.toolchain,
                    home=self.home,
                    env=self.env,
                    jobs=jobs,
                    report=PlainReporter(stream),
                    fail_fast=fail_fast,
                ),
            )
        return {item.name: item for item in built}, {item.name: item for item in failures}


@pytest.fixture
def works(
    tmp_path: Path, build_home: Home, env: dict[str, str], platform: Platform, toolchain: Toolchain
) -> Works:
    (tmp_path / "recipes").mkdir()
    return Works(tmp_path / "recipes", build_home, env, platform, toolchain)


def how(built: Mapping[str, Built]) -> dict[str, str]:
    return {name: str(item.how) for name, item in built.items()}


def test_a_failure_blocks_its_users_alone_and_the_rest_is_kept(works: Works) -> None:
    put_wheel(works.recipes, "base")
    put_wheel(works.recipes, "app", "base", "bad")
    put_wheel(works.recipes, "its", "app")
    put_wheel(works.recipes, "far")
    bad = put_wheel(works.recipes, "bad", tag="cp313-cp313-manylinux_2_17_x86_64")
    built, failures = works.build(jobs=2)
    assert how(built) == {"base": "built", "far": "built"}
    assert {name: failure.blocked_by for name, failure in failures.items()} == {
        "bad": "",
        "app": "bad",
        "its": "bad",
    }
    said = works.said.read_text()
    assert "bad: failed: the build gave bad-1.0-cp313-cp313-manylinux" in said
    assert "(3 of 5)" in said
    known = last_seconds(works.home, ["base", "bad", "far"], works.platform.pyodide)
    assert set(known) == {"base", "far"}

    # Once it is mended, the rest goes on from there.
    for path in bad.glob("*.whl"):
        path.unlink()
    put_wheel(works.recipes, "bad")
    built, failures = works.build()
    assert failures == {}
    assert how(built) == {
        "base": "reused",
        "bad": "built",
        "far": "reused",
        "app": "built",
        "its": "built",
    }


def test_what_porter_itself_gets_wrong_fails_one_build(works: Works) -> None:
    put_wheel(works.recipes, "good")
    odd = put_wheel(works.recipes, "odd")
    next(odd.glob("*.whl")).write_bytes(b"no archive at all")
    built, failures = works.build("good", "odd")
    assert how(built) == {"good": "built"}
    error = failures["odd"].error
    assert error.log is not None
    assert "Traceback" in error.log.read_text()


def test_fail_fast_and_the_table(works: Works, porter: Porter) -> None:
    put_wheel(works.recipes, "aa", tag="cp313-cp313-manylinux_2_17_x86_64")
    put_wheel(works.recipes, "ba", "aa")
    put_wheel(works.recipes, "ca")
    arguments = ("--recipes", works.recipes, "--jobs", "1", works.recipes)
    fast = porter("build", "--fail-fast", *arguments)
    assert fast.code == 3
    rows = {
        line.split()[0]: " ".join(line.split()[1:])
        for line in fast.out.splitlines()
        if line.strip()
    }
    assert rows["aa"].startswith("the build gave aa-1.0-cp313-cp313-manylinux")
    assert rows["aa"].endswith("failed")
    assert (rows["ba"], rows["ca"]) == ("blocked by aa", "blocked by aa")
    assert fast.err.count("porter: ") == 1, "what is blocked has no error of its own"
    slow = porter("build", "--json", *arguments)
    assert [item["name"] for item in slow.json["wheels"]] == ["ca"]
    assert {f["name"]: f["blocked_by"] for f in slow.json["failures"]} == {"aa": "", "ba": "aa"}


@pytest.mark.journey
def test_killed_in_the_middle_it_goes_on_where_it_was(works: Works, tmp_path: Path) -> None:
    put_wheel(works.recipes, "base")
    mark = tmp_path / "mark"
    body = f"import os\ndef begin():\n    mark = pathlib.Path({str(mark)!r})\n"
    body += "    if not mark.exists():\n        mark.write_text(str(os.getpid()))\n"
    body += "        time.sleep(300)\n"
    folder = works.recipes / "late"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'{IN_TREE}[project]\nname = "late"\nversion = "1"\n')
    (folder / "backend.py").write_text(BUILDS.format(name="late", body=body))
    (folder / "recipe.toml").write_text('[requirements]\nhost = ["base"]\n')
    arguments = ("build", "--recipes", works.recipes, "--json", "late")
    process = start_porter(*arguments, home=works.home.root, cwd=tmp_path)
    for _ in range(1200):
        if mark.exists() and mark.read_text():
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    left = Path(f"/proc/{mark.read_text()}")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert left.exists(), "nobody told the backend"
    again = run_porter(*arguments, home=works.home.root, cwd=tmp_path)
    assert again.code == 0, again.err
    assert not left.exists()
    wheels = {item["name"]: item["how"] for item in again.json["wheels"]}
    assert wheels == {"base": "reused", "late": "built"}
    assert list(works.home.work.iterdir()) == []
