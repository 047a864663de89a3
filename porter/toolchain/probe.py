"""Ask a compiler what it is."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.errors import ToolchainNotFound

TIMEOUT = 120.0
READOBJ = "llvm-readobj"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Versions as the programs print them, and the folder of LLVM's own programs.

    `ccache` is the program, None where there is none.
    """

    emscripten: str
    clang: str
    llvm: Path
    ccache: Path | None


def probe_compiler(folder: Path, env: Mapping[str, str]) -> Compiler:
    """The compiler whose emcc lies in `folder`. Raises ToolchainNotFound where it does not run."""
    emscripten, clang = parse_versions(_ask(folder, ["emcc", "-v"], env))
    if not emscripten:
        raise ToolchainNotFound(f"{folder}/emcc does not say which Emscripten it is")
    llvm = Path(_ask(folder, ["em-config", "LLVM_ROOT"], env).strip())
    if not (llvm / READOBJ).is_file():
        raise ToolchainNotFound(
            f"{llvm} has no {READOBJ}, which pyodide-build needs beside clang",
            advice=f"link it there, without a version in its name: {llvm / READOBJ}",
        )
    found = shutil.which("ccache", path=env["PATH"])
    return Compiler(
        emscripten=emscripten,
        clang=clang,
        llvm=llvm,
        ccache=Path(found) if found is not None else None,
    )


def _ask(folder: Path, command: list[str], env: Mapping[str, str]) -> str:
    program = folder / command[0]
    try:
        done = subprocess.run(
            [program, *command[1:]],
            env={**env, "PATH": os.pathsep.join([str(folder), env["PATH"]])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainNotFound(f"{program} does not run: {error}") from error
    if done.returncode != 0:
        last = (done.stdout.strip().splitlines() or ["it prints nothing"])[-1]
        raise ToolchainNotFound(f"{program} does not work: {last}")
    return done.stdout


def parse_versions(text: str) -> tuple[str, str]:
    """(Emscripten, clang) of what `emcc -v` prints; an empty string for what is not told."""
    emscripten = re.search(r"^emcc .*?(\d+\.\d+\.\d+)", text, re.MULTILINE)
    clang = re.search(r"clang version (\d+\.\d+\.\d+)", text)
    return (
        emscripten.group(1) if emscripten else "",
        clang.group(1) if clang else "",
    )
