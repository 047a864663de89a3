"""What a build of Rust is told."""

from pathlib import Path

import pytest

from porter.crates.manifest import Locked
from porter.crates.ready import read_crates, rust_flags


@pytest.mark.parametrize(
    ("emscripten", "level"),
    [("3.1.69", "-O1"), ("3.1.74", "-O2"), ("4.0.9", "-O2"), ("6.0.5", "-O2")],
)
def test_an_old_binaryen_is_not_asked(emscripten: str, level: str) -> None:
    flags = rust_flags(emscripten, Path("/work/x-0.29.5"))
    assert f"-Clink-arg={level}" in flags
    assert "--remap-path-prefix=/work/x-0.29.5=/build" in flags


def test_the_crates_of_a_built_source(tmp_path: Path) -> None:
    (tmp_path / "rust").mkdir()
    assert read_crates(tmp_path, "rust/Cargo.toml") == ()
    lock = '[[package]]\nname = "a"\nversion = "1"\nsource = "x"\n'
    (tmp_path / "Cargo.lock").write_text(lock)
    assert read_crates(tmp_path, "rust/Cargo.toml") == (Locked(name="a", version="1"),)
