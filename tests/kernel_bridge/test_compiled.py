import asyncio
import gzip
import io
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from wheels import make_wheel

from kernel_bridge.compiled import Compiled, Shelf, place_wheels
from porter.home import Home, hash_file
from porter.platform import Platform, read_platform

MEMBERS = {
    "acme/__init__.py": b"VALUE = 42\n",
    "acme/broken.py": b"def\n",
    "acme/tests/__init__.py": b"",
    "acme/data.bin": bytes(1000),
}


@pytest.fixture
def shelf(tmp_path: Path, compiling: Home, platform: Platform) -> Shelf:
    """A shelf of its own, with the Python that the tests' cache has for the platform."""
    own = Home(root=tmp_path / "home")
    own.environments.mkdir(parents=True)
    if platform.python_minor != sys.version_info[:2]:
        python = compiling.interpreter(platform.python_short)
        own.interpreter(platform.python_short).symlink_to(python.resolve())
    return Shelf(home=own, platform=platform)


@pytest.fixture
def platform() -> Platform:
    return read_platform("314")


def test_a_wheel_is_compiled_and_stored_once(shelf: Shelf, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "acme", members=MEMBERS)
    source = hash_file(wheel)
    assert not shelf.is_settled(source)
    asyncio.run(shelf.add(wheel))
    found = shelf.find(source)
    assert found is not None
    assert shelf.is_settled(source)
    content = gzip.decompress(found.path.read_bytes())
    assert sha256(content).hexdigest() == found.sha256
    with zipfile.ZipFile(wheel) as before, zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
        for name in before.namelist():
            assert archive.read(name) == before.read(name)
        added = sorted(set(archive.namelist()) - set(before.namelist()))
        assert added == ["acme/__pycache__/__init__.cpython-314.pyc"]
        # PEP 552: known by its source's hash, which is not checked.
        assert archive.read(added[0])[4:8] == b"\1\0\0\0"
    written = found.path.stat().st_mtime_ns
    asyncio.run(shelf.add(wheel))
    assert found.path.stat().st_mtime_ns == written


def test_what_is_no_wheel_is_left_as_it_is(shelf: Shelf, tmp_path: Path) -> None:
    wheel = tmp_path / "acme-1.0-py3-none-any.whl"
    wheel.write_bytes(b"no zip file")
    asyncio.run(shelf.add(wheel))
    assert shelf.find(hash_file(wheel)) is None
    assert shelf.is_settled(hash_file(wheel))
    assert not list(shelf.home.bytecode.glob(".wheel-*"))


def test_without_a_python_nothing_is_tried(tmp_path: Path, platform: Platform) -> None:
    shelf = Shelf(home=Home(root=tmp_path / "home"), platform=platform)
    if platform.python_minor == sys.version_info[:2]:
        pytest.skip("this Python is the platform's")
    wheel = make_wheel(tmp_path, "acme")
    asyncio.run(shelf.add(wheel))
    assert shelf.python is None
    assert not shelf.is_settled(hash_file(wheel))


def test_a_lock_file_has_what_is_compiled_and_asks_for_what_is_not() -> None:
    def package(name: str, sha: str) -> dict[str, Any]:
        address = f"https://wheels.example.org/{name}-1-py3-none-any.whl"
        return {"name": name, "file_name": address, "sha256": sha, "depends": ["x"]}

    names = ("done", "coming", "settled")
    lock = {"info": {}, "packages": {name: package(name, name) for name in names}}
    lock["packages"]["zip"] = {"name": "zip", "file_name": "zip.zip", "sha256": "coming"}
    made = Compiled(sha256="made", path=Path("made.gz"))
    placed = place_wheels(
        lock,
        lambda source: made if source == "done" else None,
        lambda source: source == "coming",
    )["packages"]
    done = {"file_name": "files/made/done-1-py3-none-any.whl", "sha256": "made"}
    assert placed["done"] == {**package("done", "done"), **done}
    asked = {"file_name": "wheels/coming/coming-1-py3-none-any.whl"}
    assert placed["coming"] == {**package("coming", "coming"), **asked}
    assert placed["settled"] == package("settled", "settled")
    assert placed["zip"] == lock["packages"]["zip"]
