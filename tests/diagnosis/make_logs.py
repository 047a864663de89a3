"""`python tests/diagnosis/make_logs.py [NAME…]`: make the logs of cases.toml anew, by failing.

Each case is a small project that is broken on purpose, and the commands that a person would run on
it. What they print is kept as it is, but for what belongs to one machine: paths, hosts and times.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porter.check.support import fetch_support
from porter.environment import tool_env
from porter.home import Home
from porter.platform import read_platform
from porter.progress import Quiet
from porter.runtime import fetch_runtime
from porter.toolchain.model import Toolchain
from porter.toolchain.select import have_toolchain

HERE = Path(__file__).parent
CASES = HERE / "cases.toml"
LOGS = HERE / "logs"
SHARED = ("ccache", "downloads", "npm", "pip", "runtimes", "toolchains", "uv", "tested")
LINES, WIDTH, SIZE = 200, 600, 32_000
TIMEOUT = 900
URL = re.compile(r"\b(https?|git\+https|sparse\+https?|registry\+https)://[^/\s'\"`)>\]]+")
HOST = re.compile(r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev)\b")
TIME = re.compile(r"\b\d+(\.\d+)?(ms|s)\b(?= *[=)]| in )")
# A run of hexadecimal digits names a scratch file, or is an address; it differs each time.
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
SCRATCH = re.compile(
    r"(/tmp/)(build-env|build-via-sdist|cpython-|porter-|pyfftw-|tmp|tiny|\.mesonpy)[\w-]+"
)
MESON = re.compile(r"\.mesonpy-\w+")
STAMP = re.compile(r"-20\d{6}-\d{6}-\d+(?=\.log)")
CLOCK = re.compile(r"^\[ *\d+\.\d s\]", re.MULTILINE)


def main(names: list[str]) -> int:
    """Make every log, or those that are named; 1 where a case did not fail as it should."""
    data = tomllib.loads(CASES.read_text("utf-8"))
    cases: dict[str, dict[str, Any]] = data["case"]
    if unknown := set(names) - set(cases):
        sys.exit(f"no such case: {', '.join(sorted(unknown))}")
    home = Home.parse(os.environ)
    env = tool_env(os.environ, home)
    toolchain = have_toolchain(read_platform(), "auto", home=home, env=env, report=Quiet())
    LOGS.mkdir(exist_ok=True)
    wrong = 0
    for name in names or cases:
        case = cases[name]
        files = {**data["base"][case.get("base", "c")], **case.get("files", {})}
        with tempfile.TemporaryDirectory(prefix="porter-log-") as folder:
            code, text = fail(case, files, Path(folder), home, toolchain, env)
        print(f"{name}: exit code {code}, {len(text.splitlines())} lines", flush=True)
        wrong += code == 0
        (LOGS / f"{name}.log").write_text(text, "utf-8", newline="")
    return 1 if wrong else 0


def fail(
    case: Mapping[str, Any],
    files: Mapping[str, str],
    scratch: Path,
    home: Home,
    toolchain: Toolchain,
    env: Mapping[str, str],
) -> tuple[int, str]:
    """Run one case in `scratch`: its exit code and its scrubbed log."""
    project = scratch / case.get("folder", "tiny")
    project.mkdir()
    for path, content in files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(content)
    own_home = _borrow(home, scratch / "home")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", case.get("run", "porter build .")],
        cwd=project,
        env=_environment(case, scratch, own_home, home, toolchain, env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
        check=False,
    )
    kept = done.stdout
    if not case.get("output", "run" in case):
        logs = sorted((own_home / "logs").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        kept = logs[-1].read_bytes()
    return done.returncode, scrub(kept.decode("utf-8", "replace"), scratch, home, toolchain)


def scrub(text: str, scratch: Path, home: Home, toolchain: Toolchain) -> str:
    """A log without what belongs to this machine, of a size that can be read."""
    places = {
        str(scratch / "home"): "~/.cache/porter",
        str(home.root): "~/.cache/porter",
        str(scratch): "/scratch",
        str(toolchain.xbuildenv): "/xbuildenv",
        sys.prefix: "/venv",
        sys.base_prefix: "/python",
        str(Path(sys.executable).resolve().parents[1]): "/python",
        str(HERE.parents[1]): "/porter",
        str(Path.home()): "~",
    }
    for path in sorted(places, key=len, reverse=True):
        text = text.replace(path, places[path])
    # Some tools print the end of a path alone.
    text = re.sub(rf"[\w/-]*{re.escape(scratch.name[-8:])}(?:/home)?", "/scratch", text)
    text = HOST.sub("host", URL.sub(r"\1://host", text))
    text = SCRATCH.sub(r"\1\2-X", text)
    text = CLOCK.sub("[   0.0 s]", STAMP.sub("-X", MESON.sub(".mesonpy-X", text)))
    text = ADDRESS.sub("0xADDRESS", TIME.sub("N s", text))
    lines = [_cut(line) for line in text.splitlines(keepends=True)]
    # What a build does first says least; the last lines always stay.
    while len(lines) > LINES or sum(map(len, lines)) > SIZE:
        del lines[: max(1, len(lines) - LINES)]
    return "".join(lines)


def _cut(line: str) -> str:
    bare = line.rstrip("\r\n")
    return line if len(bare) <= WIDTH else f"{bare[:WIDTH]}…{line[len(bare) :]}"


def _borrow(home: Home, own: Path) -> Path:
    own.mkdir()
    for name in SHARED:
        if (home.root / name).exists():
            (own / name).symlink_to(home.root / name)
    return own


def _environment(
    case: Mapping[str, Any],
    scratch: Path,
    own_home: Path,
    home: Home,
    toolchain: Toolchain,
    env: Mapping[str, str],
) -> dict[str, str]:
    """What the case's commands see: `porter`, and all that a bare `pyodide build` needs."""
    programs = scratch / "bin"
    programs.mkdir()
    shim = programs / "porter"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m porter "$@"\n')
    shim.chmod(0o755)
    for program in ("node", "npm", "uv"):
        if found := shutil.which(program):
            (programs / program).symlink_to(found)
    found_tools = [path for path in env["PATH"].split(os.pathsep) if "cargo" not in path]
    path = [str(programs), str(Path(sys.executable).parent)]
    if case.get("rust"):
        path.append(str(Path.home() / ".cargo" / "bin"))
    bare = "pyodide build" in case.get("run", "")
    own = {
        "HOME": str(Path.home()),
        "PATH": os.pathsep.join([*path, *(map(str, toolchain.path) if bare else ()), *found_tools]),
        "PORTER_HOME": str(own_home),
        "PYTHONPATH": str(HERE.parents[1]),
        "RUNTIME": str(fetch_runtime(read_platform(), home=home, env=env).folder),
        "SUPPORT": " ".join(map(str, fetch_support(home=home, env=env))),
        "LOAD": str(HERE / "load.mjs"),
        "NUMPY": str(next((home.root / "artefacts").glob("*/numpy-*.whl"), "")),
    }
    if bare:
        own["PYODIDE_XBUILDENV_PATH"] = str(toolchain.xbuildenv)
        own["SKIP_EMSCRIPTEN_VERSION_CHECK"] = "1"
    return {**os.environ, **env, **own, **case.get("env", {})}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
