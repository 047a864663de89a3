"""The contestants: Porter and `pyodide build-recipes`, with one toolchain and one cache of downloads."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.took import Took, run
from porter.home import Home
from porter.toolchain.model import Toolchain

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from clusters import Dask

# What of Porter's cache all runs have: what was downloaded and installed, build tools' bytecode among it;
# nothing that was built.
SHARED = (
    "bytecode", "downloads", "environments", "npm", "pip", "runtimes", "surfaces", "toolchains", "uv",
)  # fmt: skip
JOBS = "2"


class Crews:
    """Each run of Porter has a named home; a new name is an empty cache, and an empty compiler cache."""

    def __init__(
        self, folder: Path, *, home: Home, env: Mapping[str, str], toolchain: Toolchain
    ) -> None:
        self._folder, self._shared = folder, home
        path = os.pathsep.join([*map(str, toolchain.path), env["PATH"]])
        self._bare = {**env, "PATH": path, "PYODIDE_XBUILDENV_PATH": str(toolchain.xbuildenv)}

    def porter(
        self, recipes: Path, names: Sequence[str], *options: str, home: str = "home"
    ) -> Took:
        """`porter build` of recipes by their names."""
        command = ["build", *names, "--recipes", str(recipes), "--jobs", JOBS, *options]
        return self.command(*command, "--out", str(self._folder / f"{home}-out"), home=home)

    def command(self, *words: str, home: str = "home") -> Took:
        """A command of Porter's, and what it printed."""
        env = {**os.environ, "PORTER_HOME": str(self.home(home))}
        return run([sys.executable, "-m", "porter", *words], env=env, cwd=self._folder, keep=True)

    def bare(self, recipes: Path, names: Sequence[str]) -> Took:
        """`pyodide build-recipes`, which leaves what it built beside the recipes."""
        mine = self._folder / f"bare-{recipes.name}"
        if not mine.is_dir():
            shutil.copytree(recipes, mine)
        command = ["pyodide", "build-recipes", *names, "--recipe-dir", str(mine)]
        command += ["--build-dir", str(mine) + "-build", "--n-jobs", JOBS, "--install"]
        command += ["--install-dir", str(mine) + "-dist", "--skip-emscripten-install"]
        return run(command, env=self._bare, cwd=self._folder)

    def home(self, name: str) -> Path:
        """A cache in which nothing was built before, the first time."""
        home = self._folder / name
        if not home.is_dir():
            home.mkdir()
            for shared in SHARED:
                (self._shared.root / shared).mkdir(exist_ok=True)
                (home / shared).symlink_to(self._shared.root / shared)
        return home

    def forget(self, name: str) -> None:
        """Make room: what was built in a home."""
        shutil.rmtree(self._folder / name, ignore_errors=True)
        shutil.rmtree(self._folder / f"{name}-out", ignore_errors=True)

    @contextmanager
    def cluster(self, workers: int) -> Iterator[str]:
        """The address of a cluster of this machine's; each worker is a process with a cache of its own."""
        folder = self._folder / "cluster"
        folder.mkdir()
        dask = Dask(folder)
        try:
            for number in range(workers):
                dask.add_worker(self.home(f"worker{number}"))
            dask.await_workers(workers)
            yield dask.address
        finally:
            dask.stop()
