from dataclasses import dataclass
from typing import Any

import pytest

from compat_report.model import NOT_CONSTANT, Guard
from compat_report.syntax.alike import alike
from compat_report.syntax.scope import OTHER, Constant, Made


@dataclass(frozen=True, slots=True)
class Pair:
    one: Any
    other: Any = None


def deep(levels: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(levels):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1),
        ("a", "a"),
        (float("nan"), float("nan")),
        (1j, 1j),
        ((1, ["a"]), (1, ["a"])),
        ({"a": Pair(1), "b": 2}, {"a": Pair(1), "b": 2}),
        ({1, 2}, {2, 1}),
        (Guard.NONE, Guard.NONE),
        (Constant(3), Constant(3)),
        (OTHER, OTHER),
        (NOT_CONSTANT, NOT_CONSTANT),
        (Made("threading.Thread"), Made("threading.Thread")),
    ],
)
def test_what_says_the_same(one: Any, other: Any) -> None:
    assert alike(one, other)
    assert alike(Pair((one,)), Pair((other,)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ("a", b"a"),
        ("a", Made("a")),
        ((1,), [1]),
        ((1,), (1, 2)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        (Constant(1), Constant(True)),
        (Constant(1), Constant(1, once=False)),
        (OTHER, NOT_CONSTANT),
        (Guard.NONE, Guard.LAZY),
        (object(), object()),
        (deep(9000), deep(9000)),
    ],
)
def test_what_does_not_or_cannot_be_told(one: Any, other: Any) -> None:
    assert not alike(one, other)
    assert not alike(Pair((one,)), Pair((other,)))
