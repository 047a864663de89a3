import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from porter.archive import unpack_tar, unpack_zip
from porter.errors import UnsafeArchive


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = 3 if kind == tarfile.REGTYPE else 0
    return info


def make_tar(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info in members:
            archive.addfile(info, io.BytesIO(b"abc") if info.size else None)
    return path


def outside(tmp_path: Path, inside: Path) -> list[Path]:
    return [
        path
        for path in tmp_path.rglob("*")
        if inside not in (path, *path.parents) and path.suffix not in (".gz", ".zip")
    ]


@pytest.mark.parametrize("strip", [0, 1])
@pytest.mark.parametrize(
    "hostile",
    [
        member("../out"),
        member("top/../../out"),
        member("/tmp/porter-out"),
        member("top/link", tarfile.SYMTYPE, "/etc"),
        member("top/link", tarfile.SYMTYPE, "../../out"),
        member("top/hard", tarfile.LNKTYPE, "../../out"),
        member("top/device", tarfile.CHRTYPE),
        member("top/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.type.decode()} {info.name} {info.linkname}",
)
def test_a_tar_that_leaves_its_folder(tmp_path: Path, hostile: tarfile.TarInfo, strip: int) -> None:
    archive = make_tar(tmp_path / "a.tar.gz", member("top/good"), hostile)
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(UnsafeArchive, match=r"a\.tar\.gz"):
        unpack_tar(archive, inside, strip=strip)
    assert outside(tmp_path, inside) == []
    assert not Path("/tmp/porter-out").exists()


def test_a_link_through_which_a_later_member_leaves(tmp_path: Path) -> None:
    archive = make_tar(
        tmp_path / "a.tar.gz", member("top/in", tarfile.SYMTYPE, ".."), member("top/in/../../x")
    )
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(UnsafeArchive):
        unpack_tar(archive, inside)
    assert outside(tmp_path, inside) == []


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00 cut"])
def test_what_is_no_tar(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(UnsafeArchive, match="cannot be read"):
        unpack_tar(archive, tmp_path)


def test_a_tar_that_was_cut(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as whole:
        info = tarfile.TarInfo("top/random")
        info.size = 100_000
        whole.addfile(info, io.BytesIO(os.urandom(100_000)))
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(UnsafeArchive, match="cannot be read"):
        unpack_tar(archive, tmp_path / "inside")


def test_strip_drops_the_top_folder(tmp_path: Path) -> None:
    archive = make_tar(
        tmp_path / "a.tar.gz",
        member("package", tarfile.DIRTYPE),
        member("package/a/b"),
        member("package/link", tarfile.SYMTYPE, "a/b"),
        member("package/hard", tarfile.LNKTYPE, "package/a/b"),
    )
    unpack_tar(archive, tmp_path / "inside", strip=1)
    for name in ("a/b", "link", "hard"):
        assert (tmp_path / "inside" / name).read_bytes() == b"abc"


@pytest.mark.parametrize("name", ["../out", "/tmp/porter-out", "a/../../out", "a\\..\\out"])
def test_a_zip_that_leaves_its_folder(tmp_path: Path, name: str) -> None:
    archive, inside = tmp_path / "a.zip", tmp_path / "inside"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr(zipfile.ZipInfo(name), b"abc")
    inside.mkdir()
    with pytest.raises(UnsafeArchive, match="leaves its folder"):
        unpack_zip(archive, inside)
    assert outside(tmp_path, inside) == []


def test_a_zip_with_a_link_and_what_is_no_zip(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeArchive, match="leaves its folder"):
        unpack_zip(archive, tmp_path)
    archive.write_bytes(b"no zip")
    with pytest.raises(UnsafeArchive, match="cannot be read"):
        unpack_zip(archive, tmp_path)


NAMES = st.lists(
    st.text("abcXYZ019_é ", min_size=1, max_size=8).filter(lambda s: s.strip(" ") == s),
    min_size=1,
    max_size=3,
).map("/".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(files=st.dictionaries(NAMES, st.binary(max_size=200), max_size=6))
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    kept = {
        name: content
        for name, content in files.items()
        if not any(other.startswith(f"{name}/") for other in files)
    }
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    with tarfile.open(folder / "a.tar.gz", "w:gz") as tar:
        for name, content in kept.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    unpack_zip(folder / "a.zip", folder / "zip")
    unpack_tar(folder / "a.tar.gz", folder / "tar")
    for name, content in kept.items():
        assert (folder / "zip" / name).read_bytes() == content
        assert (folder / "tar" / name).read_bytes() == content
