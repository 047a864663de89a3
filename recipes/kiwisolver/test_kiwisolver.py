"""Systems of linear constraints, whose answers a pencil finds."""

import pytest
from kiwisolver import DuplicateConstraint, Solver, UnsatisfiableConstraint, Variable, strength


def test_boxes_beside_each_other():
    left, width, right = Variable("left"), Variable("width"), Variable("right")
    solver = Solver()
    for constraint in (left == 10, left + width == right, right <= 100, width >= 20):
        solver.addConstraint(constraint)
    solver.addConstraint((width == 1000) | "weak")
    solver.updateVariables()
    assert (left.value(), width.value(), right.value()) == (10, 90, 100)


def test_what_is_edited_moves_the_rest():
    x, y = Variable("x"), Variable("y")
    solver = Solver()
    solver.addConstraint(y == 2 * x + 1)
    solver.addEditVariable(x, strength.strong)
    for value in (3, -4.5):
        solver.suggestValue(x, value)
        solver.updateVariables()
        assert y.value() == pytest.approx(2 * value + 1)


def test_errors_are_exceptions_of_python():
    x = Variable("x")
    solver = Solver()
    least = x >= 10
    solver.addConstraint(least)
    with pytest.raises(DuplicateConstraint):
        solver.addConstraint(least)
    with pytest.raises(UnsatisfiableConstraint):
        solver.addConstraint(x <= 5)
    with pytest.raises(TypeError):
        x + "a"
