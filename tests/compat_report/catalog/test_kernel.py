"""Kernels, as the table has them and as their wheels do."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from compat_report.catalog.kernel import read_kernel
from compat_report.catalog.model import Origin, State
from porter.errors import UsageError
from porter.home import Home
from porter.pinned import fetch_pinned
from porter.platform import read_platform


@pytest.mark.parametrize(
    ("text", "platform", "shown"),
    [
        (None, "0.29", "pyodide"),
        ("pyodide", "314", "pyodide"),
        ("pyodide-kernel", "0.29", "pyodide-kernel 0.7.2"),
        ("pyodide-kernel", "314", "pyodide-kernel 0.8.6"),
        ("JupyterLite", "314", "pyodide-kernel 0.8.6"),
        ("jupyterlite_pyodide_kernel==0.7.2", "314", "pyodide-kernel 0.7.2"),
        ("pyodide-kernel 0.8.6", "0.29", "pyodide-kernel 0.8.6"),
    ],
)
def test_a_kernel_by_its_name(text: str | None, platform: str, shown: str) -> None:
    assert str(read_kernel(text, read_platform(platform))) == shown


@pytest.mark.parametrize("text", ["xeus-python", "pyodide-kernel 9.9", "pyodide 1", "=="])
def test_a_kernel_that_nobody_knows(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_kernel(text, read_platform())
    assert raised.value.advice


def test_what_a_kernel_puts_in_place_of_modules() -> None:
    kernel = read_kernel("pyodide-kernel", read_platform("314"))
    bare = read_kernel(None, read_platform("314"))
    for name in ("termios", "fcntl.flock", "resource", "tornado.web", "pexpect"):
        found = kernel.look_up(name)
        assert found is not None
        assert (found.state, found.origin) == (State.BROKEN, Origin.KERNEL)
        assert found.detail
        assert bare.look_up(name) is None
    piplite = kernel.look_up("piplite")
    assert piplite is not None
    assert (piplite.state, piplite.project) == (State.WORKS, None)
    # It brings this one, and does not install it when it starts.
    assert kernel.look_up("widgetsnbextension") is None


@pytest.mark.parametrize("platform", ["0.29", "314"])
def test_the_documentation_names_it(platform: str) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "report-catalogue.md"
    kernel = read_kernel("pyodide-kernel", read_platform(platform))
    (row,) = [line for line in page.read_text("utf-8").splitlines() if "| `pyodide-kernel`" in line]
    assert all(f"`{mock}`" in row for mock in kernel.mocks)
    assert kernel.version in row


@pytest.mark.journey
@pytest.mark.parametrize("platform", ["0.29", "314"])
def test_the_table_is_what_the_kernels_wheel_says(
    platform: str, home: Home, env: dict[str, str]
) -> None:
    kernel = read_kernel("pyodide-kernel", read_platform(platform))
    wheel = fetch_pinned(kernel.source, home=home, env=env)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        index = next(name for name in names if name.endswith("/static/pypi/all.json"))
        served = json.loads(archive.read(index))
        place = index.removesuffix("all.json")
        own = next(n for n in names if n.startswith(f"{place}pyodide_kernel-"))
        scripts = [archive.read(n).decode() for n in names if n.endswith(".js") and "/static/" in n]
        with archive.open(own) as inner, zipfile.ZipFile(inner) as package:
            mocks = package.read("pyodide_kernel/mocks.py").decode()
            metadata = package.read(f"pyodide_kernel-{kernel.version}.dist-info/METADATA").decode()
    assert {name: tuple(one["releases"]) for name, one in served.items()} == {
        name: one.versions for name, one in kernel.wheels.items()
    }
    listed = re.search(r"ALL_MOCKS = \[(.*?)\]", mocks, re.DOTALL)
    assert listed is not None
    assert re.findall(r"mock_(\w+)", listed[1]) == list(kernel.mocks)
    requires = re.findall(r"^Requires-Dist: (\S+)", metadata, re.MULTILINE)
    assert tuple(requires) == kernel.wheels["pyodide-kernel"].requires
    lists = [re.search(r'\[((?:"[\w-]+",)*"ipykernel"[^\]]*)\]', text) for text in scripts]
    started = [found[1] for found in lists if found is not None]
    assert started
    said = [name.strip('"').replace("_", "-") for name in started[0].split(",")]
    assert tuple(name.replace("_", "-") for name in said) == kernel.starts[2:]
