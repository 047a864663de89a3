"""`make bench`: ratios of Porter to a bare `pyodide build` with the same toolchain.

The two run in turn, A B A B …, so that a machine whose speed drifts slows both; the ratio is of
medians. Nothing is asserted: figures are for people.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from porter.archive import unpack_tar
from porter.environment import tool_env
from porter.home import Home
from porter.platform import read_platform
from porter.progress import Progressing
from porter.pypi import fetch_file, fetch_release, parse_purl
from porter.table import format_size, print_table
from porter.toolchain.model import Toolchain
from porter.toolchain.select import have_toolchain

RUNS = 5
PURL = "pkg:pypi/regex@2026.11.15"
SHARED = ("bytecode", "downloads", "npm", "pip", "runtimes", "toolchains", "uv")

type Case = tuple[str, Callable[[], None]]


def main() -> None:
    home = Home.parse(os.environ)
    env = tool_env(os.environ, home)
    with Progressing() as report:
        toolchain = have_toolchain(read_platform(), "auto", home=home, env=env, report=report)
    release = fetch_release(parse_purl(PURL), home=home, env=env)
    if release.sdist is None:
        sys.exit(f"{PURL} has no sdist on the index")
    sdist = fetch_file(release.sdist, home=home, env=env)
    with tempfile.TemporaryDirectory(prefix="porter-bench-") as name:
        bench = Bench(Path(name), home, toolchain, sdist, env)
        rows = [bench.compare(*case) for case in bench.cases()]
        sizes = bench.sizes()
    print(f"{PURL}, Pyodide {toolchain.platform}, Emscripten {toolchain.emscripten}")
    print(f"medians of {RUNS} runs each, in turn; the machine has {os.cpu_count()} processors")
    print_table(("case", "porter build", "pyodide build", "ratio"), rows)
    print_table(("wheel", "size", "of plain -O2"), sizes)


class Bench:
    """The two contestants, each with folders of its own."""

    def __init__(
        self, folder: Path, home: Home, toolchain: Toolchain, sdist: Path, env: dict[str, str]
    ) -> None:
        self._folder = folder
        self._sdist = sdist
        self._toolchain = toolchain
        self._env = env
        self._home = folder / "home"
        self._home.mkdir()
        for name in SHARED:
            (home.root / name).mkdir(exist_ok=True)
            (self._home / name).symlink_to(home.root / name)

    def cases(self) -> list[Case]:
        """What is compared: its name, and how Porter is made ready for each run."""
        return [
            ("first build, empty compiler cache", lambda: self._forget("artefacts", "ccache")),
            ("build again, compiler cache warm", lambda: self._forget("artefacts")),
            ("nothing changed", self._forget),
        ]

    def compare(self, name: str, before: Callable[[], None]) -> tuple[str, ...]:
        """One row: medians of both and their ratio. One run of each goes before, uncounted."""
        ours: list[float] = []
        theirs: list[float] = []
        for run in range(RUNS + 1):
            before()
            seconds = self._porter(), self._bare()
            if run:
                ours.append(seconds[0])
                theirs.append(seconds[1])
        ratio = median(ours) / median(theirs)
        return name, _spread(ours), _spread(theirs), f"{ratio:.2f}"

    def sizes(self) -> list[tuple[str, ...]]:
        """The wheels of both, and of the bare tool with every -Oz turned into -O2."""
        base = "-g0 -fPIC -fwasm-exceptions -sSUPPORT_LONGJMP=wasm"
        plain = {
            "SIDE_MODULE_CFLAGS": f"{base} -O2",
            "SIDE_MODULE_CXXFLAGS": f"{base} -O2",
            "SIDE_MODULE_LDFLAGS": f"{base} -sWASM_BIGINT -sSIDE_MODULE=1 -O2",
        }
        self._porter()
        ours = _wheel_size(self._folder / "out")
        self._bare()
        bare = _wheel_size(self._folder / "bare-out")
        self._bare(plain)
        o2 = _wheel_size(self._folder / "bare-out")
        rows = (("porter build", ours), ("pyodide build", bare), ("pyodide build, -O2", o2))
        return [(name, format_size(size), f"{size / o2:.2f}") for name, size in rows]

    def _forget(self, *folders: str) -> None:
        for name in folders:
            shutil.rmtree(self._home / name, ignore_errors=True)

    def _porter(self) -> float:
        command = [sys.executable, "-m", "porter", "build", str(self._sdist)]
        env = {**os.environ, "PORTER_HOME": str(self._home)}
        return _clock([*command, "--out", str(self._folder / "out")], env, self._folder)

    def _bare(self, extra: dict[str, str] | None = None) -> float:
        source, out = self._folder / "bare", self._folder / "bare-out"
        shutil.rmtree(source, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
        source.mkdir()
        unpack_tar(self._sdist, source, strip=1)
        path = os.pathsep.join([*map(str, self._toolchain.path), self._env["PATH"]])
        env = {**self._env, "PATH": path, **(extra or {})}
        xbuildenv = ["--xbuildenv-path", str(self._toolchain.xbuildenv)]
        return _clock(["pyodide", "build", "--outdir", str(out), *xbuildenv], env, source)


def _clock(command: list[str], env: dict[str, str], folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=env, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def _spread(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _wheel_size(folder: Path) -> int:
    (wheel,) = folder.glob("*.whl")
    return wheel.stat().st_size


if __name__ == "__main__":
    main()
