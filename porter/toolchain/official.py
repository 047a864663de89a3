"""The provider that Pyodide's own tools are: `pyodide xbuildenv install` and `install-emscripten`.

It needs the hosts that Pyodide releases to, beyond the registries; where they are reachable, this
is the very compiler Pyodide was built with.
"""

import hashlib
import os
from collections.abc import Mapping
from textwrap import shorten

from porter.errors import CommandFailed, Unreachable
from porter.failure import says_offline, summarise_failure
from porter.home import Home
from porter.platform import Platform
from porter.process import read_tail, run
from porter.progress import Reporter
from porter.toolchain.builder import Builder, builder_path
from porter.toolchain.model import Toolchain, read_toolchain, write_toolchain
from porter.toolchain.probe import probe_compiler

SUBJECT = "toolchain"
# Long enough to clone and unpack an SDK of a gigabyte on a slow line.
TIMEOUT = 1800.0
ASK_TIMEOUT = 20.0


def install_official(
    platform: Platform, builder: Builder, *, home: Home, env: Mapping[str, str], report: Reporter
) -> Toolchain:
    """The platform's own toolchain; does nothing where it is installed.

    Raises Unreachable where Pyodide's release hosts do not answer.
    """
    env = {**env, "PATH": os.pathsep.join([*builder_path(builder.folder), env["PATH"]])}
    name = f"{platform.pyodide}-official"
    target = home.toolchains / name
    if (found := read_toolchain(target)) is not None:
        return found
    log = home.logs / f"toolchain-{name}.log"
    xbuildenv = target / "crossenv"
    with home.lock(f"toolchain-{name}"):
        if (found := read_toolchain(target)) is not None:
            return found
        home.toolchains.mkdir(parents=True, exist_ok=True)
        report.phase(SUBJECT, "asking for Pyodide's own cross-build environment")
        # The first step only asks: hosts that swallow packets are not waited for.
        path = ["--path", str(xbuildenv)]
        # pyodide-build itself goes on where an earlier run of it was stopped.
        emsdk = ["install-emscripten", "--version", platform.emscripten]
        steps = (
            (["search"], ASK_TIMEOUT),
            (["install", platform.pyodide, *path], TIMEOUT),
            ([*emsdk, *path], TIMEOUT),
        )
        for step, timeout in steps:
            command = ["pyodide", "xbuildenv", *step]
            try:
                run(command, log=log, env=env, cwd=home.toolchains, timeout=timeout)
            except CommandFailed as error:
                raise Unreachable(_refusal(read_tail(log), error), log=log) from error
        emscripten = xbuildenv / platform.pyodide / "emsdk" / "upstream" / "emscripten"
        compiler = probe_compiler(emscripten, env)
        identity = f"{platform} {compiler.emscripten} {compiler.clang}"
        identity += "".join(f" {name} {version}" for name, version in builder.components)
        toolchain = Toolchain(
            provider="official",
            platform=platform.pyodide,
            root=target,
            xbuildenv=xbuildenv,
            path=(emscripten, compiler.llvm),
            emscripten=compiler.emscripten,
            clang=compiler.clang,
            ccache=compiler.ccache,
            components=(("emscripten", compiler.emscripten), *builder.components),
            identity=hashlib.sha256(identity.encode()).hexdigest(),
            builder=builder.folder,
        )
        write_toolchain(toolchain, target)
    report.done(SUBJECT, f"Pyodide's own Emscripten {compiler.emscripten} installed")
    return toolchain


def _refusal(lines: list[str], error: CommandFailed) -> str:
    if says_offline(lines):
        return "Pyodide's release hosts cannot be reached from here"
    cause = (summarise_failure(lines) or (error.message,))[-1]
    return f"Pyodide's release hosts did not give the toolchain: {shorten(cause, 160)}"
