"""What is run of a notebook: its cells, without the lines that install."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.model import Cell, CellKind, Notebook
from compat_report.report import watched
from compat_report.syntax.facts import read_facts
from compat_report.truth.plan import Steps, plan_steps


def plan(*sources: str, tags: tuple[str, ...] = ()) -> Steps:
    cells = tuple(
        Cell(index=number, kind=CellKind.CODE, source=source, tags=tags)
        for number, source in enumerate(sources)
    )
    notebook = Notebook(path="n.ipynb", format="ipynb", sha256="", cells=cells)
    return plan_steps(read_facts(notebook, watch=watched()))


@pytest.mark.parametrize(
    ("source", "becomes"),
    [
        ("%pip install attrs", "__require__(['attrs'])"),
        ("!pip install -q 'attrs>=23' six", "__require__(['attrs>=23', 'six'])"),
        (
            "import sys\n!{sys.executable} -m pip install six\nx = 1",
            "import sys\n__require__(['six'])\nx = 1",
        ),
        ("if True:\n    %pip install six", "if True:\n    __require__(['six'])"),
        (
            "%pip install \\\n    six \\\n    attrs\nx = 2",
            "__require__(['six', 'attrs'])\n\n\nx = 2",
        ),
        ("%conda install -y numpy=2", "__require__(['numpy==2.*'])"),
    ],
)
def test_a_line_that_installs_becomes_a_call(source: str, becomes: str) -> None:
    steps = plan(source)
    assert steps.steps[0].source.rstrip("\n") == becomes
    assert steps.requires
    assert not steps.ipython
    ast.parse(steps.steps[0].source)


@pytest.mark.parametrize(
    "source",
    [
        "%time 1 + 1",
        "!ls",
        "files = !ls",
        "%%html\n<b>bold</b>",
        "%pip list",
        "%%time\n%pip install six",
        "display(1)",
        "get_ipython().system('ls')",
        "print(_)",
        "len?",
    ],
)
def test_what_speaks_ipython_is_run_by_it(source: str) -> None:
    assert plan("x = 1", source).ipython


@pytest.mark.parametrize(
    "source",
    ["x = 5 % 3", "print('%pip install six')", "# !ls", "for _name in range(3): pass", "await f()"],
)
def test_plain_python_is_not(source: str) -> None:
    assert not plan(source).ipython


def test_who_installs_in_a_cell_gets_micropip() -> None:
    assert plan("import micropip\nawait micropip.install('six')").micropip
    assert not plan("import six").micropip


def test_a_cell_that_may_raise_is_known_by_its_tag() -> None:
    assert plan("1 / 0", tags=("raises-exception",)).steps[0].may_raise
    assert not plan("1 / 0").steps[0].may_raise


def test_a_cell_that_cannot_be_read_is_run_as_it_is() -> None:
    assert plan("print 'Python 2'").steps[0].source == "print 'Python 2'"


def test_a_cell_of_marimo_s_does_not_return() -> None:
    cell = Cell(index=0, kind=CellKind.CODE, source="x = 1\ny = [\n    x\n]\nreturn (\n    x, y\n)")
    notebook = Notebook(path="app.py", format="marimo", sha256="", cells=(cell,))
    steps = plan_steps(read_facts(notebook, watch=watched()))
    assert steps.steps[0].source == "x = 1\ny = [\n    x\n]"


def test_only_code_is_run() -> None:
    cells = (
        Cell(index=0, kind=CellKind.MARKDOWN, source="%pip install six"),
        Cell(index=1, kind=CellKind.CODE, source="x = 1"),
        Cell(index=2, kind=CellKind.RAW, source="!ls"),
    )
    notebook = Notebook(path="n.ipynb", format="ipynb", sha256="", cells=cells)
    steps = plan_steps(read_facts(notebook, watch=watched()))
    assert [step.index for step in steps.steps] == [1]
    assert steps.as_plan() == {
        "cells": [{"index": 1, "source": "x = 1", "may_raise": False}],
        "ipython": False,
    }


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3))
def test_any_cell_has_a_step(sources: list[str]) -> None:
    assert len(plan(*sources).steps) == len(sources)
