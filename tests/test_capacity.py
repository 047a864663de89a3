import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.capacity import count_jobs, parse_available, parse_cpu_max, read_capacity

GIB = 1 << 30


@pytest.mark.parametrize(
    ("processors", "quota", "memory", "jobs"),
    [
        (8, None, None, 8),
        (64, 2.0, None, 2),
        (64, 0.5, None, 1),
        (64, 1.5, 64 * GIB, 2),
        (64, None, 5 * GIB, 5),
        (64, None, 100, 1),
        (2, 16.0, 64 * GIB, 2),
    ],
)
def test_the_least_bounds(
    processors: int, quota: float | None, memory: int | None, jobs: int
) -> None:
    assert count_jobs(processors, quota=quota, memory=memory) == jobs


def test_what_the_kernel_tells() -> None:
    assert parse_cpu_max("max 100000\n") is None
    assert parse_cpu_max("150000 100000\n") == 1.5
    assert parse_available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n") == 2 * 1024 * 1024
    assert 1 <= read_capacity() <= (os.cpu_count() or 1)


@given(st.text())
def test_any_text_tells_a_number_or_nothing(text: str) -> None:
    for told in (parse_cpu_max(text), parse_available(text)):
        assert told is None or told >= 0
