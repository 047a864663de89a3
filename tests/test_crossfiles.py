"""A cross-build environment with the headers and libraries of a wheel."""

from pathlib import Path

import pytest
from wheels import make_wheel

from porter.crossfiles import cross_files_of, lay_crossenv
from porter.errors import ConfigurationError
from porter.host import HostFile
from porter.recipe import Recipe
from porter.toolchain.model import Toolchain

MEMBERS = {
    "grid/__init__.py": b"",
    "grid/include/grid/api.h": b"wasm",
    "grid/lib/libgrid.a": b"!<arch>",
    "grid/__init__.pxd": b"",
    "grid/_core.cpython-313-wasm32-emscripten.so": b"\0asm",
}


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    release = tmp_path / "toolchain" / "0.29.5"
    for folder in ("emsdk", "xbuildenv/pyodide-root/cpython", "xbuildenv/site-packages-extras/old"):
        (release / folder).mkdir(parents=True)
    (release / ".installed").touch()
    (release / "xbuildenv/pyodide-root/Makefile.envs").touch()
    (release / "xbuildenv/site-packages-extras/old/old.h").touch()
    (release / "xbuildenv/requirements.txt").write_text("old==1\n# comment\ngrid==0.1\n")
    (tmp_path / "toolchain" / "xbuildenv").symlink_to("0.29.5")
    return Toolchain(
        provider="path",
        platform="0.29.5",
        root=tmp_path,
        xbuildenv=tmp_path / "toolchain",
        path=(),
        emscripten="",
        clang="",
        ccache=None,
        components=(),
        identity="",
    )


def host(wheel: Path, *patterns: str) -> HostFile:
    recipe = Recipe(name="grid", cross_build_files=patterns) if patterns else None
    return HostFile(name="grid", identity="", path=wheel, recipe=recipe)


def test_an_environment_of_its_own(toolchain: Toolchain, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "grid", "2.0", members=MEMBERS)
    before = set(toolchain.xbuildenv.rglob("*"))
    laid = lay_crossenv(toolchain, tmp_path / "mine", [host(wheel)])
    inner = laid / "xbuildenv" / "xbuildenv"
    assert (laid / "xbuildenv").readlink() == Path("0.29.5")
    assert (laid / "xbuildenv" / ".installed").is_file()
    assert (inner / "requirements.txt").read_text() == "old==1\ngrid==2.0\n"
    extras = inner / "site-packages-extras"
    assert sorted(p.relative_to(extras).as_posix() for p in extras.rglob("*") if p.is_file()) == [
        "grid/__init__.pxd",
        "grid/include/grid/api.h",
        "grid/lib/libgrid.a",
        "old/old.h",
    ]
    # What is installed for one build is no other's.
    (inner / "pyodide-root" / "packages").mkdir()
    assert set(toolchain.xbuildenv.rglob("*")) == before


def test_without_wheels_it_is_the_toolchains(toolchain: Toolchain, tmp_path: Path) -> None:
    library = HostFile(name="x", identity="", path=tmp_path / "x-1-p.library.tar")
    given = HostFile(name="numpy", identity="")
    assert lay_crossenv(toolchain, tmp_path / "mine", [library, given]) == toolchain.xbuildenv
    assert not (tmp_path / "mine").exists()


def test_the_files_that_a_recipe_names(toolchain: Toolchain, tmp_path: Path) -> None:
    assert cross_files_of([*MEMBERS, "grid-2.0.dist-info/x.h"], ["grid/*.h"]) == [
        "grid/include/grid/api.h"
    ]
    wheel = make_wheel(tmp_path, "grid", "2.0", members=MEMBERS)
    with pytest.raises(ConfigurationError, match=r"has no \*\.f90"):
        lay_crossenv(toolchain, tmp_path / "mine", [host(wheel, "*.h", "*.f90")])
