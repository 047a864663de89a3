"""`make bench-lab`: notebooks in the browser beside the same on the server, in one run.

A real JupyterLab in a real Chromium, all of it on this machine and on its loopback interface. Each figure is the
middle one of several rounds, with the least and the most; what stands beside it was measured in turn. Nothing is
asserted: figures are for people, or with --json for programs.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from playwright.sync_api import Playwright, sync_playwright

from bench.lab_place import TEN, Place, serve_place
from bench.lab_seat import Seat, Times, profile, sit_down, write_page_config
from bench.upload_memory import begin, height
from porter.progress import Progressing
from porter.table import print_table

ONE = "print('here')"
SIDE = "import sys; print(sys.platform)"
ROWS = 100_000
QUERY = (
    "%%sql df << --on warehouse\n"
    "SELECT i, 'customer ' || i % 1000 AS name, i * 1.5::float8 AS amount, "
    f"date '2024-01-01' + i % 365 AS day FROM generate_series(1, {ROWS}) AS t(i)"
)
# Needs a server, by the decision on its notebook.
MOVES = "import subprocess\nsubprocess.run(['true'])\nprint(sys.platform)"
COLUMNS = 10
MAKE = (
    "import numpy as np, pandas as pd, os\n"
    f"df = pd.DataFrame({{f'c{{at}}': np.random.default_rng(at).random(ROWS) for at in range({COLUMNS})}})\n"
    "print(os.getpid())"
)
UPLOAD = '%%dataframe\nframe = "df"\nto = "lake"\nname = "NAME"'
# JupyterLab runs cells itself where the bridge does not.
WITHOUT = {
    "porter-kernel-bridge:executor": True,
    "@jupyterlab/notebook-extension:cell-executor": False,
}
CELLS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure of the browser, or of the bridge, and what it stands beside."""

    what: str
    ours: str
    beside: str = ""
    ratio: str = ""
    wanted: str = ""


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table of the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=3, help="of each figure")
    parser.add_argument("--megabytes", type=int, default=100, help="of the frame of upload")
    parser.add_argument("--json", action="store_true", help="print a document for programs")
    arguments = parser.parse_args(argv)
    rows: list[Row] = []
    with ExitStack() as stack, Progressing() as report:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porter-bench-")))
        report.phase("lab", "an index, a database and JupyterLab start")
        place = stack.enter_context(serve_place(folder))
        playwright = stack.enter_context(sync_playwright())
        bench = Bench(place, playwright, arguments, report.phase)
        for part in arguments.only:
            for row in PARTS[part](bench):
                report.phase(part, f"{row.what}: {row.ours}; {row.beside}; {row.ratio}")
                rows.append(row)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print(f"{arguments.rounds} rounds; the machine has {os.cpu_count()} processors")
    columns = ("what", "browser", "beside", "ratio", "wanted")
    print_table(columns, [(r.what, r.ours, r.beside, r.ratio, r.wanted) for r in rows])


class Bench:
    """The parts, each a few rows."""

    def __init__(
        self,
        place: Place,
        playwright: Playwright,
        arguments: argparse.Namespace,
        tell: Callable[[str, str], None],
    ) -> None:
        self._place, self._playwright, self._tell = place, playwright, tell
        self._rounds: int = arguments.rounds
        self._megabytes: int = arguments.megabytes

    def start(self) -> Iterator[Row]:
        """From Run in a notebook that was just opened to its first output."""
        return self._starts("start", ONE, "first output", "0.5")

    def packages(self) -> Iterator[Row]:
        """The same where the first cell imports ten packages of the index."""
        return self._starts("packages", TEN + ONE, "ten packages", "")

    def _starts(self, part: str, cell: str, what: str, wanted: str) -> Iterator[Row]:
        names = ("server", "cold", "early", "rested", "spare", "loaded")
        took: dict[str, list[float]] = {name: [] for name in names}
        for number in range(self._rounds):
            self._tell(part, f"round {number + 1} of {self._rounds}")
            folder = self._place.folder / f"profile-{part}-{number}"
            with profile(self._playwright, folder) as context:
                with sit_down(context, self._place.lab) as seat:
                    took["cold"].append(seat.click(cell, "browser", says="here"))
                    seat.rest(2)
                    took["spare"].append(seat.click(cell, "browser", says="here"))
                    seat.desk.tidy_up()
                with sit_down(context, self._place.lab) as seat:
                    took["early"].append(seat.click(cell, "browser", says="here"))
                    seat.desk.tidy_up()
                with sit_down(context, self._place.lab) as seat:
                    took["loaded"].append(seat.rest(1))
                    took["rested"].append(seat.click(cell, "browser", says="here"))
                    seat.desk.tidy_up()
                # A page's first notebook, too.
                with sit_down(context, self._place.lab) as seat:
                    seat.rest(1)
                    took["server"].append(seat.click(cell, "server", says="here"))
                    seat.desk.tidy_up()
        beside = Times(took["server"])
        yield _row(f"{what}: first visit, nothing cached", Times(took["cold"]), beside)
        yield _row(
            f"{what}: later visit, run as soon as JupyterLab is there", Times(took["early"]), beside
        )
        yield _row(
            f"{what}: later visit, once its kernel waits", Times(took["rested"]), beside, wanted
        )
        yield _row(
            f"{what}: next notebook of a visit, spare kernel", Times(took["spare"]), beside, wanted
        )
        yield Row(what="a later visit until its kernel waits", ours=str(Times(took["loaded"])))

    def switch(self) -> Iterator[Row]:
        """What a move in the middle of Run All interrupts, beside a restart of a server's kernel."""
        gaps: list[float] = []
        restarts: list[float] = []
        with self._seat("switch") as seat:
            for number in range(self._rounds):
                self._tell("switch", f"round {number + 1} of {self._rounds}")
                seat.open([f"kept = [1, 2, 3]\n{SIDE}", MOVES, "print(kept)"], "auto")
                gaps.append(seat.gap())
                told = [seat.desk.text(index).strip() for index in range(3)]
                if told != ["emscripten", "linux", "[1, 2, 3]"]:
                    raise SystemExit(f"the notebook did not move: {told}")
                seat.desk.tidy_up()
                seat.open([SIDE], "server")
                seat.run(0)
                restarts.append(seat.restart())
                seat.desk.tidy_up()
        yield _row(
            "a move to the server, beside a restart there", Times(gaps), Times(restarts), "1.5"
        )

    def sql(self) -> Iterator[Row]:
        """`%%sql` into a frame in both kernels."""
        found = self._both("sql", [QUERY, "print(len(df))"], str(ROWS))
        yield _row(f"%%sql of {ROWS:,} rows, beside a server's kernel", *found, "2.0")

    def cell(self) -> Iterator[Row]:
        """A plain cell through the bridge's steps, and as JupyterLab runs it."""
        for policy in ("browser", "server"):
            took: dict[bool, list[float]] = {True: [], False: []}
            with ExitStack() as stack:
                seats = {}
                for bridged in (True, False):
                    write_page_config(self._place.folder, {} if bridged else WITHOUT)
                    seats[bridged] = stack.enter_context(self._seat(f"cell-{policy}-{bridged}"))
                    seats[bridged].open(["1"] * CELLS, policy)
                    seats[bridged].run(0)
                write_page_config(self._place.folder, {})
                for number in range(self._rounds):
                    self._tell("cell", f"{policy}, round {number + 1} of {self._rounds}")
                    for bridged, seat in seats.items():
                        took[bridged].append(sum(map(seat.run, range(CELLS))) / CELLS)
            ours, bare = Times(took[True]), Times(took[False])
            more = (ours.median - bare.median) * 1000
            yield Row(
                what=f"a plain cell on the {policy}, beside JupyterLab alone",
                ours=str(ours),
                beside=str(bare),
                ratio=f"{more:+.1f} ms",
                wanted="+15 ms",
            )

    def upload(self) -> Iterator[Row]:
        """What the memory of kernel and server grows by, beside the frame itself."""
        rows = str(self._megabytes * 1_000_000 // 8 // COLUMNS)
        for policy in ("browser", "server"):
            self._tell("upload", f"{self._megabytes} MB from the {policy}")
            with self._seat(f"upload-{policy}") as seat:
                first = UPLOAD.replace("NAME", f"first-{policy}")
                large = UPLOAD.replace("NAME", f"large-{policy}")
                seat.open(
                    [MAKE.replace("ROWS", "1000"), first, MAKE.replace("ROWS", rows), large], policy
                )
                for index in range(3):
                    seat.run(index)
                kernel = _renderer() if policy == "browser" else int(seat.desk.text(2))
                pids = (kernel, self._place.lab.process.pid)
                before = [begin(pid) for pid in pids]
                seconds = seat.run(3)
                grown = [(height(pid) - one) / 1e6 for pid, one in zip(pids, before, strict=True)]
                if f"{int(rows):,} rows are in" not in seat.desk.text(3):
                    raise SystemExit(seat.desk.text(3))
            yield Row(
                what=f"%%dataframe of {self._megabytes} MB from the {policy}: memory grown at its height",
                ours=f"kernel {grown[0]:+.0f} MB, server {grown[1]:+.0f} MB",
                beside=f"{seconds:.1f} s",
                wanted="flat",
            )

    def _both(self, part: str, cells: list[str], says: str) -> tuple[Times, Times]:
        """Seconds of the first cell in a browser's kernel and in a server's, in turn."""
        took: dict[str, list[float]] = {"browser": [], "server": []}
        with ExitStack() as stack:
            seats = {policy: stack.enter_context(self._seat(f"{part}-{policy}")) for policy in took}
            for policy, seat in seats.items():
                self._tell(part, f"the first one on the {policy}")
                seat.open(cells, policy)
                seat.run(0)
                seat.run(1)
                if seat.desk.text(1).strip() != says:
                    raise SystemExit(f"{policy}: {seat.desk.text(0)} {seat.desk.text(1)}")
            for number in range(self._rounds):
                self._tell(part, f"round {number + 1} of {self._rounds}")
                for policy, seat in seats.items():
                    took[policy].append(seat.run(0))
        return Times(took["browser"]), Times(took["server"])

    @contextmanager
    def _seat(self, name: str) -> Iterator[Seat]:
        """A tab of a profile of its own."""
        folder = self._place.folder / f"profile-{name}"
        with (
            profile(self._playwright, folder) as context,
            sit_down(context, self._place.lab) as seat,
        ):
            yield seat


PARTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "start": Bench.start,
    "packages": Bench.packages,
    "switch": Bench.switch,
    "sql": Bench.sql,
    "cell": Bench.cell,
    "upload": Bench.upload,
}


def _row(what: str, ours: Times, beside: Times, wanted: str = "") -> Row:
    ratio = f"{ours.median / beside.median:.2f}"
    return Row(what=what, ours=str(ours), beside=str(beside), ratio=ratio, wanted=wanted)


def _renderer() -> int:
    """The process of the page with the kernel in it: the largest of Chromium's that this one started."""
    children = psutil.Process().children(recursive=True)
    pages = [one for one in children if "--type=renderer" in one.cmdline()]
    return int(max(pages, key=lambda one: one.memory_info().rss).pid)


if __name__ == "__main__":
    main()
