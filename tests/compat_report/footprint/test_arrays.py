from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.footprint.arrays import MEASURES, measure_array
from compat_report.footprint.size import OBJECT_LIMIT
from compat_report.model import NOT_CONSTANT, Location, Use

HERE = Location(path="a.ipynb", cell=0, line=1)


def use(name: str, *arguments: Any, called: bool = True, **keywords: Any) -> Use:
    return Use(
        name=name,
        location=HERE,
        called=called,
        arguments=arguments,
        keywords=tuple(keywords.items()),
    )


@pytest.mark.parametrize(
    ("made", "low"),
    [
        (use("numpy.zeros", (1000, 1000)), 8_000_000),
        (use("numpy.zeros", 1000, "int8"), 1000),
        (use("numpy.ones", shape=(10, 10), dtype="float32"), 400),
        (use("numpy.empty", (3, 0)), 0),
        (use("numpy.full", 1000, 1.5), 8000),
        (use("numpy.full", 1000, 7), 4000),
        (use("numpy.full", 1000, True), 1000),  # NumPy's own order
        (use("numpy.full", 1000, 7, "u8"), 8000),
        (use("numpy.eye", 100), 80_000),
        (use("numpy.eye", 100, 50), 40_000),
        (use("numpy.identity", 100, "f4"), 40_000),
        (use("numpy.arange", 1000), 4000),
        (use("numpy.arange", 0, 1, 0.001), 8000),
        (use("numpy.arange", 1000, 0, -1), 4000),
        (use("numpy.arange", 1000, 0), 0),
        (use("numpy.arange", stop=10), 40),
        (use("numpy.linspace", 0, 1), 400),
        (use("numpy.linspace", 0, 1, 1000), 8000),
        (use("numpy.random.rand", 10, 20), 1600),
        (use("numpy.random.default_rng.normal", size=(10, 20)), 1600),
        (use("numpy.random.normal", 0, 1, 100), 800),
        (use("numpy.random.Generator.random", 100, dtype="float32"), 400),
        (use("numpy.random.randint", 0, 5, 100), 400),
        (use("pandas.date_range", "2020", periods=1000), 8000),
        (use("sklearn.datasets.make_blobs", 1000), 16_000),
        (use("builtins.bytearray", 1000), 1000),
    ],
)
def test_what_is_told_is_counted(made: Use, low: int) -> None:
    sized = measure_array(made)
    assert sized is not None
    assert sized.low == low
    assert sized.low <= sized.high <= 3 * sized.low + sized.low // 3 + 1
    assert sized.whole


@pytest.mark.parametrize(
    "made",
    [
        use("numpy.zeros", NOT_CONSTANT),
        use("numpy.zeros", (3, NOT_CONSTANT)),
        use("numpy.zeros", (3, -1)),
        use("numpy.zeros", "3"),
        use("numpy.zeros"),
        use("numpy.zeros", 3, called=False),
        use("numpy.arange"),
        use("numpy.arange", 0, 1, 0),
        use("numpy.arange", float("nan")),
        use("numpy.random.rand"),
        use("numpy.random.normal"),
        use("builtins.bytes", "text", "utf-8"),
        use("builtins.bytes", True),  # a bool is no length
        use("pandas.read_csv", 3),
    ],
)
def test_what_is_not_told_is_not_guessed(made: Use) -> None:
    assert measure_array(made) is None


def test_a_type_that_is_not_told_widens_the_range() -> None:
    sized = measure_array(use("numpy.zeros", 1000, dtype=NOT_CONSTANT))
    assert sized is not None
    assert (sized.low, sized.high >= 8000, sized.trust < 1) == (1000, True, True)


@pytest.mark.parametrize(
    "side", [10**6, 10**12, 10**200, 10**400, float("inf")], ids=["6", "12", "200", "400", "inf"]
)
def test_no_shape_is_too_large_to_be_told(side: float) -> None:
    sized = measure_array(use("numpy.zeros", (side, side)))
    assert sized is not None
    assert OBJECT_LIMIT < sized.low <= sized.high


@given(
    st.sampled_from(sorted(MEASURES)),
    st.lists(
        st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.tuples(st.integers())),
        max_size=4,
    ),
)
def test_any_arguments_are_measured_or_not(name: str, arguments: list[object]) -> None:
    sized = measure_array(use(name, *arguments))
    assert sized is None or 0 <= sized.low <= sized.high
