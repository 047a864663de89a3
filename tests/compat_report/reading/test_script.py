"""Notebooks of text: cells, and the lines they begin at."""

import subprocess
import sys

import pytest
from celling import codes, read

from compat_report.model import CellKind, Notebook
from compat_report.reading.script import decode_script

PERCENT = """\
# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A title

# %% tags=["first"]
# %matplotlib inline
# !ls
x = 1

# %%
# a comment
def f():
    pass

# %%
x = 1
"""
LIGHT = "# A *text*\n\nimport os\nx = 1\n\ny = 2\n# +\nz = 3\n\nq = 4\n# -\n"
MARKDOWN = """\
---
jupyter:
  kernelspec:
    name: python3
---
# A title

```python tags=["x"]
import os
```

```bash
ls
```
"""
MYST = "# A title\n\n```{code-cell} ipython3\n:tags: [a]\nimport os\n```\n"
RMARKDOWN = "# A title\n\n```{python echo=TRUE}\nimport os\n```\n"
MARIMO = '''\
import marimo

app = marimo.App(width="medium")

with app.setup:
    # before all
    import math


@app.cell
def _(mo, pd):
    # the data
    df = pd.read_csv("a.csv")
    text = """
    kept
    """
    return (df,)


@app.cell(hide_code=True)
async def named(df):
    await df
    return


@app.function
def double(x):
    return x * 2


@app.cell
def _():
    import marimo as mo
    import pandas as pd
    return mo, pd


if __name__ == "__main__":
    app.run()
'''


def code(notebook: Notebook) -> list[tuple[str, int]]:
    return [(c.source, c.line) for c in notebook.cells if c.kind is CellKind.CODE]


def test_percent() -> None:
    notebook = read(PERCENT.encode(), "a.py")
    assert notebook.format == "jupytext percent"
    assert notebook.kernel == "python3"
    assert notebook.cells[0].kind is CellKind.MARKDOWN
    assert notebook.cells[1].tags == ("first",)
    assert code(notebook) == [
        ("%matplotlib inline\n!ls\nx = 1", 15),
        ("# a comment\ndef f():\n    pass", 20),
        ("x = 1", 25),
    ]


def test_light() -> None:
    notebook = read(LIGHT.encode(), "a.py")
    assert code(notebook) == [("import os\nx = 1", 3), ("y = 2", 6), ("z = 3\n\nq = 4", 8)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.md", MARKDOWN, [("import os", 9), ("%%bash\nls", 13)]),
        ("a.md", MYST, [("import os", 5)]),
        ("a.Rmd", RMARKDOWN, [("import os", 4)]),
    ],
)
def test_markdown(name: str, text: str, expected: list[tuple[str, int]]) -> None:
    notebook = read(text.encode(), name)
    assert [source for source, _ in code(notebook)] == [source for source, _ in expected]
    assert code(notebook)[0] == expected[0]


def test_a_plain_script_is_one_cell_and_needs_no_jupytext() -> None:
    notebook = read(b"import os\nx = 1\n", "a.py")
    assert code(notebook) == [("import os\nx = 1\n", 1)]
    script = (
        "import sys; from compat_report.reading.read import parse_notebook\n"
        "parse_notebook(b'x = 1', name='a.py', folder=None)\n"
        "parse_notebook(b'{\"cells\": []}', name='a.ipynb', folder=None)\n"
        "print({'jupytext', 'nbformat', 'IPython'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert told.stdout == b"set()\n"


@pytest.mark.parametrize(
    ("data", "source", "finding"),
    [
        (b"# coding: latin-1\nx = '\xe9'\n", "# coding: latin-1\nx = 'é'\n", []),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n", []),
        (b"x = '\xe9'\n", "x = 'é'\n", ["wrong-encoding"]),
        ("x = 'é'\n".encode("utf-16"), "x = 'é'\n", ["wrong-encoding"]),
        (b"# coding: nonsense\nx = 1\n", "# coding: nonsense\nx = 1\n", ["wrong-encoding"]),
        (b"x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n", []),
    ],
)
def test_encodings(data: bytes, source: str, finding: list[str]) -> None:
    notebook = read(data, "a.py")
    assert [cell.source for cell in notebook.cells] == [source]
    assert codes(notebook.findings) == finding


def test_an_empty_file_is_a_finding() -> None:
    for data in (b"", b"\n \n", b"\xef\xbb\xbf"):
        assert codes(read(data, "a.py").findings) == ["unreadable-notebook"]


def test_encoding_of_a_script() -> None:
    assert decode_script(b"# coding: latin-1\n\xe9")[0] == "# coding: latin-1\né"


def test_a_header_that_is_wrong_loses_no_cell() -> None:
    text = "# ---\n# jupyter:\n#   kernelspec: [3\n# ---\n\n# %%\nx = 1\n"
    assert code(read(text.encode(), "a.py"))[-1] == ("x = 1", 7)


def test_marimo_cells_come_in_the_order_of_their_names() -> None:
    notebook = read(MARIMO.encode(), "a.py")
    assert notebook.format == "marimo"
    assert code(notebook) == [
        ("# before all\nimport math\n", 6),
        ("def double(x):\n    return x * 2\n", 27),
        ("import marimo as mo\nimport pandas as pd\nreturn mo, pd\n", 33),
        (
            '# the data\ndf = pd.read_csv("a.csv")\ntext = """\nkept\n"""\nreturn (df,)\n',
            12,
        ),
        ("await df\nreturn\n", 22),
    ]


@pytest.mark.parametrize("text", ["import marimo\nx = 1\n", "import marimo\napp = marimo.App(\n"])
def test_what_is_no_app_is_a_script(text: str) -> None:
    assert read(text.encode(), "a.py").format == "python"
