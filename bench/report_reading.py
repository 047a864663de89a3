"""How long reading notebooks takes, beside the least that could be done: parse them.

The one is bytes → Facts, the other `json.loads` and `ast.parse` of the same cells, in the same
process, in turn; the ratio is of medians. Nothing is asserted: figures are for people.
"""

import ast
import contextlib
import gc
import json
import time
import warnings
from collections.abc import Callable, Sequence
from statistics import median

from bench.notebooks import make_notebooks
from compat_report.reading.read import parse_notebook
from compat_report.rules import read_rules
from compat_report.syntax.facts import read_facts
from compat_report.syntax.watch import Watch
from porter.table import print_table

COUNT, RUNS = 300, 7


def main() -> None:
    watch = Watch.of(name for rule in read_rules().values() for name in rule.names)
    rows = []
    for what, outputs in (("with outputs", True), ("without outputs", False)):
        notebooks = list(make_notebooks(COUNT, outputs=outputs))
        cells = sum(len(json.loads(data)["cells"]) for data in notebooks)
        ours, least = _compare(lambda data: _read(data, watch), _parse, notebooks)
        rows.append(
            (
                what,
                f"{len(notebooks)} ({cells} cells)",
                f"{ours / COUNT * 1e3:.2f} ms",
                f"{least / COUNT * 1e3:.2f} ms",
                f"{ours / least:.2f}",
            )
        )
    print(f"medians of {RUNS} runs, in turn; {len(watch.names)} names are watched")
    print_table(("notebooks", "read", "bytes → facts", "json + ast", "ratio"), rows)


def _read(data: bytes, watch: Watch) -> None:
    read_facts(parse_notebook(data, name="bench.ipynb", folder="."), watch=watch)


def _parse(data: bytes) -> None:
    for cell in json.loads(data)["cells"]:
        if cell["cell_type"] == "code":
            with contextlib.suppress(SyntaxError):
                ast.parse("".join(cell["source"]))


def _compare(
    ours: Callable[[bytes], None], least: Callable[[bytes], None], notebooks: Sequence[bytes]
) -> tuple[float, float]:
    """Medians of both, in seconds for all notebooks. One run of each goes before, uncounted."""
    taken: tuple[list[float], list[float]] = ([], [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for run in range(RUNS + 1):
            for contestant, times in zip((ours, least), taken, strict=True):
                gc.collect()
                begun = time.process_time()
                for data in notebooks:
                    contestant(data)
                if run:
                    times.append(time.process_time() - begun)
    return median(taken[0]), median(taken[1])


if __name__ == "__main__":
    main()
