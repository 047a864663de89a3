"""How long a kernel decision takes, from a notebook's bytes to the decision's: p50 and p99.

*cold*: of a notebook never seen, by a catalogue that was just opened, whose opening is told apart;
*warm*: of one never seen, by a catalogue that was asked for all of these names before;
*incremental*: of one that was decided for before, with one code cell changed or added. Nothing is
asserted: figures are for people.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterable
from statistics import quantiles
from typing import Any

from bench.notebooks import make_notebooks
from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.deciding.document import serialize_decision
from compat_report.policy import Policy
from compat_report.reading.read import parse_notebook
from compat_report.report import Reporter
from compat_report.select import Selector
from porter.home import Home
from porter.platform import read_platform
from porter.table import print_table

COUNT, EDITS = 150, 4


def main() -> None:
    notebooks = list(make_notebooks(COUNT, outputs=False))
    cells = sum(len(json.loads(data)["cells"]) for data in notebooks)
    begun = time.perf_counter()
    catalog = _open()
    opened = time.perf_counter() - begun
    reporter = _reporter(catalog)
    cold = _time(Selector(reporter), notebooks)
    warm = _time(Selector(reporter), notebooks)
    incremental, read = _edit(Selector(reporter), notebooks)
    print(
        f"{COUNT} notebooks of {cells / COUNT:.0f} cells on average; "
        f"the catalogue opens in {opened * 1e3:.0f} ms"
    )
    rows = [
        (what, str(len(times)), *(f"{_percentile(times, share):.2f} ms" for share in (50, 99)))
        for what, times in (("cold", cold), ("warm", warm), ("incremental", incremental))
    ]
    print_table(("decision", "made", "p50", "p99"), rows)
    print(f"cells read for one edit: {read:.2f}")


def _open() -> OpenCatalog:
    home = Home.parse(os.environ)
    return open_catalog(read_platform(), home=home, env=dict(os.environ), public=False)


def _reporter(catalog: OpenCatalog) -> Reporter:
    return Reporter(
        platform=catalog.platform.name,
        kernel=catalog.kernel.name,
        catalog=catalog,
        policy=Policy(),
    )


def _time(selector: Selector, notebooks: Iterable[bytes]) -> list[float]:
    return [
        _clock(lambda data=data, name=f"{number}.ipynb": _decide(selector, data, name))  # type: ignore[misc]
        for number, data in enumerate(notebooks)
    ]


def _edit(selector: Selector, notebooks: Iterable[bytes]) -> tuple[list[float], float]:
    """Times of decisions after one edit each, and how many cells were read for one."""
    chance, times, read = random.Random(1), [], 0
    for number, data in enumerate(notebooks):
        name, tree = f"{number}.ipynb", json.loads(data)
        _decide(selector, data, name)
        read -= selector.cells_read
        for edit in range(EDITS):
            _change(tree["cells"], chance, edit)
            changed = json.dumps(tree).encode()
            times.append(_clock(lambda: _decide(selector, changed, name)))  # noqa: B023
        read += selector.cells_read
    return times, read / len(times)


def _change(cells: list[dict[str, Any]], chance: random.Random, edit: int) -> None:
    """What people do: a line more in a cell, or one more cell at the end."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    if edit % 2 and code:
        cell = chance.choice(code)
        cell["source"] = "".join(cell["source"]) + f"\nprint({edit})"
        return
    cells.append(
        {
            "cell_type": "code",
            "id": f"new-{edit}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": f"import json\nresult_{edit} = json.dumps([{edit}])",
        }
    )


def _decide(selector: Selector, data: bytes, name: str) -> bytes:
    return serialize_decision(selector.decide(parse_notebook(data, name=name, folder=None)))


def _clock(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def _percentile(times: list[float], share: int) -> float:
    return quantiles(times, n=100)[share - 1]


if __name__ == "__main__":
    main()
