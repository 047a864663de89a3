"""A compiler of one's own: taken as it is, with a cross-build environment or without."""

from collections.abc import Callable
from pathlib import Path

import pytest
from projects import make_tiny
from running import Ran

from porter.errors import ToolchainNotFound
from porter.home import Home
from porter.progress import Quiet
from porter.runtime import Runtime
from porter.toolchain.builder import have_builder
from porter.toolchain.model import Toolchain, installed_toolchains
from porter.toolchain.path import install_path

Porter = Callable[..., Ran]


@pytest.fixture
def own_home(build_home: Home) -> Home:
    """A cache in which no toolchain is installed."""
    (build_home.root / "toolchains").unlink()
    return build_home


@pytest.mark.parametrize("with_environment", [pytest.param(False, marks=pytest.mark.journey), True])
def test_a_compiler_of_ones_own_builds_what_runs(
    own_home: Home, toolchain: Toolchain, porter: Porter, tmp_path: Path, with_environment: bool
) -> None:
    more = ["--xbuildenv", str(toolchain.xbuildenv)] if with_environment else []
    ran = porter(
        "toolchain", "install", "--provider", "path", "--emscripten", toolchain.path[0], *more
    )
    assert ran.code == 0, ran.err
    (own,) = installed_toolchains(own_home)
    assert (own.provider, own.emscripten) == ("path", toolchain.emscripten)
    assert own.clang == toolchain.clang
    assert (own.xbuildenv == toolchain.xbuildenv) is with_environment
    # `auto` means the one that was registered.
    built = porter("build", make_tiny(tmp_path / "tiny"), "--test", "--json")
    assert built.code == 0, built.err
    assert built.json["toolchain"] == "path"
    assert built.json["wheels"][0]["checks"][0]["ok"] is True


def test_what_is_no_compiler(
    runtime: Runtime, scratch_home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    builder = have_builder(runtime.platform, home=scratch_home, env=env, report=Quiet())

    def install(folder: Path, xbuildenv: Path | None = None) -> None:
        install_path(runtime, builder, folder, xbuildenv=xbuildenv, home=scratch_home, env=env)

    with pytest.raises(ToolchainNotFound, match="emcc does not run"):
        install(tmp_path)
    emcc = tmp_path / "emcc"
    emcc.write_text("#!/bin/sh\necho broken beyond repair >&2\nexit 1\n")
    emcc.chmod(0o755)
    with pytest.raises(ToolchainNotFound, match="broken beyond repair"):
        install(tmp_path)
    emcc.write_text("#!/bin/sh\necho 'emcc (Emscripten) 4.0.9 (abc)' >&2\n")
    config = tmp_path / "em-config"
    config.write_text(f"#!/bin/sh\necho {tmp_path}\n")
    config.chmod(0o755)
    with pytest.raises(ToolchainNotFound, match="has no llvm-readobj"):
        install(tmp_path)
    (tmp_path / "llvm-readobj").touch()
    with pytest.raises(ToolchainNotFound, match="not a cross-build environment"):
        install(tmp_path, tmp_path)
    assert installed_toolchains(scratch_home) == []
