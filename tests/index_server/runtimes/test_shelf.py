"""What there is of a release: its own files, micropip, and what was laid beside and is what it says."""

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from wheels import make_wheel

from index_server.errors import RuntimeAway
from index_server.holdings import Holdings, open_holdings
from index_server.runtimes.fetching import Runtimes
from index_server.runtimes.packing import find_packed, pack, pack_all
from index_server.runtimes.shelf import Digests, Shelf, fill_shelf
from index_server.settings import Settings
from index_server.web.negotiate import Encoding
from porter.home import Home, hash_file
from porter.pinned import fetch_pinned, read_pinned
from porter.platform import Platform, read_platform
from porter.pypi import parse_purl, promised_sha256


def make_release(home: Home, wheels: list[Path]) -> Platform:
    """A release of a few files in a cache, whose lock file lists wheels."""
    digest = hashlib.sha512(b"a release").digest()
    folder = home.runtimes / digest.hex()[:32]
    folder.mkdir(parents=True)
    for name in ("pyodide.mjs", "pyodide.asm.wasm", "console.html", "python_stdlib.zip"):
        (folder / name).write_bytes(name.encode() * 1000)
    packages = {
        wheel.name.partition("-")[0].replace("_", "-"): {
            "name": wheel.name.partition("-")[0],
            "version": wheel.name.split("-")[1],
            "file_name": wheel.name,
            "sha256": hash_file(wheel),
            "depends": ["libz"] if "user" in wheel.name else [],
            "imports": ["own_import"],
            "install_dir": "dynlib" if "libz" in wheel.name else "site",
            "package_type": "shared_library" if "libz" in wheel.name else "package",
            "unvendored_tests": False,
        }
        for wheel in wheels
    }
    info = {"abi_version": "2025_0", "python": "3.13.2"}
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": info, "packages": packages}))
    integrity = f"sha512-{base64.b64encode(digest).decode()}"
    return replace(read_platform("0.29"), integrity=integrity)


@pytest.fixture
def little_home(home: Home, scratch_home: Home, env: dict[str, str]) -> Home:
    """A cache that has micropip's wheel and no runtime."""
    pinned = read_pinned("micropip")
    fetch_pinned(pinned, home=home, env=env)
    sha256 = promised_sha256(parse_purl(pinned))
    scratch_home.downloads.mkdir()
    (scratch_home.downloads / sha256).symlink_to(home.downloads / sha256)
    return scratch_home


def fill(platform: Platform, beside: Path, home: Home, digests: Digests | None = None) -> Shelf:
    return fill_shelf(platform, beside, home=home, env={}, digests=digests or Digests())


def test_the_runtime_is_there_with_micropip_and_without_pages(
    little_home: Home, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "user")
    shelf = fill(make_release(little_home, [wheel]), tmp_path / "none", little_home)
    names = {"pyodide.mjs", "pyodide.asm.wasm", "python_stdlib.zip"}
    assert {name for name in shelf.files if "micropip" not in name} == names
    assert shelf.info["abi_version"] == "2025_0"
    (own,) = shelf.offers["micropip"]
    assert own.sha256 == hash_file(shelf.files[own.filename].path)
    assert own.path == f"/r/0.29/runtime/{own.sha256}/{own.filename}"
    assert list(shelf.offers) == ["micropip"]


def test_packages_of_the_release_count_where_their_bytes_are_there(
    little_home: Home, tmp_path: Path
) -> None:
    wheels = [make_wheel(tmp_path, name) for name in ("user", "libz", "changed", "renamed")]
    platform = make_release(little_home, wheels)
    beside = tmp_path / "runtime"
    beside.mkdir()
    for wheel in wheels[:2]:
        (beside / wheel.name).write_bytes(wheel.read_bytes())
    (beside / wheels[2].name).write_bytes(b"other bytes")
    (beside / "another-1.0-py3-none-any.whl").write_bytes(wheels[3].read_bytes())
    (beside / ".hidden").write_bytes(b"")
    (beside / "folder").mkdir()
    before = fill(platform, tmp_path / "none", little_home)
    shelf = fill(platform, beside, little_home)
    assert sorted(shelf.offers) == ["libz", "micropip", "user"]
    assert shelf.files.keys() - before.files.keys() == {wheel.name for wheel in wheels[:2]}
    assert shelf.stamp != before.stamp
    (user,), (libz,) = shelf.offers["user"], shelf.offers["libz"]
    assert (user.requires, user.imports) == (("libz",), ("own_import",))
    assert (libz.install_dir, libz.package_type) == ("dynlib", "shared_library")


def test_a_file_is_hashed_again_when_it_changed(tmp_path: Path) -> None:
    digests, path = Digests(), tmp_path / "file"
    path.write_bytes(b"one")
    first = digests.file(path)
    path.write_bytes(b"other")
    second = digests.file(path)
    assert (first.sha256, first.size) == (hashlib.sha256(b"one").hexdigest(), 3)
    assert (second.sha256, second.size) == (hashlib.sha256(b"other").hexdigest(), 5)


def test_files_are_compressed_once(scratch_home: Home, tmp_path: Path) -> None:
    script, archive = tmp_path / "a.mjs", tmp_path / "a.zip"
    script.write_bytes(b"let a = 1;\n" * 1000)
    archive.write_bytes(b"compressed already" * 1000)
    scratch_home.compressed.mkdir()
    (scratch_home.compressed / f".{'1' * 64}.br.left").write_bytes(b"of a killed process")
    pack_all([(script, "1" * 64), (archive, "2" * 64)], scratch_home)
    packed = find_packed(scratch_home, "1" * 64)
    assert packed.keys() == {Encoding.BROTLI, Encoding.GZIP}
    assert all(path.stat().st_size < 1000 for path in packed.values())
    assert find_packed(scratch_home, "2" * 64) == {}
    before = [path.stat().st_mtime_ns for path in packed.values()]
    assert sorted(path.name for path in scratch_home.compressed.iterdir()) == sorted(
        path.name for path in packed.values()
    )
    pack(script, "1" * 64, scratch_home)
    assert [path.stat().st_mtime_ns for path in packed.values()] == before


@pytest.fixture
def lonely(little_home: Home, tmp_path: Path) -> Holdings:
    """An index whose npm registry does not answer."""
    opened = open_holdings(Settings(data=str(tmp_path / "index")), little_home)
    opened.engine.dispose()
    return opened


def test_without_npm_it_is_said_what_to_do(
    lonely: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    runtimes = Runtimes(lonely, patience=60)
    with pytest.raises(RuntimeAway, match=r"the runtime of Pyodide 0\.29\.5 is not here") as caught:
        runtimes.shelf(read_platform("0.29"))
    assert caught.value.status == 503
    assert "npm config get registry" in caught.value.advice
    # The answer is the same for a while: nobody waits for a registry again and again.
    runtimes._patience = 0.0
    with pytest.raises(RuntimeAway, match="is not here"):
        runtimes.shelf(read_platform("0.29"))


def test_while_a_runtime_is_fetched_it_is_said_so(
    lonely: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    runtimes = Runtimes(lonely, patience=0.0)
    with pytest.raises(RuntimeAway, match="is being fetched"):
        runtimes.shelf(read_platform("0.29"))


def test_what_is_laid_beside_later_is_seen(
    little_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index_server.runtimes.fetching.LOOK", 0.0)
    wheel = make_wheel(tmp_path, "user")
    platform = make_release(little_home, [wheel])
    opened = open_holdings(Settings(data=str(tmp_path / "index")), little_home)
    runtimes = Runtimes(opened)
    assert "user" not in runtimes.shelf(platform).offers
    beside = tmp_path / "index" / "runtime" / "0.29.5"
    beside.mkdir(parents=True)
    (beside / wheel.name).write_bytes(wheel.read_bytes())
    assert "user" in runtimes.shelf(platform).offers
    opened.engine.dispose()
