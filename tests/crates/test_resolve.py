"""Which crates stand before which."""

from pathlib import Path

from porter.crates.debian import REGISTRY, CratePackage
from porter.crates.resolve import link_crates, link_packages, local_crates


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "Cargo.toml").write_text("")
        (folder / name / ".cargo-checksum.json").write_text("{}")
    return folder


def test_the_sources_own_go_before_the_recipes_and_those_before_debians(tmp_path: Path) -> None:
    source = tmp_path / "source"
    own = put(source / "vendor", "a-1", "b-1")
    given = put(tmp_path / "given", "b-1", "c-1")
    (given / "README").write_text("no crate")
    (given / "empty").mkdir()
    package = CratePackage(name="p", version="1", sha256="0", folder=tmp_path / "p")
    debians = put(package.folder / REGISTRY, "c-1", "d-1")
    crates = tmp_path / "crates"
    crates.mkdir()
    folders = local_crates(source, source / "Cargo.toml", given)
    assert folders == [own, given]
    link_crates(crates, folders)
    fresh = link_packages(crates, [package])
    assert [path.name for path in fresh] == ["d-1"]
    assert {path.name: path.resolve().parent for path in crates.iterdir()} == {
        "a-1": own,
        "b-1": own,
        "c-1": given,
        "d-1": debians,
    }
