import pytest

from compat_report.footprint.size import format_size, item_size, parse_size, string_size


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        ("int", 4), ("int64", 8), ("np.float32", 4), ("float", 8), ("bool", 1), ("<f8", 8), ("|u1", 1),
        ("U10", 40), ("S10", 10), ("<M8[ns]", 8), ("datetime64[ns]", 8), ("complex128", 16), ("O", 4),
        ("category", 1), ("f", 4), ("q", 8), ("i4", 4), ("nonsense", None), (7, None), ("", None),
    ],
)  # fmt: skip
def test_types_have_the_sizes_of_the_runtime(dtype: object, size: int | None) -> None:
    assert item_size(dtype) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (7, 7), ("7", 7), ("500 MB", 500_000_000), ("500mb", 500_000_000), ("3 GiB", 3 << 30),
        ("1.5 GiB", 3 << 29), ("2k", 2000), ("2KiB", 2048), ("0", 0),
    ],
)  # fmt: skip
def test_sizes_are_read_as_people_write_them(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "much", "3 PB", "-1", -1, True, None, 1.5, "1e3", "3 GiB more", "5 i", "9" * 400]
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a number of bytes"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (312 << 20, "312 MiB")],
)
def test_sizes_are_written_as_people_read_them(size: int, text: str) -> None:
    assert format_size(size) == text


def test_strings_are_rounded_as_their_allocator_does() -> None:
    assert string_size(0) == 32
    assert string_size(100) == 128
    assert string_size(100, width=4) > 400
