"""What an estimate says, against the heap of the real runtime."""

import json
import subprocess
from pathlib import Path

import pytest

from compat_report.catalog.model import Resolution
from compat_report.footprint.estimate import BASE, WATCHED, estimate_footprint
from compat_report.model import Cell, CellKind, Notebook
from compat_report.reported import Footprint
from compat_report.syntax.facts import read_facts
from compat_report.syntax.watch import Watch
from porter.home import Home
from porter.platform import read_platform
from porter.runtime import Runtime, compile_stdlib, fetch_runtime

FREE = 1 << 20
SCRIPT = Path(__file__).with_name("heap.mjs")
# Written line by line, so that writing it leaves no hole in the heap to read it into.
WRITE = """
def write(name, line, count, mode="w"):
    with open(name, mode) as file:
        for _ in range(count):
            file.write(line)
"""
PLAIN = {
    "bytes": ("", "x = bytes(50_000_000)"),
    "text": ("write('a.txt', 'a' * 1000 + '\\n', 20_000)", "x = open('a.txt').read()"),
    "wide text": ("write('a.txt', '€' * 100 + '\\n', 60_000)", "x = open('a.txt').read()"),
    "short lines": ("write('a.txt', 'ab\\n', 2_000_000)", "x = open('a.txt').readlines()"),
    "binary": ("write('a.bin', b'a' * 1000, 20_000, 'wb')", "x = open('a.bin', 'rb').read()"),
    "records": (
        """
write('a.json', '[', 1)
write('a.json', '{"a": 17, "b": 2.5, "name": "n12345"},', 200_000, 'a')
write('a.json', '1]', 1, 'a')
""",
        "import json; x = json.load(open('a.json'))",
    ),
    "rows": (
        "write('a.csv', '12345,2.5,n12345\\n', 200_000)",
        "import csv; x = list(csv.reader(open('a.csv')))",
    ),
}  # fmt: skip
NUMPY = {
    "zeros": ("", "x = np.zeros((2000, 2000))"),
    "whole numbers": ("", "x = np.arange(8_000_000)"),
    "narrow": ("", "x = np.ones((1000, 1000, 10), dtype='float32')"),
    "spaced": ("", "x = np.linspace(0, 1, 5_000_000)"),
    "logarithms": ("", "x = np.logspace(0, 1, 5_000_000)"),
    "diagonal": ("", "x = np.eye(2500)"),
    "normal": ("", "x = np.random.default_rng(1).normal(size=(3000, 1500))"),
    "dice": ("", "x = np.random.randint(1, 7, 6_000_000)"),
    "saved": (
        """
header = {'descr': '<f8', 'fortran_order': False, 'shape': (4_000_000,)}
with open('a.npy', 'wb') as file:
    np.lib.format.write_array_header_1_0(file, header)
    for _ in range(32_000):
        file.write(bytes(1000))
""",
        "x = np.load('a.npy')",
    ),
    "numbers as text": (
        "write('a.csv', '1.5,2.5,3.5\\n', 300_000)",
        "x = np.loadtxt('a.csv', delimiter=',')",
    ),
    "numbers guessed": (
        "write('a.csv', '1.5,2.5,3.5\\n', 300_000)",
        "x = np.genfromtxt('a.csv', delimiter=',')",
    ),
}


def estimate(source: str, folder: Path) -> Footprint:
    notebook = Notebook(
        path="a.ipynb",
        format="ipynb",
        sha256="",
        folder=str(folder),
        cells=(Cell(index=0, kind=CellKind.CODE, source=source),),
    )
    return estimate_footprint(read_facts(notebook, watch=Watch.of(WATCHED)), Resolution())


def measure(
    snippets: list[tuple[str, str]], runtime: Runtime, home: Home, scratch: Path, wheel: str = ""
) -> list[tuple[int, int, int]]:
    """(heap's end after the start, growth by what prepares, growth by what is measured) of each."""
    asked = scratch / "snippets.json"
    asked.write_text(json.dumps(snippets))
    done = subprocess.run(
        ["node", SCRIPT, runtime.folder, compile_stdlib(runtime, home=home), wheel, asked],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(told) == len(snippets), done.stderr[-500:]
    return [(base, prepared, grown) for base, prepared, grown in told]


def check(
    cases: dict[str, tuple[str, str]],
    runtime: Runtime,
    home: Home,
    scratch: Path,
    *,
    prelude: str = "",
    wheel: str = "",
) -> None:
    snippets = [(f"{WRITE}{prelude}{before}", measured) for before, measured in cases.values()]
    measured = measure(snippets, runtime, home, scratch, wheel)
    for (name, (before, source)), (base, _, grown) in zip(cases.items(), measured, strict=True):
        folder = scratch / name
        folder.mkdir()
        namespace: dict[str, object] = {}
        # The same files, beside the notebook that is read.
        if before and not prelude:
            exec(WRITE + before.replace("'a.", f"'{folder}/a."), namespace)  # noqa: S102
        elif before:
            write_twin(before, folder)
        found = estimate(f"{prelude}{source}", folder)
        low = max((reason.low for reason in found.evidence[1:]), default=0)
        high = sum(reason.high for reason in found.evidence[1:])
        # What was free below the heap's end is used first.
        assert low - FREE <= grown <= high, (name, low, grown, high)
        assert BASE[runtime.platform.name][0] <= base <= BASE[runtime.platform.name][1]


def write_twin(before: str, folder: Path) -> None:
    """What NumPy's snippets prepare, without NumPy."""
    if "a.csv" in before:
        (folder / "a.csv").write_text("1.5,2.5,3.5\n" * 300_000)
    else:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4000000,), }"
        header = header.ljust(117) + b"\n"
        with (folder / "a.npy").open("wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
            file.truncate(32_000_128)


def test_the_heap_grows_within_the_range(runtime: Runtime, home: Home, tmp_path: Path) -> None:
    check({name: PLAIN[name] for name in ("bytes", "text")}, runtime, home, tmp_path)


@pytest.mark.journey
@pytest.mark.parametrize("release", ["0.29", "314"])
def test_every_heap_grows_within_the_range(
    release: str, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    one = fetch_runtime(read_platform(release), home=home, env=env)
    check(PLAIN, one, home, tmp_path)


@pytest.mark.journey
def test_arrays_grow_the_heap_within_the_range(
    runtime: Runtime, home: Home, tmp_path: Path
) -> None:
    built = sorted(home.artefacts.glob("*/numpy-*-cp313-*.whl"))
    if not built:
        pytest.skip("no NumPy has been built here: `make numpy` builds it")
    check(NUMPY, runtime, home, tmp_path, prelude="import numpy as np\n", wheel=str(built[-1]))
