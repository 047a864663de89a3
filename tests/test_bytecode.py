"""Modules compiled ahead: the same modules, with the same tracebacks, sooner."""

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from porter import bytecode
from porter.bytecode import compile_source, compile_zip, zipped_name
from porter.home import Home
from porter.platform import read_platform
from porter.runtime import Runtime, compile_stdlib

SOURCES = {
    "good/__init__.py": b"def fail():\n    raise ValueError('the source line is told')\n",
    "broken.py": b"def (:\n",
    "null.py": b"\0",
    "data.txt": b"not python",
}


def make_zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_sources_stay_and_bytecode_is_beside_them() -> None:
    for name, told in (
        (zipped_name, "good/__init__.pyc"),
        (cache_from_source, cache_from_source("good/__init__.py")),
    ):
        compiled = compile_zip(make_zip(SOURCES), "/there", name)
        with zipfile.ZipFile(io.BytesIO(compiled)) as archive:
            found = {member: archive.read(member) for member in archive.namelist()}
        assert found.keys() == {*SOURCES, told}
        assert all(found[member] == data for member, data in SOURCES.items())
        assert b"/there/good/__init__.py" in found[told]


def run_there(archive: bytes, place: Path, code: str, *, zipped: bool) -> str:
    if zipped:
        place.write_bytes(archive)
    else:
        zipfile.ZipFile(io.BytesIO(archive)).extractall(place)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("zipped", [True, False])
def test_python_takes_the_bytecode_and_shows_the_source(tmp_path: Path, *, zipped: bool) -> None:
    name = zipped_name if zipped else cache_from_source
    place = tmp_path / "first"
    data = compile_zip(make_zip(SOURCES), str(place), name)
    told = run_there(data, place, "import good; good.fail()", zipped=zipped)
    assert "raise ValueError('the source line is told')" in told

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    other = make_zip({**members, "good/__init__.py": b"fail = None\n"})
    code = "import good; print(good.fail)"
    assert "<function fail" in run_there(other, tmp_path / "second", code, zipped=zipped)


def test_what_does_not_compile_is_left_to_the_import() -> None:
    assert compile_source(b"x = 1", "x.py")
    assert compile_source(b"x = ", "x.py") == b""


def test_the_standard_library_is_compiled_once(runtime: Runtime, scratch_home: Home) -> None:
    compiled = compile_stdlib(runtime, home=scratch_home)
    with zipfile.ZipFile(compiled) as ours, zipfile.ZipFile(runtime.stdlib) as theirs:
        assert set(theirs.namelist()) < set(ours.namelist())
        modules = [name for name in theirs.namelist() if name.endswith(".py")]
        compiled_ones = [name for name in ours.namelist() if name.endswith(".pyc")]
    assert len(compiled_ones) == len(modules) > 400
    written = compiled.stat().st_mtime_ns
    assert compile_stdlib(runtime, home=scratch_home) == compiled
    assert compiled.stat().st_mtime_ns == written


@pytest.mark.parametrize("body", ["exit 1", "kill -9 $$"])
def test_a_python_that_does_not_run_leaves_it_as_it_is(
    runtime: Runtime, scratch_home: Home, body: str
) -> None:
    other = replace(runtime, platform=read_platform("314"))
    link = scratch_home.interpreter("3.14")
    link.parent.mkdir()
    link.write_text(f"#!/bin/sh\n{body}\n")
    link.chmod(0o755)
    assert compile_stdlib(other, home=scratch_home) == runtime.stdlib
    assert not list(scratch_home.bytecode.rglob("*.zip*"))


def test_another_python_compiles_for_the_runtime_of_its_version(
    scratch_home: Home, tmp_path: Path
) -> None:
    archive, target = tmp_path / "a.zip", tmp_path / "b.zip"
    with zipfile.ZipFile(archive, "w") as plain:
        plain.writestr("one/two.py", "answer = 42\n")
        plain.writestr("no.py", "def (:\n")
    command: list[str | Path] = [
        sys.executable,
        "-I",
        bytecode.__file__,
        archive,
        target,
        "/lib/x.zip",
    ]
    subprocess.run([*command, "zipped"], check=True, env={})
    with zipfile.ZipFile(target) as found:
        assert found.namelist() == ["one/two.py", "one/two.pyc", "no.py"]
    subprocess.run([*command, "cached"], check=True, env={})
    with zipfile.ZipFile(target) as found:
        assert cache_from_source("one/two.py") in found.namelist()


def test_another_minor_version_is_left_as_it_is(runtime: Runtime, scratch_home: Home) -> None:
    other = replace(runtime, platform=read_platform("314"))
    assert compile_stdlib(other, home=scratch_home) == runtime.stdlib
    assert not scratch_home.bytecode.exists()
