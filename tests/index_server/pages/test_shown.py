from dataclasses import replace
from datetime import UTC, datetime

import pytest

from index_server.model import File
from index_server.pages.shown import show_day, show_moment, show_platforms, show_python, show_size
from porter.platform import read_platforms

PLATFORMS = tuple(read_platforms().values())
FILE = File(
    project="it",
    version="1.0",
    filename="it-1.0.tar.gz",
    size=1,
    sha256="0" * 64,
    uploaded_at=datetime(2026, 11, 5, 7, 9, tzinfo=UTC),
    requires_python=">=3.11",
)


def wheel(tag: str) -> File:
    return replace(FILE, filename=f"it-1.0-{tag}.whl")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (12_345_678, "12 MB"),
        (1_200_000_000, "1.2 GB"),
        (5_000_000_000_000, "5000 GB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert show_size(size) == shown


def test_moments() -> None:
    assert show_day(FILE.uploaded_at) == "5 Nov 2026"
    assert show_moment(FILE.uploaded_at) == "5 Nov 2026, 07:09 UTC"


@pytest.mark.parametrize(
    ("tag", "platforms", "python"),
    [
        ("cp313-cp313-pyemscripten_2025_0_wasm32", ("Pyodide 0.29",), "CPython 3.13"),
        ("cp314-cp314-pyemscripten_2026_0_wasm32", ("Pyodide 314",), "CPython 3.14"),
        ("cp313-cp313-pyodide_2025_0_wasm32", ("Pyodide 0.29",), "CPython 3.13"),
        ("cp312-cp312-pyodide_2024_0_wasm32", ("WebAssembly 2024_0",), "CPython 3.12"),
        ("cp312-cp312-manylinux_2_28_x86_64", ("Linux",), "CPython 3.12"),
        ("cp312-cp312-musllinux_1_2_x86_64", ("Linux (musl)",), "CPython 3.12"),
        ("cp312-cp312-macosx_11_0_arm64", ("macOS",), "CPython 3.12"),
        ("cp312-cp312-win_amd64", ("Windows",), "CPython 3.12"),
        ("cp312-cp312-win32", ("Windows",), "CPython 3.12"),
        ("cp311-abi3-linux_x86_64", ("Linux",), "CPython 3.11 and newer"),
        ("py2.py3-none-any", ("any platform",), "Python 2, Python 3"),
        ("pp310-pypy310_pp73-odd_1", ("odd_1",), "pp310"),
    ],
)
def test_what_a_wheel_is_for(tag: str, platforms: tuple[str, ...], python: str) -> None:
    assert show_platforms(wheel(tag), PLATFORMS) == platforms
    assert show_python(wheel(tag)) == python


def test_an_sdist_is_for_no_platform() -> None:
    assert show_platforms(FILE, PLATFORMS) == ("source",)
    assert show_python(FILE) == "Python >=3.11"
    assert show_python(replace(FILE, requires_python="")) == "Python"
