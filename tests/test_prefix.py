"""Libraries: what a build added to a prefix, kept so that it can lie anywhere."""

from pathlib import Path

import pytest

from porter.errors import BuildFailed
from porter.home import hash_file
from porter.host import HostFile
from porter.prefix import fill_prefix, is_library, list_prefix, pack_library


def make_library(prefix: Path, target: Path, dist: Path) -> Path:
    """A library built in a prefix that has another in it."""
    (prefix / "lib" / "pkgconfig").mkdir(parents=True)
    (prefix / "lib" / "libother.a").write_bytes(b"other")
    before = list_prefix(prefix)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "x-config").write_text(f"#!/bin/sh\necho {prefix}\n")
    (prefix / "bin" / "x-config").chmod(0o755)
    (prefix / "lib" / "libx.a").write_bytes(b"\0" + str(prefix).encode())
    (prefix / "lib" / "libx.so.1").write_bytes(b"\0asm")
    (prefix / "lib" / "libx.so").symlink_to("libx.so.1")
    (prefix / "lib" / "pkgconfig" / "x.pc").write_text(f"prefix={prefix}\n")
    dist.mkdir()
    (dist / "liblate.so").write_bytes(b"\0asm late")
    pack_library(prefix, before, dist, target, name="x")
    return target


def test_a_library_moves(tmp_path: Path) -> None:
    archive = make_library(tmp_path / "one", tmp_path / "x-1-p.library.tar", tmp_path / "dist")
    again = make_library(tmp_path / "two", tmp_path / "y-1-p.library.tar", tmp_path / "dist2")
    assert is_library(archive)
    # Text is without the path it was made at; what is compiled is as it was.
    assert archive.stat().st_size == again.stat().st_size
    prefix = tmp_path / "elsewhere"
    fill_prefix(
        prefix, [HostFile(name="x", identity="", path=archive), HostFile(name="n", identity="")]
    )
    assert (prefix / "lib/pkgconfig/x.pc").read_text() == f"prefix={prefix}\n"
    assert (prefix / "bin/x-config").read_text() == f"#!/bin/sh\necho {prefix}\n"
    assert (prefix / "bin/x-config").stat().st_mode & 0o100
    assert (prefix / "lib/libx.so").readlink() == Path("libx.so.1")
    assert (prefix / "lib/liblate.so").read_bytes() == b"\0asm late"
    assert (prefix / "lib/libx.a").read_bytes().endswith(str(tmp_path / "one").encode())
    assert not (prefix / "lib/libother.a").exists(), "that is another's"


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    archives = []
    for name in ("one", "two"):
        prefix = tmp_path / name
        (prefix / "lib").mkdir(parents=True)
        (prefix / "lib" / "x.pc").write_text(f"prefix={prefix}\n")
        target = tmp_path / f"{name}.library.tar"
        pack_library(prefix, {}, tmp_path / "none", target, name="x")
        archives.append(hash_file(target))
    assert archives[0] == archives[1]


def test_a_script_that_installs_nothing(tmp_path: Path) -> None:
    fill_prefix(tmp_path / "prefix", [])
    before = list_prefix(tmp_path / "prefix")
    with pytest.raises(BuildFailed, match="x: its script installed nothing") as caught:
        pack_library(tmp_path / "prefix", before, tmp_path / "d", tmp_path / "t", name="x")
    assert "WASM_LIBRARY_DIR" in caught.value.advice
