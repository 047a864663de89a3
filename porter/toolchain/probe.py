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


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Versions as the programs print them; `ccache` is the program, None where there is none."""

    emscripten: str
    clang: str
    ccache: Path | None


def probe_compiler(folder: Path, env: Mapping[str, str]) -> Compiler:
    """The compiler whose emcc lies in `folder`. Raises ToolchainNotFound where it does not run."""
    emcc = folder / "emcc"
    try:
        done = subprocess.run(
            [emcc, "-v"],
            env={**env, "PATH": os.pathsep.join([str(folder), env["PATH"]])},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainNotFound(f"{emcc} does not run: {error}") from error
    emscripten, clang = parse_versions(done.stderr)
    if done.returncode != 0 or not emscripten:
        last = (done.stderr.strip().splitlines() or ["it prints nothing"])[-1]
        raise ToolchainNotFound(f"{emcc} does not work: {last}")
    found = shutil.which("ccache", path=env["PATH"])
    return Compiler(
        emscripten=emscripten, clang=clang, ccache=Path(found) if found is not None else None
    )


def parse_versions(text: str) -> tuple[str, str]:
    """(Emscripten, clang) of what `emcc -v` prints; an empty string for what is not told."""
    emscripten = re.search(r"^emcc .*?(\d+\.\d+\.\d+)", text, re.MULTILINE)
    clang = re.search(r"clang version (\d+\.\d+\.\d+)", text)
    return (
        emscripten.group(1) if emscripten else "",
        clang.group(1) if clang else "",
    )
