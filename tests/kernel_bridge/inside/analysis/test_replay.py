"""Which cells are run again for names that could not be carried."""

import pytest

from kernel_bridge.inside.analysis.replay import Executed, Plan, plan_replay


def plan(lost: str, *cells: str) -> Plan:
    return plan_replay([Executed(source=cell) for cell in cells], lost.split())


def indexes(planned: Plan) -> list[int]:
    return [step.index for step in planned.steps]


@pytest.mark.parametrize(
    ("lost", "cells", "expected"),
    [
        ("g", ["x = 1", "g = (i for i in x)", "print(x)"], [1]),
        ("g", ["x = 1", "g = make(x)", "x = 2"], [0, 1]),
        ("g", ["x = []", "x.append(1)", "g = make(x)", "x.append(2)"], [0, 1, 2]),
        ("g", ["g = 1", "g = 2"], [1]),
        ("g", ["g = 1", "g = g + 1"], [0, 1]),
        ("g", ["g = 1", "if x: g = 2"], [0, 1]),
        ("f g", ["f = open('x')", "g = read(f)"], [0, 1]),
        ("f", ["f = open('x')", "g = read(f)"], [0]),
        ("g", ["def f(): return y", "y = 1", "g = f()", "y = 2"], [1, 2]),
        ("g", ["g = 1", "del g", "g = 2"], [2]),
        ("g", ["%time g = 3"], [0]),
        ("nobody", ["x = 1"], []),
    ],
)
def test_the_fewest_cells(lost: str, cells: list[str], expected: list[int]) -> None:
    assert indexes(plan(lost, *cells)) == expected


def test_what_is_overwritten_is_restored_again() -> None:
    planned = plan("g", "x = 1", "g = make(x)", "x = 2")
    assert planned.overwrites == ("x",)
    assert planned.unmade == ()


def test_names_that_no_cell_makes_are_told() -> None:
    assert plan("a b", "a = 1").unmade == ("b",)


def test_effects_are_told_before_anything_runs() -> None:
    cells = ["import requests", "def load(): return requests.get('u')", "g = load()"]
    told = plan("g", *cells).as_json()
    assert told["asks"]
    assert told["cells"][0]["index"] == 2
    assert told["cells"][0]["effects"] == [
        {"kind": "network", "line": 1, "what": "load → requests.get"}
    ]


def test_chance_alone_is_told_and_not_asked() -> None:
    told = plan("g", "import random\ng = iter([random.random()])").as_json()
    assert not told["asks"]
    assert told["cells"][0]["effects"] == []
    assert told["cells"][0]["chance"][0]["kind"] == "random"


def test_a_cell_that_failed_may_have_bound_nothing() -> None:
    cells = [Executed(source="g = 1"), Executed(source="g = 2\nfail()", ok=False)]
    assert indexes(plan_replay(cells, ["g"])) == [0, 1]


def test_cells_that_are_no_python_are_passed_over() -> None:
    assert indexes(plan("g", "x = (", "%%bash\nls", "g = 1")) == [2]
