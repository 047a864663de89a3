from pathlib import Path

import pytest

from compat_report.catalog.model import Resolution
from compat_report.footprint.estimate import BASE, UNTOLD_LIMIT, WATCHED, estimate_footprint
from compat_report.footprint.judge import judge_footprint
from compat_report.footprint.size import GIB, MIB, TAB_LIMIT
from compat_report.model import Cell, CellKind, Location, Notebook
from compat_report.reported import Evidence, Footprint, ResolvedFile
from compat_report.syntax.facts import read_facts
from compat_report.syntax.watch import Watch

WATCH = Watch.of(WATCHED)


def estimate(
    *sources: str, folder: Path | None = None, files: tuple[ResolvedFile, ...] = ()
) -> Footprint:
    cells = tuple(
        Cell(index=number, kind=CellKind.CODE, source=source)
        for number, source in enumerate(sources)
    )
    notebook = Notebook(
        path="a.ipynb",
        format="ipynb",
        sha256="",
        folder=str(folder) if folder else None,
        cells=cells,
    )
    return estimate_footprint(read_facts(notebook, watch=WATCH), Resolution(files=files))


def codes(footprint: Footprint, **limits: float) -> list[str]:
    found = judge_footprint(footprint, path="a.ipynb", **limits)  # type: ignore[arg-type]
    return [f"{f.code} {f.severity}" for f in found]


def test_a_notebook_that_does_little_needs_the_runtime() -> None:
    footprint = estimate("x = 1")
    assert (footprint.low, footprint.high) == BASE["0.29"]
    assert footprint.confidence == 1.0
    assert codes(footprint) == []


def test_arrays_are_counted_together_at_most_and_alone_at_least() -> None:
    footprint = estimate(
        "import numpy as np\nN = 1000\na = np.zeros((N, N))", "b = np.zeros((N, 2 * N))"
    )
    assert footprint.low == BASE["0.29"][0] + 16_000_000
    assert footprint.high >= BASE["0.29"][1] + 24_000_000
    assert [reason.location.cell for reason in footprint.evidence] == [None, 0, 1]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = np.zeros((100_000, 100_000))", ["memory-exceeded server", "object-too-large server"]),
        ("x = np.zeros((20_000, 20_000))", ["memory-close warning", "object-too-large server"]),
        (
            "x = np.zeros((15_000, 15_000))\ny = np.zeros((15_000, 15_000))",
            ["memory-close warning"],
        ),
        (
            "x = np.ones(200_000_000)\ny = np.ones(200_000_000)\nz = np.ones(200_000_000)",
            ["memory-unsure unknown"],
        ),
        ("x = np.zeros(1000)", []),
        ("def later():\n    return np.zeros((100_000, 100_000))", ["memory-unsure unknown"]),
    ],
)
def test_what_does_not_fit_is_told(source: str, told: list[str]) -> None:
    assert codes(estimate(f"import numpy as np\n{source}")) == told


def test_what_another_platform_would_run_is_not_counted() -> None:
    source = "import sys\nimport numpy as np\nif sys.platform != 'emscripten':\n    np.zeros(10**9)"
    assert codes(estimate(source)) == []


def test_files_that_nobody_can_say_anything_of_lower_the_confidence() -> None:
    one = estimate("import pandas as pd\npd.read_csv('https://a.org/x.csv')")
    many = estimate(
        "import pandas as pd", *(f"pd.read_csv('https://a.org/{n}.csv')" for n in range(40))
    )
    assert one.confidence > many.confidence >= 0.1
    assert many.high <= BASE["0.29"][1] + UNTOLD_LIMIT
    assert codes(many) == []
    assert codes(many, confidence=0.5) == ["estimate-unsure unknown"]


@pytest.mark.parametrize(
    ("query", "bounded"),
    [
        ("select * from t limit 100", True),
        ("SELECT TOP 5 * FROM t;", True),
        ("select * from t", False),
    ],
)
def test_a_query_says_its_rows_with_limit(query: str, *, bounded: bool) -> None:
    footprint = estimate(f"import pandas as pd\npd.read_sql({query!r}, con)")
    assert (footprint.high < BASE["0.29"][1] + MIB) is bounded


def test_packages_are_weighed_by_what_their_wheels_hold() -> None:
    known = ResolvedFile(
        name="a", version="1", filename="", origin="lock", size=MIB, unpacked=3 * MIB
    )
    guessed = ResolvedFile(name="b", version="1", filename="", origin="pypi", size=MIB)
    silent = ResolvedFile(name="c", version="1", filename="", origin="pypi")
    footprint = estimate("x = 1", files=(known, guessed, silent))
    assert footprint.download == 2 * MIB
    assert footprint.low == BASE["0.29"][0]
    assert footprint.high == BASE["0.29"][1] + 7 * MIB
    assert codes(footprint, download=MIB) == ["download-exceeded warning"]


def test_what_is_read_is_weighed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n" + "1\n" * 1000)
    footprint = estimate("import pandas as pd\npd.read_csv('a.csv')", folder=tmp_path)
    assert footprint.data == 2002
    assert codes(footprint, data=2000) == ["data-exceeded server"]
    assert codes(footprint, data=3000) == []


def test_a_policys_limit_is_never_above_the_tabs() -> None:
    here = Location(path="a.ipynb", cell=3, line=2)
    footprint = Footprint(
        low=2 * GIB,
        high=3 * GIB,
        evidence=(Evidence(what="it", low=2 * GIB, high=3 * GIB, location=here),),
    )
    assert codes(footprint) == ["memory-close warning"]
    assert codes(footprint, memory=GIB) == ["memory-exceeded server"]
    assert codes(footprint, memory=10 * TAB_LIMIT) == ["memory-close warning"]
    (found,) = judge_footprint(footprint, path="a.ipynb", memory=GIB)
    assert (found.location, found.subject) == (here, "it")
    assert "at least 2.0 GiB" in found.message
