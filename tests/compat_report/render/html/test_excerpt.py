"""What is shown of a long cell, and what is counted instead."""

from hypothesis import given, settings
from hypothesis import strategies as st

from compat_report.render.html.excerpt import AROUND, HEAD, MOST, WHOLE, WIDTH, Segment, cut_source


def test_a_short_cell_is_whole_with_each_finding_below_its_line() -> None:
    first, second = cut_source("a\nb\nc", {2: ["found"]})
    assert [(line.number, line.text) for line in first.lines] == [(1, "a"), (2, "b")]
    assert first.findings == ("found",)
    assert [line.number for line in second.lines] == [3]
    assert (second.findings, second.left_out) == ((), 0)


def test_a_long_cell_keeps_its_head_and_what_is_around_a_finding() -> None:
    source = "\n".join(f"line {number}" for number in range(1, 1001))
    head, found, after, tail = cut_source(source, {500: ["found"]})
    assert (head.lines[0].number, head.lines[-1].number) == (1, HEAD)
    assert found.left_out == 500 - AROUND - HEAD - 1
    assert found.lines[-1].text == "line 500"
    assert found.findings == ("found",)
    assert after.lines[-1].number == 500 + AROUND
    assert (tail.lines, tail.left_out) == ((), 1000 - 500 - AROUND)


def test_five_megabytes_come_to_little() -> None:
    for source in ("x" * 5_000_000, "x = 1\n" * 900_000, "\n" * 5_000_000):
        shown = cut_source(source, {1: ["found"]})
        assert sum(len(line.text) for part in shown for line in part.lines) < 20_000


def test_what_cannot_be_seen_is_written_out() -> None:
    part: Segment[str]
    [part] = cut_source("a\x1b[2J\u202eb\r", {})
    assert part.lines[0].text == "a\\x1b[2J\\u202eb\\x0d"


@settings(max_examples=100)
@given(st.integers(1, 400), st.sets(st.integers(1, 400), max_size=6))
def test_each_line_is_shown_or_counted_and_no_finding_is_lost(count: int, at: set[int]) -> None:
    found = {line: [line] for line in at if line <= count}
    parts = cut_source("\n".join("x" * (number % 3) for number in range(count)), found)
    numbers = [line.number for part in parts for line in part.lines]
    assert numbers == sorted(set(numbers))
    assert len(numbers) + sum(part.left_out for part in parts) == count
    assert [f for part in parts for f in part.findings] == sorted(found)
    for part in parts:
        assert not part.findings or part.lines[-1].number == part.findings[0]
    assert count > WHOLE or len(numbers) == count


def test_a_line_is_cut() -> None:
    part: Segment[str]
    [part] = cut_source("y" * (WIDTH + 1), {})
    assert part.lines[0].text == "y" * WIDTH + "…"


def test_of_very_many_findings_the_first_are_shown() -> None:
    many = {line: [line] for line in range(200, 200 + 20 * MOST, 10)}
    shown = cut_source("\n" * 2000, many)
    assert sum(len(part.findings) for part in shown) == MOST
