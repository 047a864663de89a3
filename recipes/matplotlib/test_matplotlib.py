"""Figures to PNG, SVG and PDF, with text; what is on them is read back."""

import base64
import io
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager, mathtext
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation
from PIL import Image

RED, WHITE = (255, 0, 0), (255, 255, 255)


@pytest.fixture(autouse=True)
def fresh():
    """Settings and figures of one test are not the next one's."""
    with matplotlib.rc_context(), plt.style.context("default"):
        yield
    plt.close("all")


def pixels(figure: Figure, **options: object) -> np.ndarray:
    """What is drawn, as (row, column, red green blue)."""
    out = io.BytesIO()
    figure.savefig(out, format="png", **options)
    return np.asarray(Image.open(out).convert("RGB"))


def test_nothing_is_looked_for_to_show_figures_in():
    assert matplotlib.rcParamsDefault["backend"].lower() == "agg"


def test_lines_and_areas_are_where_they_belong():
    figure = Figure(figsize=(4, 3), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 4), ylim=(0, 3))
    axes.axis("off")
    axes.fill([1, 2, 2, 1], [1, 1, 2, 2], color="red", lw=0)
    axes.plot([0, 4], [0.5, 0.5], color="blue", lw=4)
    found = pixels(figure)
    assert found.shape == (300, 400, 3)
    assert tuple(found[150, 150]) == RED
    assert tuple(found[20, 20]) == WHITE
    assert tuple(found[250, 390]) == (0, 0, 255)
    assert abs((found == RED).all(axis=2).sum() - 100 * 100) < 250


def test_an_array_is_shown_as_it_is():
    values = np.arange(12).reshape(3, 4)
    figure = Figure(figsize=(4, 3), dpi=10)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.imshow(values, cmap="gray", interpolation="nearest", aspect="auto")
    found = pixels(figure)[5::10, 5::10, 0]
    np.testing.assert_allclose(found, values * 255 / 11, atol=1)


def test_the_fonts_that_come_along_are_known():
    for family in ("DejaVu Sans", "DejaVu Sans Mono", "STIXGeneral", "cmr10"):
        path = Path(font_manager.findfont(family, fallback_to_default=False))
        assert path.is_relative_to(matplotlib.get_data_path())
        assert font_manager.get_font(path).family_name == family
    with pytest.raises(ValueError, match="Failed to find font"):
        font_manager.findfont("No Such Font", fallback_to_default=False)


@pytest.mark.filterwarnings("error")
def test_text_is_drawn():
    figure = Figure(figsize=(4, 1), dpi=100)
    figure.text(0.5, 0.5, "Görlitz – 20 °C", ha="center", va="center", size=20)
    dark = (pixels(figure) < 128).all(axis=2)
    rows, columns = np.nonzero(dark)
    assert 15 < np.ptp(rows) < 40
    assert 150 < np.ptp(columns) < 300
    assert abs((columns.min() + columns.max()) / 2 - 200) < 5


def test_formulas_are_drawn():
    parse = mathtext.MathTextParser("agg").parse
    plain, stacked = (parse(text, dpi=100) for text in ("$a+b$", r"$\frac{\sqrt{a^2}}{\sum_i b_i}$"))
    assert np.asarray(plain.image).any()
    assert stacked.height > 2 * plain.height
    figure = Figure()
    figure.text(0.1, 0.5, r"$\nosuchsymbol$")
    with pytest.raises(ValueError, match="nosuchsymbol"):
        pixels(figure)


def test_svg_holds_text_and_paths():
    matplotlib.rcParams["svg.fonttype"] = "none"
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], gid="the-line")
    axes.set(title="A < B", xlabel=r"$\alpha$")
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    root = ET.fromstring(out.getvalue())
    texts = {"".join(node.itertext()).strip() for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert "A < B" in texts
    assert any("α" in text for text in texts)
    line = next(node for node in root.iter() if node.get("id") == "the-line")
    assert line.find("{http://www.w3.org/2000/svg}path").get("d").startswith("M")


@pytest.mark.parametrize(
    ("kind", "magic"),
    [("png", b"\x89PNG"), ("jpg", b"\xff\xd8\xff"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("eps", b"%!PS")],
)
def test_files(kind, magic, tmp_path):
    plt.plot([1, 2, 3])
    plt.title(r"$x^2$ in a file")
    plt.savefig(tmp_path / f"figure.{kind}")
    held = (tmp_path / f"figure.{kind}").read_bytes()
    assert held.startswith(magic)
    if kind == "pdf":
        assert re.search(rb"/BaseFont /[\w+]*DejaVuSans", held)


def test_contours_and_triangles():
    x, y = np.meshgrid(np.linspace(-1, 1, 30), np.linspace(-1, 1, 30))
    axes = Figure().subplots()
    contours = axes.contour(x, y, np.hypot(x, y), levels=[0.5])
    (path,) = contours.get_paths()
    np.testing.assert_allclose(np.hypot(*path.vertices.T), 0.5, atol=2e-3)
    triangles = Triangulation(x.ravel(), y.ravel())
    assert len(triangles.triangles) == 2 * 29 * 29, "Delaunay's, by Qhull"
    filled = axes.tricontourf(triangles, (x + y).ravel(), levels=[-1, 0, 1])
    assert len(filled.get_paths()) == 2


def test_three_dimensions_dates_and_styles():
    with plt.style.context("ggplot"):
        figure = plt.figure(layout="constrained")
        solid = figure.add_subplot(1, 2, 1, projection="3d")
        solid.plot_surface(*np.meshgrid([0, 1, 2], [0, 1, 2]), np.eye(3))
        days = np.arange("2024-02-27", "2024-03-02", dtype="datetime64[D]")
        flat = figure.add_subplot(1, 2, 2)
        flat.plot(days, [1, 2, 3, 4], label="a")
        flat.legend()
        figure.autofmt_xdate()
        assert len(np.unique(pixels(figure).reshape(-1, 3), axis=0)) > 50
        assert any("02-29" in label.get_text() or "29" in label.get_text() for label in flat.get_xticklabels())


@pytest.mark.skipif(sys.platform != "emscripten", reason="a notebook's kernel in a browser")
def test_figures_of_a_notebook():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            assert gui is None

    shell = Shell.instance()
    # What a kernel has switched on already.
    shell.display_formatter.active_types = shell.display_formatter.format_types
    with capture_output() as captured:
        for cell in (
            "%matplotlib inline",
            "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.title('inline')\nplt.show()",
        ):
            shell.run_cell(cell).raise_error()
    (shown,) = captured.outputs
    picture = Image.open(io.BytesIO(base64.b64decode(shown.data["image/png"])))
    assert picture.size > (200, 200)
    assert plt.get_fignums() == []


@pytest.mark.skipif(sys.platform != "emscripten", reason="this machine may have fonts of its own")
def test_the_list_of_fonts_is_at_hand():
    """What recipes/matplotlib/fontlist.json has is what a first import would have to find."""
    name = f"fontlist-v{font_manager.FontManager.__version__}.json"
    shipped = font_manager.json_load(Path(matplotlib.get_data_path(), "fonts", name))
    found = font_manager.FontManager()
    for kind in ("ttflist", "afmlist"):
        ours, theirs = (sorted(map(repr, getattr(held, kind))) for held in (shipped, found))
        assert ours == theirs
    assert len(shipped.ttflist) > 30
    assert not Path(matplotlib.get_cachedir(), name).exists()
