"""What a project's files and cargo's messages tell of its crates."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.crates.manifest import (
    Locked,
    Missing,
    any_manifest,
    find_manifest,
    may_have_rust,
    needed_crates,
    package_name,
    parse_lock,
    parse_missing,
    replaces_source,
    vendored_folders,
)
from porter.recipe import Recipe
from porter.source import Fetched, Source
from porter.tree import list_tree

MATURIN = '[build-system]\nrequires = ["maturin>=1.8,<2"]\nbuild-backend = "maturin"\n'
SETUPTOOLS = (
    '[build-system]\nrequires = ["setuptools", "Setuptools_Rust"]\n'
    'build-backend = "setuptools.build_meta"\n'
)
PLAIN = '[build-system]\nrequires = ["setuptools"]\n'


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "manifest"),
    [
        ({"pyproject.toml": MATURIN, "Cargo.toml": ""}, "Cargo.toml"),
        (
            {
                "pyproject.toml": f'{MATURIN}[tool.maturin]\nmanifest-path = "rust/Cargo.toml"\n',
                "Cargo.toml": "",
                "rust/Cargo.toml": "",
            },
            "rust/Cargo.toml",
        ),
        ({"pyproject.toml": SETUPTOOLS, "src/rust/Cargo.toml": ""}, "src/rust/Cargo.toml"),
        (
            {
                "pyproject.toml": SETUPTOOLS
                + '[[tool.setuptools-rust.ext-modules]]\ntarget = "a"\npath = "b/Cargo.toml"\n',
                "a/Cargo.toml": "",
                "b/Cargo.toml": "",
            },
            "b/Cargo.toml",
        ),
        ({"setup.py": "from setuptools_rust import RustExtension", "Cargo.toml": ""}, "Cargo.toml"),
        ({"pyproject.toml": MATURIN, "vendor/a/Cargo.toml": ""}, None),
        ({"pyproject.toml": PLAIN, "Cargo.toml": ""}, None),
        ({"pyproject.toml": MATURIN}, None),
        ({"pyproject.toml": "build-system = 3", "Cargo.toml": ""}, None),
        ({"pyproject.toml": "[build-system", "Cargo.toml": ""}, None),
        (
            {"pyproject.toml": '[build-system]\nrequires = [1, "maturin"]\n', "Cargo.toml": ""},
            "Cargo.toml",
        ),
        ({}, None),
    ],
)
def test_where_cargo_starts(files: dict[str, str], manifest: str | None, tmp_path: Path) -> None:
    found = find_manifest(write(tmp_path, files))
    assert found == (tmp_path / manifest if manifest else None)


def test_whatever_starts_cargo(tmp_path: Path) -> None:
    write(tmp_path, {"b/Cargo.toml": "", "a/c/Cargo.toml": "", "tests/Cargo.toml": ""})
    assert any_manifest(tmp_path) == tmp_path / "b" / "Cargo.toml"


def test_a_source_that_may_have_rust(tmp_path: Path) -> None:
    folder = write(tmp_path / "source", {"pyproject.toml": PLAIN, "Cargo.toml": ""})
    source = Source(recipe=Recipe(name="a"), origin=folder)
    entries = tuple(list_tree(folder))
    assert may_have_rust(Fetched(source=source, sha256="", path=folder, entries=entries))
    assert not may_have_rust(Fetched(source=source, sha256="", path=folder))
    archive = tmp_path / "a-1.tar.gz"
    with tarfile.open(archive, "w:gz") as members:
        members.addfile(tarfile.TarInfo("a-1/rust/Cargo.toml"), io.BytesIO())
    assert may_have_rust(Fetched(source=source, sha256="", path=archive))
    archive.write_bytes(b"no archive")
    assert not may_have_rust(Fetched(source=source, sha256="", path=archive))


def test_what_a_crate_needs_whatever_its_features(tmp_path: Path) -> None:
    manifest = tmp_path / "Cargo.toml"
    manifest.write_text("""
[dependencies]
plain = "1"
table = { version = "^2", features = ["x"] }
renamed = { package = "real-name", version = "3" }
left-out = { version = "4", optional = true }
beside = { path = "../beside" }
[build-dependencies]
tool = "5"
[dev-dependencies]
tested = "6"
[target.'cfg(unix)'.dependencies]
unix = "7"
""")
    assert dict(needed_crates(manifest)) == {
        "plain": "1",
        "table": "^2",
        "real-name": "3",
        "tool": "5",
        "unix": "7",
    }
    manifest.write_text("dependencies = 3\ntarget = [1]\n")
    assert list(needed_crates(manifest)) == []


def test_the_name_of_a_crate(tmp_path: Path) -> None:
    write(tmp_path, {"Cargo.toml": '[package]\nname = "heck"\nversion = "0.5.0"\n'})
    assert package_name(tmp_path) == ("heck", "0.5.0")
    assert package_name(tmp_path / "none") == ("", "")


ABSENT = """\
error: no matching package named `libc` found
location searched: directory source `/tmp/crates` (which is replacing registry `crates-io`)
required by package `pyo3 v0.28.2`
"""
UNFIT = """\
    Updating crates.io index
error: failed to select a version for the requirement `syn = "^2"` (locked to 2.0.119)
candidate versions found which didn't match: 3.0.9
location searched: directory source `/tmp/crates`
"""
FEATURE = """\
error: failed to select a version for `serde`.
    ... required by package `app v1.0.0`
"""


@pytest.mark.parametrize(
    ("text", "missing", "told"),
    [
        (ABSENT, Missing(name="libc"), "libc"),
        (UNFIT, Missing(name="syn", wanted="^2", found="3.0.9"), "syn ^2 (there is 3.0.9)"),
        (FEATURE, Missing(name="serde"), "serde"),
        ("error: failed to parse manifest at `/tmp/Cargo.toml`\n", None, "None"),
        ("", None, "None"),
    ],
)
def test_what_cargo_did_not_find(text: str, missing: Missing | None, told: str) -> None:
    assert parse_missing(text) == missing
    assert str(missing) == told


def test_the_crates_of_a_lock() -> None:
    text = """
version = 4
[[package]]
name = "mine"
version = "1.0.0"
[[package]]
name = "libc"
version = "0.2.186"
source = "registry+https://github.com/rust-lang/crates.io-index"
"""
    assert parse_lock(text) == (Locked(name="libc", version="0.2.186"),)
    assert parse_lock("[[package") == ()


@given(st.text())
def test_nothing_breaks_the_readers(text: str) -> None:
    parse_lock(text)
    parse_missing(text)


def test_a_source_that_says_where_its_crates_are(tmp_path: Path) -> None:
    write(tmp_path, {"rust/Cargo.toml": "", "vendor/a/.cargo-checksum.json": "{}"})
    manifest = tmp_path / "rust" / "Cargo.toml"
    assert vendored_folders(tmp_path, manifest) == [tmp_path / "vendor"]
    assert not replaces_source(tmp_path, manifest)
    write(tmp_path, {".cargo/config.toml": "[build]\njobs = 1\n"})
    assert not replaces_source(tmp_path, manifest)
    write(tmp_path, {".cargo/config.toml": '[source.crates-io]\nreplace-with = "vendored"\n'})
    assert replaces_source(tmp_path, manifest)
