"""Rust's toolchain: where it lies, and how it links for this machine."""

import json
import subprocess
from pathlib import Path

import pytest
from running import Ran, run_porter

from porter.errors import ToolchainNotFound
from porter.home import Home
from porter.progress import Quiet
from porter.toolchain.profile import read_rust
from porter.toolchain.rust import (
    RECORD,
    Rust,
    find_rust,
    have_rust,
    host_linker,
    linker_variable,
    parse_crate,
    remove_rust,
    rust_folder,
    write_cargo_config,
)


def stand_in(home: Home) -> Path:
    """A folder that looks installed."""
    target = rust_folder(home, read_rust())
    target.mkdir(parents=True)
    record = {
        "version": "1.97.1",
        "host": "x86_64-unknown-linux-gnu",
        "root": "/elsewhere",
        "components": [["rustc", "1.97.1+dfsg1-1"]],
        "identity": "abc",
    }
    (target / RECORD).write_text(json.dumps(record))
    return target


def test_what_is_installed(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    assert find_rust(home) is None
    target = stand_in(home)
    rust = find_rust(home)
    assert rust is not None
    assert (rust.root, rust.components) == (target, (("rustc", "1.97.1+dfsg1-1"),))
    assert linker_variable(rust) == "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER"
    remove_rust(rust, home)
    assert find_rust(home) is None
    assert list(home.toolchains.iterdir()) == []


@pytest.mark.parametrize("record", ["", "[]", '{"version": "1"}', '{"components": 3}'])
def test_half_a_record_is_none(record: str, tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    (stand_in(home) / RECORD).write_text(record)
    assert find_rust(home) is None


def test_not_a_debian_system(tmp_path: Path) -> None:
    with pytest.raises(ToolchainNotFound, match="no apt-get") as caught:
        have_rust(tmp_path, home=Home(root=tmp_path), env={"PATH": ""}, report=Quiet())
    assert "--store" in caught.value.advice


def test_commands_tell_of_it(scratch_home: Home, tmp_path: Path) -> None:
    def porter(*words: str) -> Ran:
        return run_porter(*words, home=scratch_home.root, cwd=tmp_path)

    assert porter("toolchain", "list", "--json").json == {"toolchains": [], "rust": None}
    target = stand_in(scratch_home)
    told = porter("toolchain", "list", "--json").json["rust"]
    assert (told["version"], told["root"]) == ("1.97.1", str(target))
    assert "Rust 1.97.1" in porter("toolchain", "list").out
    rows = {row["name"]: row for row in porter("doctor", "--json").json["requirements"]}
    assert rows["Rust"]["found"] == "1.97.1 (debian)"
    assert porter("toolchain", "remove", "--with-rust").out == f"removed {target}\n"
    assert porter("toolchain", "remove", "--with-rust").code == 2


def test_the_linker_for_this_machine(tmp_path: Path) -> None:
    loader = tmp_path / "rust/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    loader.parent.mkdir(parents=True)
    loader.touch()
    llvm = tmp_path / "llvm"
    llvm.mkdir()
    (llvm / "clang").write_text('#!/bin/sh\necho "$@"\n')
    (llvm / "clang").chmod(0o755)
    rust = Rust(
        version="1",
        host="x86_64-unknown-linux-gnu",
        root=tmp_path / "rust",
        components=(),
        identity="",
    )
    for _ in range(2):
        program = host_linker(tmp_path / "linker", rust, llvm)
    said = subprocess.run([program, "-o", "x"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("--target=x86_64-linux-gnu ")
    assert f"-Wl,--dynamic-linker,{loader}" in said
    assert said.endswith("-o x\n")
    assert (tmp_path / "linker" / "ld.lld").readlink() == llvm / "lld"


def test_crates_of_a_folder_stand_for_the_registrys(tmp_path: Path) -> None:
    write_cargo_config(tmp_path / "home", tmp_path / "crates")
    text = (tmp_path / "home" / "config.toml").read_text()
    assert f'directory = "{tmp_path / "crates"}"' in text


@pytest.mark.parametrize(
    ("line", "crate"),
    [
        ("   Compiling pyo3 v0.28.2", "pyo3"),
        ("   Compiling closeword v1.0.0 (/work/src)", "closeword"),
        ("Compiling src/fast.pyx because it changed", None),
        ("   Compiling", None),
        ("", None),
    ],
)
def test_what_cargo_compiles(line: str, crate: str | None) -> None:
    assert parse_crate(line) == crate
