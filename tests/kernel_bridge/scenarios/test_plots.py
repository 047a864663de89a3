"""Plots in a browser's kernel, by the matplotlib that Porter builds."""

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from driving import WIDGET, Desk, write_notebook
from labs import Lab, serve_bridged

ROOT = Path(__file__).parents[3]
WHEELS = ROOT / "dist" / "bridge"
SAMPLES = ROOT / "demo" / "notebooks"
BROWSER = "porter-browser"
PURE = ("cycler", "fonttools", "packaging", "pyparsing", "python_dateutil", "six")
NEEDED = (*PURE, "contourpy", "kiwisolver", "matplotlib", "numpy", "pillow")
SHOWN = f"""index => {WIDGET}.content.widgets[index].node.querySelector('.jp-OutputArea-output img')
    ?.naturalWidth > 0"""


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose index has matplotlib and what that imports."""
    found = {name: sorted(WHEELS.glob(f"{name}-*.whl")) for name in NEEDED}
    lacking = [name for name, wheels in found.items() if not wheels]
    assert not lacking, f"{WHEELS} lacks {', '.join(lacking)}: make frames has them"
    wheels = [wheels[-1] for wheels in found.values()]
    with serve_bridged(tmp_path_factory.mktemp("studio"), *wheels) as lab:
        yield lab


def pictures(desk: Desk, index: int) -> list[tuple[int, int]]:
    """Width and height of each PNG that a cell shows, as its bytes say."""
    found = []
    for output in desk.outputs(index):
        if data := _png(output):
            assert data.startswith(b"\x89PNG\r\n\x1a\n")
            found.append(struct.unpack(">II", data[16:24]))
    return found


def _png(output: dict[str, Any]) -> bytes:
    text = output.get("data", {}).get("image/png", "")
    return base64.b64decode(text if isinstance(text, str) else "".join(text))


@pytest.mark.parametrize("first", ["%matplotlib inline", "import sys"])
def test_a_plot_is_shown(tidy: Desk, first: str) -> None:
    plot = r"""plt.figure(figsize=(4, 2), dpi=100)
plt.plot([1, 3, 2])
plt.title(r'Görlitz: $\sqrt{x}$')
plt.show()"""
    histogram = "fig, ax = plt.subplots()\nax.hist([1, 1, 2])\nprint('drawn')"
    cells = [first, "import matplotlib.pyplot as plt", plot, histogram]
    name = write_notebook(tidy.lab.folder, f"plot-{len(first)}.ipynb", cells, kernel=BROWSER)
    tidy.open(name)

    tidy.run_all()

    assert tidy.kernel == BROWSER
    assert tidy.text(1) == ""
    ((width, height),) = pictures(tidy, 2)
    # What is drawn, with little around it (savefig's bbox="tight").
    assert 300 < width < 450
    assert 150 < height < 250
    assert len(pictures(tidy, 3)) == 1, "a figure that nobody showed is shown after its cell"
    assert tidy.text(3).startswith("drawn")
    tidy.page.wait_for_function(SHOWN, arg=2)


def test_a_plot_is_a_file_of_the_server(tidy: Desk) -> None:
    cell = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('saved.png', dpi=50)"
    tidy.open(write_notebook(tidy.lab.folder, "saves.ipynb", [cell], kernel=BROWSER))

    tidy.run_all()

    saved = (tidy.lab.folder / "saved.png").read_bytes()
    assert struct.unpack(">II", saved[16:24]) == (320, 240)


def test_the_sample_notebook_plots_in_the_browser(tidy: Desk) -> None:
    for name in ("plots.ipynb", "measurements.csv"):
        copyfile(SAMPLES / name, tidy.lab.folder / name)
    cells = json.loads((SAMPLES / "plots.ipynb").read_text())["cells"]
    drawing = [index for index, cell in enumerate(cells) if "plt." in "".join(cell["source"])]

    tidy.double_click("plots.ipynb")
    tidy.run_all()

    assert tidy.kernel == BROWSER
    assert sum(len(pictures(tidy, index)) for index in drawing) >= 2
