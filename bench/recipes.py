"""`make bench-recipes`: many recipes, built by Porter beside `pyodide build-recipes`, in one run.

Both read the same folder of recipes, and have the same toolchain, two jobs and one cache of downloads that
is filled before. In a cold build Porter's compiler cache is empty, and the other tool has none. The cluster
stands: its workers have built something else before, so that their start is not in its figure. The clock
tells what a user waits for; where the machine does other work, processor time tells more. Nothing is
asserted but that a plan is right: figures are for people, or with --json for programs.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.crews import Crews
from bench.generated import change, make_chain, make_graph, make_recipes
from bench.portfolio import fetch_sdists, serve, write_recipes
from bench.took import Took
from porter.environment import tool_env
from porter.home import Home
from porter.platform import read_platform
from porter.progress import Progressing
from porter.table import print_table
from porter.toolchain.select import have_toolchain

PARTS = ("cold", "cluster", "leaf", "growth", "plan")
COUNTS = (10, 30, 100, 300)
NODES = 10_000
CHAIN, USERS = 12, 2
# So many recipes are built by a cluster, too.
CLUSTERED, WORKERS = 8, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Seconds of Porter beside those of something else; `work` is the ratio of processor time."""

    what: str
    ours: str
    beside: str = ""
    ratio: str = ""
    work: str = ""
    goal: str = ""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="which parts")
    parser.add_argument("--recipes", nargs="+", help="which real recipes (default: all)")
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS, help="recipes of growth")
    parser.add_argument("--nodes", type=int, default=NODES, help="recipes of plan")
    parser.add_argument("--json", action="store_true", help="print a document for programs")
    arguments = parser.parse_args(argv)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="porter-bench-") as name, Progressing() as report:
        bench = Bench(Path(name), arguments, report.phase)
        for part in arguments.only:
            rows += bench.measure(part)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print(f"Pyodide {bench.platform}, two jobs; the machine has {os.cpu_count()} processors")
    columns = ("what", "porter", "beside", "ratio", "of processor time", "goal")
    print_table(columns, [(r.what, r.ours, r.beside, r.ratio, r.work, r.goal) for r in rows])


class Bench:
    """The parts, each a few rows."""

    def __init__(
        self, folder: Path, arguments: argparse.Namespace, tell: Callable[[str, str], None]
    ) -> None:
        self._folder, self._tell = folder, tell
        self._only: Sequence[str] | None = arguments.recipes
        self._counts: Sequence[int] = arguments.counts
        self._nodes: int = arguments.nodes
        self._home = Home.parse(os.environ)
        self._env = tool_env(os.environ, self._home)
        with Progressing(quiet=True) as report:
            toolchain = have_toolchain(
                read_platform(), "auto", home=self._home, env=self._env, report=report
            )
        self.platform = toolchain.platform
        self._crews = Crews(folder, home=self._home, env=self._env, toolchain=toolchain)

    def measure(self, part: str) -> Iterator[Row]:
        """The rows of one of PARTS."""
        parts = {
            "cold": self._cold,
            "cluster": self._cluster,
            "leaf": self._leaf,
            "growth": self._growth,
            "plan": self._plan,
        }
        return parts[part]()

    def _cold(self) -> Iterator[Row]:
        crews = self._crews
        with self._real() as (recipes, names):
            self._tell("cold", f"pyodide build-recipes of {len(names)} recipes")
            bare = crews.bare(recipes, names)
            self._tell("cold", "porter build of the same")
            ours = crews.porter(recipes, names)
            yield _row(
                f"{len(names)} recipes cold, beside pyodide build-recipes", ours, bare, "0.6"
            )
            again = crews.porter(recipes, names)
            yield _row("nothing changed, beside its cold build", again, bare, "0.01")
            bare_again = crews.bare(recipes, names)
            yield _row("nothing changed, beside its second run", again, bare_again)
            store = ("--store", str(self._folder / "store"))
            crews.porter(recipes, names, *store)
            self._tell("cold", "from a store")
            stored = crews.porter(recipes, names, *store, home="other")
            yield _row("from a store, beside a cold build by porter", stored, ours)

    def _cluster(self) -> Iterator[Row]:
        crews = self._crews
        with self._real() as (recipes, names):
            few = names[:CLUSTERED]
            self._tell("cluster", f"{len(few)} recipes with two jobs")
            local = crews.porter(recipes, few, home="local")
            self._tell("cluster", f"{len(few)} recipes on {WORKERS} workers")
            with crews.cluster(WORKERS) as address:
                there = ("--cluster", address, "--store", str(self._folder / "cluster-store"))
                # A cluster stands: its workers have imported Porter for what they built before.
                before = self._folder / "before"
                crews.porter(before, make_recipes(before, WORKERS), *there, home="client")
                remote = crews.porter(recipes, few, *there, home="client")
            what = (
                f"{len(few)} recipes cold on a standing cluster of {WORKERS}, beside local two jobs"
            )
            # The work is the workers', whose processes are not the command's.
            yield Row(
                what=what,
                ours=_seconds(remote.clock),
                beside=_seconds(local.clock),
                ratio=f"{remote.clock / local.clock:.2f}",
                goal="1.1",
            )

    def _leaf(self) -> Iterator[Row]:
        crews, folder = self._crews, self._folder / "chain"
        names = make_chain(folder, CHAIN, USERS)
        self._tell("leaf", f"{CHAIN} recipes, of which one is changed")
        crews.porter(folder, names, home="chain-home")
        change(folder / names[0])
        asked = (*names, "--recipes", str(folder), "--json")
        plan = json.loads(crews.command("plan", *asked, home="chain-home").out)
        steps = plan["plans"][0]["steps"]
        due = {step["name"] for step in steps if step["action"] == "build"}
        if due != {*names[: USERS + 1]}:
            sys.exit(f"one recipe was changed, and the plan is to build {sorted(due)}")
        took = crews.porter(folder, names, "--json", home="chain-home")
        built = json.loads(took.out)["wheels"]
        anew = [item for item in built if item["how"] == "built"]
        spent = sum(item["seconds"] for item in anew)
        yield Row(
            what=f"one of {CHAIN} recipes changed: {len(anew)} built, beside the builds alone",
            ours=_seconds(took.clock),
            beside=_seconds(spent),
            ratio=f"{took.clock - spent:+.2f} s",
            goal="+1 s",
        )

    def _growth(self) -> Iterator[Row]:
        crews, folder = self._crews, self._folder / "tiny"
        names = make_recipes(folder, max(self._counts))
        for count in self._counts:
            few, home = names[:count], f"grown{count}"
            self._tell("growth", f"{count} recipes")
            store = ("--store", str(self._folder / f"store{count}"))
            took = [crews.porter(folder, few, *store, home=home) for _ in range(2)]
            crews.forget(home)
            took.append(crews.porter(folder, few, *store, home=home))
            crews.forget(home)
            for what, one in zip(("built", "again", "from a store"), took, strict=True):
                yield Row(
                    what=f"{count} tiny recipes, {what}; each",
                    ours=_seconds(one.clock),
                    beside=f"{one.clock / count * 1000:.0f} ms",
                    work=f"{one.work / count * 1000:.0f} ms",
                )

    def _plan(self) -> Iterator[Row]:
        folder = self._folder / "graph"
        self._tell("plan", f"{self._nodes} recipes")
        make_graph(folder, self._nodes)
        took = self._crews.command("plan", "--recipes", str(folder), "--json", home="planner")
        steps = json.loads(took.out)["plans"][0]["steps"]
        yield Row(
            what=f"{len(steps):,} recipes planned; processor time, memory",
            ours=_seconds(took.clock),
            beside=f"{took.memory / 2**20:.0f} MiB",
            work=_seconds(took.work),
            goal="5 s",
        )

    @contextmanager
    def _real(self) -> Iterator[tuple[Path, list[str]]]:
        """The folder of real recipes, whose sources can be had meanwhile, and their names."""
        sdists, recipes = self._folder / "sdists", self._folder / "recipes"
        found = fetch_sdists(sdists, home=self._home, env=self._env)
        with serve(sdists) as address:
            names = write_recipes(recipes, found, address)
            yield recipes, [name for name in names if not self._only or name in self._only]


def _row(what: str, ours: Took, beside: Took, goal: str = "") -> Row:
    return Row(
        what=what,
        ours=_seconds(ours.clock),
        beside=_seconds(beside.clock),
        ratio=f"{ours.clock / beside.clock:.3f}",
        work=f"{ours.work / beside.work:.3f}",
        goal=goal,
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"


if __name__ == "__main__":
    main()
