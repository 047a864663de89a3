"""What events make of a run: results, deaths and their causes."""

import json

from porter.check.course import DEATHS, DEATHS_A_FILE, Course
from porter.check.model import TestResult


def tell(course: Course, **event: object) -> None:
    course.learn([json.dumps(event).encode()])


def run(course: Course, name: str) -> None:
    tell(course, kind="running", name=name, at=100.0)


def test_what_was_running_is_what_died() -> None:
    seen: list[TestResult] = []
    phases: list[str] = []
    course = Course(on_result=seen.append, on_phase=phases.append)
    course.begin()
    tell(course, kind="phase", text="loading")
    tell(course, kind="started")
    run(course, "a.py::t")
    tell(course, kind="output", text="a line")
    tell(course, kind="died", reason="unreachable")
    tell(course, kind="died", reason="the tab is gone")
    assert course.over
    assert course.bury("no answer", 102.5)
    assert [(r.name, r.outcome, r.seconds, r.reason) for r in seen] == [
        ("a.py::t", "failed", 2.5, "the runtime died: unreachable")
    ]
    assert phases == ["loading"]
    assert course.output == ["a line"]


def test_a_death_without_a_word() -> None:
    course = Course()
    course.begin()
    tell(course, kind="started")
    run(course, "a.py::t")
    assert not course.over
    assert course.bury("no answer after 5 s", 105.0)
    assert course.results[0].reason == "no answer after 5 s"


def test_a_start_that_fails_is_not_tried_again() -> None:
    course = Course()
    course.begin()
    assert not course.bury("the runtime died: it ended itself", 0.0)
    assert (course.results[0].name, course.results[0].outcome) == ("the runtime's start", "error")
    course.begin()
    tell(course, kind="started")
    assert not course.bury("", 0.0)
    assert course.results[1].name == "between two tests"


def test_a_file_that_kills_again_and_again_is_given_up() -> None:
    course = Course()
    for number in range(DEATHS_A_FILE):
        assert course.given_up == []
        course.begin()
        tell(course, kind="collected", names=["a.py::0", "a.py::1", "a.py::9", "b.py::t"])
        run(course, f"a.py::{number}")
        assert course.bury("dead", 0.0)
    assert course.given_up == ["a.py"]
    course.begin()
    tell(course, kind="result", name="b.py::t", outcome="passed", seconds=0.1, reason="")
    tell(course, kind="finished")
    course.add_unrun([])
    last = course.results[-1]
    assert (last.name, last.outcome) == ("a.py::9", "error")
    assert last.reason == "not run: the runtime died before it"


def test_there_is_an_end_to_dying() -> None:
    course = Course()
    for number in range(DEATHS):
        course.begin()
        run(course, f"{number}.py::t")
        more = course.bury("dead", 0.0)
        assert more == (number < DEATHS - 1)


def test_a_file_of_which_nothing_was_collected_stands_for_its_tests() -> None:
    course = Course()
    tell(course, kind="result", name="a.py::t", outcome="passed", seconds=0.1, reason="")
    course.add_unrun(["a.py", "b.py", "b.py"])
    assert [result.name for result in course.results] == ["a.py::t", "b.py"]
