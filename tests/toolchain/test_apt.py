from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from porter.toolchain.apt import (
    Deb,
    Suite,
    configured_archives,
    installed_files,
    installed_versions,
    parse_uris,
)


def test_what_apt_would_download() -> None:
    listing = (
        "'http://x/clang-19_19.1.7-3%2bb1_amd64.deb' clang-19_1%3a19.1.7-3+b1_amd64.deb 116584 "
        f"SHA256:{'b' * 64}\nReading package lists...\n"
    )
    assert list(parse_uris(listing)) == [
        Deb(
            name="clang-19",
            version="1:19.1.7-3+b1",
            filename="clang-19_1%3a19.1.7-3+b1_amd64.deb",
            size=116584,
            sha256="b" * 64,
        )
    ]


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="'")), max_size=5))
def test_other_lines_are_passed_over(lines: list[str]) -> None:
    assert list(parse_uris("\n".join(lines))) == []


def test_this_systems_archives_and_packages(env: dict[str, str]) -> None:
    archives = configured_archives(env)
    assert archives
    assert len(set(archives)) == len(archives)
    versions = installed_versions(["dpkg", "no-such-package-at-all"], env)
    assert set(versions) == {"dpkg"}
    assert any(path.name == "dpkg" for path in installed_files("dpkg", env))


def test_half_a_download_is_missing(tmp_path: Path, env: dict[str, str]) -> None:
    suite = Suite(name="trixie", folder=tmp_path, log=tmp_path / "log", env=env)
    (tmp_path / "debs").mkdir()
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    deb = Deb(name="a", version="1", filename="a_1_all.deb", size=3, sha256=digest)
    assert suite.missing([deb]) == [deb]
    (tmp_path / "debs" / deb.filename).write_bytes(b"ab")
    assert suite.missing([deb]) == [deb]
    (tmp_path / "debs" / deb.filename).write_bytes(b"abc")
    assert suite.missing([deb]) == []
