"""Whole notebooks, and notebooks that grow by a cell."""

import warnings
from pathlib import Path

import pytest
from celling import WATCH, codes, facts_of, found, notebook_bytes, read, used
from hypothesis import given
from hypothesis import strategies as st

from compat_report.model import Cell, CellKind
from compat_report.syntax.facts import FactsReader, read_facts

LINES = [
    "import os, threading as t",
    "from threading import Thread as T",
    "N = 3",
    "x = !ls {N}",
    "%pip install a b",
    "%%time",
    "%time open(N)",
    "def f():",
    "    import a",
    "    T(N)",
    "class C(T):",
    "    def m(self): os.fork()",
    "f()",
    "C().m",
    "try:",
    "except ImportError:",
    "    pass",
    "if os.name == 'nt':",
    "else:",
    "'''",
    "from . import *",
    "é = open",
    ">>> open('x')",
    "\\",
    "with T() as x:",
    "",
]
CELL = st.lists(st.sampled_from(LINES), max_size=8).map("\n".join) | st.text(max_size=80)


@given(st.lists(CELL, max_size=4))
def test_any_cells_have_facts_at_places_inside_them(cells: list[str]) -> None:
    facts = facts_of(*cells)
    assert [cell.index for cell in facts.cells] == list(range(len(cells)))
    for cell, source in zip(facts.cells, cells, strict=True):
        lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        places = [
            *(one.location for one in cell.imports),
            *(one.location for one in cell.uses),
            *(one.location for one in cell.findings),
            *(one.location for one in cell.requirements),
        ]
        for place in places:
            assert place.cell == cell.index
            assert 0 <= place.line <= len(lines)
            assert 0 <= place.column <= (len(lines[place.line - 1]) if place.line else 0)


@given(st.lists(CELL, min_size=1, max_size=4), CELL)
def test_a_notebook_that_grows_has_the_same_facts(cells: list[str], other: str) -> None:
    """Cell by cell is as whole, and a copy knows nothing of what the first reads on."""
    reader = FactsReader(path="n.ipynb", folder=None, watch=WATCH)
    whole = facts_of(*cells)
    for number, source in enumerate(cells):
        cell = Cell(index=number, kind=CellKind.CODE, source=source)
        fork = reader.copy()
        fork.read_cell(Cell(index=number, kind=CellKind.CODE, source=other))
        assert reader.read_cell(cell) == whole.cells[number]


def test_only_code_has_facts() -> None:
    notebook = read(
        notebook_bytes(
            cells=[
                {"cell_type": "markdown", "source": "import a"},
                {"cell_type": "code", "source": "import b", "id": "x"},
                {"cell_type": "raw", "source": "import c"},
                {"cell_type": "code", "source": " \n"},
                {
                    "cell_type": "code",
                    "source": "let x = 1",
                    "metadata": {"vscode": {"languageId": "javascript"}},
                },
            ]
        )
    )
    facts = read_facts(notebook, watch=WATCH)
    assert [(cell.index, cell.id) for cell in facts.cells] == [(1, "x"), (3, None), (4, None)]
    assert [one.name for cell in facts.cells for one in cell.imports] == ["b"]
    assert codes(found(facts)) == ["other-language-cell"]


def test_cells_of_another_language_are_not_read() -> None:
    notebook = read(notebook_bytes("x <- 1", metadata={"kernelspec": {"name": "ir"}}))
    facts = read_facts(notebook, watch=WATCH)
    assert [(cell.index, cell.findings) for cell in facts.cells] == [(0, ())]


def test_a_cell_that_cannot_be_read_hides_no_other() -> None:
    facts = facts_of("import threading", "print 'x'", "threading.Thread()")
    assert codes(found(facts)) == ["unreadable-cell"]
    assert found(facts)[0].location.line == 1
    assert used(facts) == [("threading.Thread", "none")]


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 150 + ")" * 150,
        "x = 1" + " + 1" * 5000 + "\nopen('x')",
        "open" + ".a" * 5000,
        "if x:\n    pass\n" + "elif x:\n    open('y')\n" * 2000,
        "\n".join(" " * depth + "if x:" for depth in range(120)),
        "x = [" + "1, " * 100_000 + "]",
        "open('x')\n" * 5_000,
        "def f():\n    f()\n    g()\ndef g():\n    f()\nf()",
        "x = f'{open}' + '\\d'\n!ls\n" * 300,
    ],
)
def test_what_is_hard_to_read_is_read_or_told(source: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        facts = facts_of(source)
    assert facts.cells[0].uses or facts.cells[0].findings or "open" not in source


def test_long_chains_of_modules(tmp_path: Path) -> None:
    for number in range(400):
        (tmp_path / f"m{number}.py").write_text(f"import m{number + 1}\n")
    (tmp_path / "m400.py").write_text("import m0\nopen('x')")
    facts = facts_of("import m0", folder=tmp_path)
    assert used(facts) or codes(found(facts)) == ["unreadable-cell"]


def test_a_folder_that_changes_is_seen(tmp_path: Path) -> None:
    assert [one.name for one in facts_of("import a", folder=tmp_path).cells[0].imports] == ["a"]
    (tmp_path / "a.py").write_text("")
    assert facts_of("import a", folder=tmp_path).cells[0].imports == ()
