import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.errors import ToolchainNotFound
from porter.platform import read_platforms
from porter.toolchain.profile import Package, read_profile, read_python


@pytest.mark.parametrize(
    ("member", "wanted"),
    [("a/b", True), ("a/skip/x", False), ("a/skip/but/this", True), ("other", False), ("", False)],
)
def test_the_last_pattern_that_matches_decides(member: str, wanted: bool) -> None:
    package = Package(name="x", version="", members=("a/*", "!a/skip/*", "a/skip/but/this"))
    assert package.wants(member) is wanted


@given(st.text(max_size=20), st.lists(st.sampled_from(["*", "!*", "a*", "!a*"]), max_size=5))
def test_any_member_is_decided(member: str, patterns: list[str]) -> None:
    package = Package(name="x", version="", members=tuple(patterns))
    matching = [p for p in patterns if "a" not in p or member.startswith("a")]
    assert package.wants(member) is (bool(matching) and not matching[-1].startswith("!"))


@pytest.mark.parametrize(
    ("wanted", "version", "accepted"),
    [
        ("3.1.69", "3.1.69+dfsg-3", True),
        ("19.1.7", "1:19.1.7-3+b1", True),
        ("19.1.7", "1:19.1.4-1", False),
        ("3.1.69", "3.1.6~dfsg-5", False),
        ("", "anything", True),
    ],
)
def test_a_rebuild_is_taken_and_another_release_is_not(
    wanted: str, version: str, accepted: bool
) -> None:
    assert Package(name="x", version=wanted, members=()).accepts(version) is accepted


@pytest.mark.parametrize("release", list(read_platforms()))
def test_every_platform_has_its_profile(release: str) -> None:
    profile = read_profile(read_platforms()[release].toolchain)
    names = [package.name for package in profile.packages]
    assert len(set(names)) == len(names)
    assert len(profile.digest) == 64
    assert profile.modules[0][1].startswith("pkg:npm/acorn@")
    # Libraries that the package does not have are compiled by Emscripten into its cache.
    built = any("cache/sysroot/lib" in member for p in profile.packages for member in p.members)
    assert built != bool(profile.cache)


def test_profiles_that_there_are_not() -> None:
    with pytest.raises(ToolchainNotFound, match="'none'"):
        read_profile("none")
    assert read_python("2.7") is None


def test_an_interpreter_comes_with_its_headers_and_nothing_that_is_not_needed() -> None:
    python = read_python("3.14")
    assert python is not None
    packages = {package.name: package for package in python.packages}
    assert packages["python3.14-minimal"].wants(python.program)
    assert packages["libpython3.14-dev"].wants(f"{python.include}/Python.h")
    stdlib = packages["libpython3.14-stdlib"]
    assert stdlib.wants("usr/lib/python3.14/venv/__init__.py")
    assert not stdlib.wants("usr/lib/python3.14/EXTERNALLY-MANAGED")
    assert not stdlib.wants("usr/lib/python3.14/test/support/__init__.py")
    # An absolute link, to a file that a private folder does not have.
    assert not packages["libpython3.14-minimal"].wants("usr/lib/python3.14/sitecustomize.py")
