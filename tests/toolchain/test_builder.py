"""What pyodide-build runs on: Porter's own Python, or another of the platform's minor version."""

import re
import sys
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

from porter.errors import WrongPython
from porter.home import Home
from porter.platform import Platform, read_platform, read_platforms
from porter.progress import Quiet
from porter.toolchain.builder import (
    ask_interpreter,
    builder_digest,
    builder_path,
    find_interpreter,
    have_builder,
    own_interpreter,
)
from porter.toolchain.profile import read_python


@pytest.fixture
def future(platform: Platform) -> Platform:
    """A platform whose Python nobody has."""
    return replace(platform, pyodide="399.0.0", python="3.99.1")


def fake_python(folder: Path, body: str) -> Path:
    """A program `python3.99` in a folder of its own."""
    folder.mkdir(parents=True)
    program = folder / "python3.99"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


def says(version: str, include: Path) -> str:
    return f"""echo '["{version}", "{include}", "{version} (main)"]'"""


def test_porters_own_python_needs_no_environment(
    platform: Platform, scratch_home: Home, env: dict[str, str]
) -> None:
    builder = have_builder(platform, home=scratch_home, env=env, report=Quiet())
    assert (builder.folder, builder.components) == (None, ())
    assert builder.interpreter == own_interpreter()
    assert builder_path(None) == ()
    assert builder_digest(platform) == ""
    assert list(scratch_home.root.iterdir()) == []


def test_an_interpreter_tells_of_itself(env: dict[str, str]) -> None:
    assert ask_interpreter(Path(sys.executable), env) == own_interpreter()


def test_a_compiler_finds_its_headers_wherever_they_lie(tmp_path: Path) -> None:
    private = replace(own_interpreter(), include=tmp_path / "include" / "python3.99")
    assert private.compile_env({"A": "1"}) == {"A": "1", "CPATH": f"{tmp_path}/include"}
    assert private.compile_env({"CPATH": "/mine"}) == {"CPATH": f"{tmp_path}/include:/mine"}


@pytest.mark.parametrize("body", ["exit 1", "echo no", "echo '[1]'", "echo '{}'", "kill -9 $$"])
def test_what_does_not_tell_is_no_interpreter(
    tmp_path: Path, env: dict[str, str], body: str
) -> None:
    assert ask_interpreter(fake_python(tmp_path / "bin", body), env) is None
    assert ask_interpreter(tmp_path / "nothing", env) is None


def test_the_first_that_runs_and_has_its_headers_is_taken(
    future: Platform, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    def find() -> Path | None:
        path = {"PATH": str(tmp_path / "shims"), "HOME": str(tmp_path)}
        found = find_interpreter(future, home=scratch_home, env={**env, **path})
        return found.program if found else None

    assert find() is None
    include = tmp_path / "include"
    include.mkdir()
    (include / "Python.h").touch()
    fake_python(tmp_path / "shims", "echo 'pyenv: not found' >&2; exit 127")
    versions = tmp_path / ".pyenv" / "versions"
    fake_python(versions / "3.99.0" / "bin", says("3.99.0", tmp_path / "no-headers"))
    fake_python(versions / "3.99.1" / "bin", says("3.9.91", include))
    assert find() is None
    whole = fake_python(versions / "3.99.2" / "bin", says("3.99.2", include))
    assert find() == whole


def test_caches_that_share_an_interpreter_have_one_path_for_it(
    scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    profile = read_python("3.14")
    assert profile is not None
    shared = tmp_path / "shared"
    (scratch_home.root / "environments").symlink_to(shared)
    private = shared / f"python-3.14-debian-{profile.digest[:8]}"
    program = private / profile.program
    include = private / profile.include
    include.mkdir(parents=True)
    (include / "Python.h").touch()
    fake_python(program.parent, says("3.14.9", include)).rename(program)
    bare = {**env, "PATH": "/bin:/usr/bin", "HOME": str(tmp_path)}
    found = find_interpreter(read_platform("314"), home=scratch_home, env=bare)
    if found is not None and not found.program.is_relative_to(shared):
        pytest.skip(f"this machine has a Python 3.14 of its own: {found.program}")
    assert found is not None
    assert (found.program, found.include) == (program, include)


def test_a_python_that_is_not_to_be_had(
    future: Platform, scratch_home: Home, env: dict[str, str]
) -> None:
    with pytest.raises(WrongPython, match=r"is Python 3\.99, and there is none") as caught:
        have_builder(future, home=scratch_home, env=env, report=Quiet())
    assert caught.value.advice.startswith("install Python 3.99 with its headers")
    assert list(scratch_home.root.iterdir()) == []


def test_another_python_is_part_of_what_a_toolchain_is() -> None:
    digests = {name: builder_digest(platform) for name, platform in read_platforms().items()}
    assert len(set(digests.values())) == len(digests)


def test_what_is_installed_into_it_is_pinned_by_hash_and_is_porters_own() -> None:
    text = files("porter.toolchain").joinpath("pyodide-build.lock").read_text("utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[\w.]+ (; .* )?\\\n", entry), entry
        assert "--hash=sha256:" in entry
    assert f"pyodide-build=={version('pyodide-build')} \\" in text
    assert "//" not in text, "where it is fetched from is for this machine's configuration to say"
