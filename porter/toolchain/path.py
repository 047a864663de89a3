"""The provider for those who have an Emscripten of their own."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from porter.crossenv import assemble_crossenv
from porter.errors import ToolchainNotFound
from porter.home import Home, new_folder
from porter.process import find_program
from porter.runtime import Runtime
from porter.toolchain.builder import Builder
from porter.toolchain.model import Toolchain, write_toolchain
from porter.toolchain.probe import probe_compiler


def install_path(
    runtime: Runtime,
    builder: Builder,
    emscripten: Path,
    *,
    xbuildenv: Path | None,
    home: Home,
    env: Mapping[str, str],
) -> Toolchain:
    """Take the compiler whose `emcc` is in `emscripten`; nothing of it is copied or changed.

    `xbuildenv` is a folder as pyodide-build's `--xbuildenv-path` takes it, for this platform;
    without one it is assembled. Raises ToolchainNotFound or MissingRequirement.
    """
    platform = runtime.platform
    emscripten = emscripten.resolve()
    compiler = probe_compiler(emscripten, env)
    if xbuildenv is not None and not (xbuildenv / "xbuildenv" / "xbuildenv").is_dir():
        raise ToolchainNotFound(
            f"{xbuildenv} is not a cross-build environment",
            advice="it is the folder that `pyodide xbuildenv install --path` filled",
        )
    node = find_program("node", env)
    name = f"{platform.pyodide}-path"
    target = home.toolchains / name
    identity = f"{platform} {emscripten} {compiler} {xbuildenv}"
    identity += "".join(f" {name} {version}" for name, version in builder.components)
    with home.lock(f"toolchain-{name}"), new_folder(target) as folder:
        if xbuildenv is None:
            assemble_crossenv(
                folder / "crossenv",
                runtime=runtime,
                emscripten=compiler.emscripten,
                emsdk={"emscripten": emscripten, "llvm": compiler.llvm},
                node=node,
                include=builder.interpreter.include,
            )
        toolchain = Toolchain(
            provider="path",
            platform=platform.pyodide,
            root=target,
            xbuildenv=xbuildenv.resolve() if xbuildenv else target / "crossenv",
            path=(emscripten, compiler.llvm),
            emscripten=compiler.emscripten,
            clang=compiler.clang,
            ccache=compiler.ccache,
            components=(
                ("emscripten", compiler.emscripten),
                ("clang", compiler.clang),
                *builder.components,
            ),
            identity=hashlib.sha256(identity.encode()).hexdigest(),
            builder=builder.folder,
        )
        write_toolchain(toolchain, folder)
    return toolchain
