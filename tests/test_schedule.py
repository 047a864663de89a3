"""Which of many comes next: what most waits for, whatever fails in between."""

from graphlib import TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from porter.schedule import Schedule


def run(schedule: Schedule[int], failing: set[int]) -> tuple[list[int], dict[int, int]]:
    """The order in which all is taken, one at a time, and what is lost."""
    taken: list[int] = []
    lost: dict[int, int] = {}
    while (key := schedule.take()) is not None:
        taken.append(key)
        if key in failing:
            lost |= schedule.fail(key)
        else:
            schedule.finish(key)
    return taken, lost


def test_the_longest_way_comes_first() -> None:
    waits = {"a": (), "b": (), "c": ("b",), "d": ("c",)}
    even = Schedule(waits)
    assert (even.ready, even.left) == (2, ("a", "b", "c", "d"))
    assert (even.take(), even.take(), even.take()) == ("b", "a", None)
    even.finish("a")
    assert even.take() is None
    even.finish("b")
    assert (even.take(), even.left) == ("c", ("d",))
    slow = Schedule(waits, {"a": 100.0, "b": 1.0, "c": 1.0, "d": 1.0})
    assert slow.take() == "a"
    # What was never done is thought to be as slow as the middle one of the others.
    assert Schedule(waits, {"b": 10.0}).take() == "b"
    assert Schedule({"x": (), "y": ()}, {"x": 1.0, "y": 1.0}).take() == "x"


def test_a_failure_takes_only_its_users_with_it() -> None:
    schedule = Schedule({"lib": (), "app": ("lib", "zip"), "zip": (), "its": ("app",), "far": ()})
    taken = [schedule.take() for _ in range(3)]
    assert taken == ["lib", "zip", "far"]
    assert schedule.fail("lib") == {"app": "lib", "its": "app"}
    assert schedule.fail("zip") == {}, "nothing is lost twice"
    schedule.finish("far")
    assert (schedule.take(), schedule.left) == (None, ())


@given(
    st.lists(st.sets(st.integers(0, 19), max_size=4), max_size=20),
    st.sets(st.integers(0, 19), max_size=5),
    st.dictionaries(st.integers(0, 19), st.floats(0, 1e6)),
)
def test_each_is_taken_once_after_what_it_waits_for(
    below: list[set[int]], failing: set[int], seconds: dict[int, float]
) -> None:
    waits = {n: {other for other in some if other < n} for n, some in enumerate(below)}
    taken, lost = run(Schedule(waits, seconds), failing)
    assert sorted([*taken, *lost]) == sorted(waits)
    place = {key: number for number, key in enumerate(taken)}
    for key in taken:
        assert all(place[other] < place[key] and other not in failing for other in waits[key])
    doomed: set[int] = set()
    for key in TopologicalSorter(waits).static_order():
        if waits[key] & (failing | doomed):
            doomed.add(key)
    assert set(lost) == doomed
