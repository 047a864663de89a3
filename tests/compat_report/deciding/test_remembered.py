"""A notebook that is edited says what it would say if it were read from its beginning."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_report.deciding.remembered import MOST_NAMES, RememberedNotebook
from compat_report.model import Cell, CellKind, Notebook
from compat_report.report import watched
from compat_report.syntax.facts import read_facts

# Pairs that differ only in what `==` does not tell, names bound and used, and what cannot be read.
SOURCES = (
    "",
    " \n",
    "import numpy as np",
    "import math as np",
    "np.zeros((n, n))",
    "n = 1",
    "n = True",
    "n = 1.0",
    "n = 60_000",
    "import threading\n\ndef f():\n    threading.Thread(target=print).start()",
    "\nimport threading\n\ndef f():\n    threading.Thread(target=print).start()",
    "def f():\n    pass",
    "f()",
    "f(",
    "%pip install pandas",
    "%%writefile helper.py\nimport socket\nsocket.create_server(('', 1))",
    "%%writefile -a helper.py\nimport os\nos.fork()",
    "import helper",
    "from helper import *",
    "import beside",
    "%run beside.py",
    "%%bash\nls",
    "%time x(",
    "x = !ls",
    "s = 'a\\d'",
    "name = 'helper'\nimport importlib\nimportlib.import_module(name)",
)
cells = st.builds(
    lambda source, kind, identity: Cell(index=0, kind=kind, source=source, id=identity),
    st.sampled_from(SOURCES),
    st.sampled_from([CellKind.CODE] * 7 + [CellKind.MARKDOWN]),
    st.sampled_from([None, "a", "b"]),
)
edits = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "drop", "move", "swap"]), st.integers(0, 99), cells
    ),
    min_size=1,
    max_size=12,
)


def notebook(listed: Sequence[Cell], folder: Path | None = None) -> Notebook:
    numbered = tuple(replace(cell, index=index) for index, cell in enumerate(listed))
    name = str(folder) if folder is not None else None
    return Notebook(path="a.ipynb", format="", sha256="", cells=numbered, folder=name)


def sources(*texts: str) -> Notebook:
    return notebook([Cell(index=0, kind=CellKind.CODE, source=text) for text in texts])


def edit(listed: list[Cell], what: str, place: int, cell: Cell) -> None:
    at = place % (len(listed) + 1)
    if what == "add" or at == len(listed):
        listed.insert(at, cell)
    elif what == "change":
        listed[at] = cell
    elif what == "drop":
        del listed[at]
    elif what == "move":
        listed.insert(place // 10 % len(listed), listed.pop(at))
    else:
        listed.reverse()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("beside")
    (folder / "beside.py").write_text("import deeper\nimport multiprocessing\n")
    (folder / "deeper.py").write_text("import beside\nimport ssl\nlimit = 9\n")
    return folder


@settings(max_examples=150)
@given(start=st.lists(cells, max_size=6), changes=edits, beside=st.booleans())
def test_any_edits_end_where_reading_anew_does(
    folder: Path, start: list[Cell], changes: list[tuple[str, int, Cell]], *, beside: bool
) -> None:
    place = folder if beside else None
    known = notebook([], place)
    remembered = RememberedNotebook(known.path, known.folder, watched())
    listed = list(start)
    for what, at, cell in [("add", 0, listed.pop()) if listed else changes[0], *changes]:
        edit(listed, what, at, cell)
        asked = notebook(listed, place)
        assert remembered.read(asked) == read_facts(asked, watch=watched())


def count_read(remembered: RememberedNotebook, asked: Notebook) -> int:
    before = remembered.read_count
    assert remembered.read(asked) == read_facts(asked, watch=watched())
    return remembered.read_count - before


def test_only_what_changed_is_read() -> None:
    known = RememberedNotebook("a.ipynb", None, watched())
    asked = ["import numpy as np", "n = 3", "np.zeros(n)", "print(n)", "def f(): return n"]
    assert count_read(known, sources(*asked)) == 5
    assert count_read(known, sources(*asked)) == 0
    assert count_read(known, sources(*asked, "f()")) == 1
    asked[3] = "print(n, n)"
    assert count_read(known, sources(*asked, "f()")) == 1
    assert count_read(known, sources("print(1)", *asked, "f()")) == 1
    assert count_read(known, sources(*asked, "f()")) == 0
    assert count_read(known, sources(*asked)) == 0
    # What is bound to something else changes what cells below say.
    assert count_read(known, sources(asked[0], "n = 4", *asked[2:])) == 4


def test_files_that_change_are_read_again(tmp_path: Path) -> None:
    listed = [
        Cell(index=0, kind=CellKind.CODE, source="import beside"),
        Cell(index=0, kind=CellKind.CODE, source="%pip install -r needs.txt"),
    ]
    known = RememberedNotebook("a.ipynb", str(tmp_path), watched())
    asked = notebook(listed, tmp_path)
    assert count_read(known, asked) == 2
    (tmp_path / "beside.py").write_text("import socket")
    assert count_read(known, asked) == 2
    (tmp_path / "needs.txt").write_text("pandas")
    assert count_read(known, asked) == 2
    (tmp_path / "needs.txt").write_text("polars>=1")
    assert count_read(known, asked) == 2
    assert count_read(known, asked) == 0


def test_of_a_very_long_notebook_fewer_readers_are_kept() -> None:
    texts = [f"import pandas as name_{number}" for number in range(700)]
    known = RememberedNotebook("a.ipynb", None, watched())
    assert count_read(known, sources(*texts)) == 700
    assert known.names_kept <= MOST_NAMES
    assert count_read(known, sources(*texts, "print(1)")) == 1
    middle = [*texts[:300], "print(1)", *texts[301:]]
    assert 400 <= count_read(known, sources(*middle)) < 450


def test_another_language_is_not_read() -> None:
    known = RememberedNotebook("a.ipynb", None, watched())
    asked = replace(sources("library(dplyr)"), language="r")
    assert count_read(known, asked) == 0
    assert count_read(known, sources("import math")) == 1
