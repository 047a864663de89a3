"""`make bench-report`: a report over a company's notebooks, beside pipreqs, deptry and the least.

The least is `json.loads` and `ast.parse` of the same cells. pipreqs and deptry tell imports alone,
and only of notebooks without IPython's syntax: on those they are compared. Every contestant is a
process of its own, and its processor time is what is compared, so that other work on the machine
counts little; the report is made with one job then. Nothing is asserted: figures are for people.
"""

import argparse
import ast
import contextlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.notebooks import make_notebooks
from bench.rivals import environment
from bench.took import Took, run
from porter.home import Home
from porter.table import print_table

LOCK = Path(__file__).with_name("report-rivals.lock")
COUNT, RUNS = 5000, 3
FOLDER = 100
MEMORY = (1_000, 100_000)
BARE = "bare"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--memory", type=int, nargs="*", default=MEMORY)
    arguments = parser.parse_args(argv)
    home = Home.parse(os.environ)
    with tempfile.TemporaryDirectory(prefix="porter-bench-") as name:
        bench = Bench(Path(name), arguments.count, arguments.runs)
        print(f"{arguments.count} notebooks, of which pipreqs and deptry can read {bench.readable}")
        print(f"medians of {arguments.runs} runs, in turn; {os.cpu_count()} processors")
        titles = ("what", "notebooks/s", "processor time", "per notebook", "ratio")
        print_table(titles, bench.compare_with_least())
        print_table(titles, bench.compare_with_rivals(environment(home, LOCK) / "bin"))
        rows = [bench.weigh(count) for count in arguments.memory]
        print_table(("notebooks, one job", "memory at its height"), rows)


class Bench:
    """Notebooks in folders of a hundred; those that rivals can read are there once more."""

    def __init__(self, folder: Path, count: int, runs: int) -> None:
        self._folder = folder
        self._runs = runs
        self._count = count
        self.readable = 0
        for number, data in enumerate(make_notebooks(count)):
            path = _place(folder / "all", number)
            path.write_bytes(data)
            if _is_plain(data):
                os.link(path, _place(folder / "plain", number))
                self.readable += 1
        # Rivals look for what a project requires.
        (folder / "requirements.txt").write_text("numpy\npandas\n")

    def compare_with_least(self) -> list[tuple[str, ...]]:
        """The first report, the same again, and with all processors, beside the least."""
        cold: list[Took] = []
        again: list[Took] = []
        side_by_side: list[Took] = []
        least: list[Took] = []
        for _ in range(self._runs):
            with self._cache() as cache:
                cold.append(self._report("all", cache, jobs=1))
                again.append(self._report("all", cache, jobs=1))
            with self._cache() as cache:
                side_by_side.append(self._report("all", cache, jobs=os.cpu_count() or 1))
            least.append(run([sys.executable, "-m", __spec__.name, BARE, self._path("all")]))
        start = self._start()
        rows = [
            self._row("json.loads + ast.parse", least, least),
            self._row("report, first, one job", cold, least),
            self._row("report, nothing changed, one job", again, least),
            self._row("the same, without its start", [_less(one, start) for one in again], least),
        ]
        jobs = f"report, first, {os.cpu_count()} jobs"
        clock = median(one.clock for one in side_by_side)
        return [*rows, (jobs, f"{self._count / clock:.0f}", "", "", "")]

    def compare_with_rivals(self, programs: Path) -> list[tuple[str, ...]]:
        """The report beside those who tell imports."""
        ours: list[Took] = []
        pipreqs: list[Took] = []
        deptry: list[Took] = []
        plain = self._path("plain")
        for _ in range(self._runs):
            with self._cache() as cache:
                ours.append(self._report("plain", cache, jobs=1))
            command = [str(programs / "pipreqs"), "--scan-notebooks", "--use-local", "--print"]
            pipreqs.append(run([*command, "--mode", "no-pin", plain]))
            requirements = str(self._folder / "requirements.txt")
            command = [str(programs / "deptry"), "--requirements-files", requirements, plain]
            deptry.append(run(command, fine=(0, 1)))
        count = self.readable
        return [
            self._row("report, first, one job", ours, ours, count),
            self._row("pipreqs (its work / ours)", pipreqs, ours, count),
            self._row("deptry (its work / ours)", deptry, ours, count),
        ]

    def weigh(self, count: int) -> tuple[str, ...]:
        """The memory of a report on as many notebooks, links to those that there are."""
        folder = self._folder / f"weighed-{count}"
        known = sorted((self._folder / "all").rglob("*.ipynb"))
        for number in range(count):
            os.link(known[number % len(known)], _place(folder, number))
        with self._cache() as cache:
            took = self._report(folder.name, cache, jobs=1)
        return f"{count:,}", f"{took.memory / 2**20:.0f} MiB"

    def _start(self) -> Took:
        """What a report on one notebook takes, that is there already."""
        (self._folder / "one").mkdir()
        os.link(self._folder / "all" / "000" / "00000.ipynb", self._folder / "one" / "0.ipynb")
        with self._cache() as cache:
            self._report("one", cache, jobs=1)
            return self._report("one", cache, jobs=1)

    def _report(self, name: str, cache: Path, *, jobs: int) -> Took:
        command = [sys.executable, "-m", "porter", "report", "--offline", "--jobs", str(jobs)]
        command += ["--cache", str(cache), "--format", "json", "--out", str(cache / "report.json")]
        return run([*command, self._path(name)])

    def _path(self, name: str) -> str:
        return str(self._folder / name)

    @contextmanager
    def _cache(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            yield Path(name)

    def _row(
        self, what: str, took: Sequence[Took], least: Sequence[Took], count: int = 0
    ) -> tuple[str, ...]:
        count = count or self._count
        work, clock = median(one.work for one in took), median(one.clock for one in took)
        return (
            what,
            f"{count / clock:.0f}" if clock > 0 else "",
            f"{work:.2f} s",
            f"{work / count * 1e3:.2f} ms",
            f"{work / median(one.work for one in least):.2f}",
        )


def parse_all(folder: Path) -> None:
    """The least that reading notebooks takes."""
    warnings.simplefilter("ignore")
    for path in sorted(folder.rglob("*.ipynb")):
        for cell in json.loads(path.read_bytes())["cells"]:
            if cell["cell_type"] == "code":
                with contextlib.suppress(SyntaxError):
                    ast.parse("".join(cell["source"]))


def _less(took: Took, start: Took) -> Took:
    return Took(clock=took.clock - start.clock, work=took.work - start.work, memory=took.memory)


def _place(folder: Path, number: int) -> Path:
    path = folder / f"{number // FOLDER:03}" / f"{number:05}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _is_plain(data: bytes) -> bool:
    cells = json.loads(data)["cells"]
    try:
        for cell in cells:
            if cell["cell_type"] == "code":
                ast.parse("".join(cell["source"]))
    except SyntaxError:
        return False
    return True


if __name__ == "__main__":
    if sys.argv[1:2] == [BARE]:
        parse_all(Path(sys.argv[2]))
    else:
        main()
