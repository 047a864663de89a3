import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_server.web.ranges import parse_range


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=4-", (4, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=8-100", (8, 10)),
        ("bytes=0-0, 4-5", None),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("lines=0-3", None),
        ("", None),
    ],
)
def test_ranges(header: str, wanted: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == wanted


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=11-12", "bytes=-0"])
def test_a_range_without_bytes_is_refused(header: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # a message of our own
        parse_range(header, 10)


@given(st.text(max_size=40), st.integers(1, 1 << 40))
def test_a_part_is_within_the_file(header: str, size: int) -> None:
    try:
        part = parse_range(f"bytes={header}", size)
    except ValueError:
        return
    if part is not None:
        assert 0 <= part[0] < part[1] <= size
