from pathlib import Path

import pytest

from porter.errors import HashMismatch, MissingRequirement, Unreachable
from porter.home import Home
from porter.npm import fetch_npm_package
from porter.toolchain.profile import read_profile


@pytest.fixture
def acorn(platform: object) -> tuple[str, str]:
    name, purl, integrity = read_profile("emscripten-3.1.69").modules[0]
    assert name == "acorn"
    return purl, integrity


def test_a_package_is_fetched_once(
    acorn: tuple[str, str], scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    purl, integrity = acorn

    def fetch(environ: dict[str, str]) -> Path:
        into = scratch_home.root / "into"
        return fetch_npm_package(
            purl, integrity=integrity, home=scratch_home, into=into, env=environ
        )

    with pytest.raises(MissingRequirement, match="npm"):
        fetch({**env, "PATH": str(tmp_path)})
    closed = {
        **env,
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_cache": str(tmp_path),
    }
    with pytest.raises(Unreachable, match="npm registry") as caught:
        fetch(closed)
    assert caught.value.log is not None
    folder = fetch(env)
    assert (folder / "package.json").is_file()
    assert fetch({"PATH": ""}) == folder
    left = {path.name for path in scratch_home.root.iterdir()}
    assert left == {"into", "locks", "logs"}


def test_other_bytes_are_refused(
    acorn: tuple[str, str], scratch_home: Home, env: dict[str, str]
) -> None:
    wrong = "sha512-" + "A" * 86 + "=="
    into = scratch_home.root / "into"
    with pytest.raises(HashMismatch, match="not the one promised"):
        fetch_npm_package(acorn[0], integrity=wrong, home=scratch_home, into=into, env=env)
    assert not into.exists()
    with pytest.raises(ValueError, match="sha512"):
        fetch_npm_package(acorn[0], integrity="sha1-x", home=scratch_home, into=into, env=env)
