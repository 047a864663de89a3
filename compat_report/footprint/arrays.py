"""Arrays that a call makes, by the shape and the type it is given."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from compat_report.footprint.size import Sized, item_size
from compat_report.model import NOT_CONSTANT, Use

type Measure = Callable[[Use], tuple[float, int, int] | None]
"""Items, and bytes of one at least and at most."""

# What NumPy takes beside the result: a block for its generators, and rounding.
SLACK = 2 << 20
MOST_ITEMS = 2.0**58
GENERATORS = (
    "numpy.random",
    "numpy.random.default_rng",
    "numpy.random.Generator",
    "numpy.random.RandomState",
)
# Where `size` stands among the arguments of a distribution.
DISTRIBUTIONS = {
    "random": 0,
    "random_sample": 0,
    "ranf": 0,
    "sample": 0,
    "standard_normal": 0,
    "standard_exponential": 0,
    "standard_cauchy": 0,
    "exponential": 1,
    "poisson": 1,
    "geometric": 1,
    "chisquare": 1,
    "rayleigh": 1,
    "pareto": 1,
    "power": 1,
    "weibull": 1,
    "zipf": 1,
    "logseries": 1,
    "standard_gamma": 1,
    "standard_t": 1,
    "normal": 2,
    "uniform": 2,
    "lognormal": 2,
    "gamma": 2,
    "beta": 2,
    "binomial": 2,
    "laplace": 2,
    "logistic": 2,
    "gumbel": 2,
    "vonmises": 2,
    "wald": 2,
    "negative_binomial": 2,
    "triangular": 3,
    "hypergeometric": 3,
}
WHOLE_NUMBERS = frozenset(
    {"poisson", "geometric", "zipf", "logseries", "binomial", "negative_binomial", "hypergeometric"}
)


def measure_array(use: Use) -> Sized | None:
    """What a call makes; None where it is not one of these, or its shape is not told."""
    measure = MEASURES.get(use.name)
    measured = measure(use) if measure is not None and use.called else None
    if measured is None:
        return None
    items, least, most = measured
    items = min(items, MOST_ITEMS)
    low, high = int(items * least), int(items * most)
    name = use.name.removeprefix("builtins.")
    return Sized(
        what=f"{name} makes {_count(items)} items",
        low=low,
        high=high + min(high // 10, SLACK),
        trust=1.0 if least == most else 0.8,
        whole=True,
    )


def items_of(shape: Any) -> float | None:
    """How many items an array of a shape has: a whole number, or a tuple of such."""
    sides = shape if isinstance(shape, tuple | list) else (shape,)
    if not all(_is_number(side) and side >= 0 for side in sides):
        return None
    try:
        return float(math.prod(int(side) for side in sides))
    except OverflowError:
        return math.inf if all(sides) else 0.0


def _typed(use: Use, position: int, default: int) -> tuple[int, int]:
    """Bytes of one item: those of the dtype, or from 1 to 8 where it cannot be told."""
    dtype = use.argument(position, "dtype")
    if dtype is None:
        return default, default
    size = item_size(dtype)
    return (1, 8) if size is None else (size, size)


def _filled(default: int = 8, *, dtype: int = 1) -> Measure:
    def measure(use: Use) -> tuple[float, int, int] | None:
        items = items_of(use.argument(0, "shape", NOT_CONSTANT))
        return None if items is None else (items, *_typed(use, dtype, default))

    return measure


def _full(use: Use) -> tuple[float, int, int] | None:
    items = items_of(use.argument(0, "shape", NOT_CONSTANT))
    value = use.argument(1, "fill_value", NOT_CONSTANT)
    if items is None:
        return None
    if use.argument(2, "dtype") is None and value is NOT_CONSTANT:
        return items, 1, 8
    whole = isinstance(value, int) and not isinstance(value, bool)
    return items, *_typed(use, 2, 1 if isinstance(value, bool) else 4 if whole else 8)


def _eye(use: Use) -> tuple[float, int, int] | None:
    rows = use.argument(0, "N", use.argument(0, "n", NOT_CONSTANT))
    columns = use.argument(1, "M", rows) if use.name == "numpy.eye" else rows
    items = items_of((rows, rows if columns is None else columns))
    place = 3 if use.name == "numpy.eye" else 1
    return None if items is None else (items, *_typed(use, place, 8))


def _arange(use: Use) -> tuple[float, int, int] | None:
    given = [use.argument(i, name) for i, name in enumerate(("start", "stop", "step"))]
    numbers = [value for value in given if value is not None]
    if not numbers or not all(_is_number(value) for value in numbers):
        return None
    start, stop = (0, numbers[0]) if given[1] is None else (given[0] or 0, given[1])
    step = 1 if given[2] is None else given[2]
    if not step:
        return None
    items = max(0.0, math.ceil((stop - start) / step)) if math.isfinite(stop - start) else math.inf
    default = 8 if any(isinstance(value, float) for value in numbers) else 4
    return float(items), *_typed(use, 3, default)


def _spaced(most: int) -> Measure:
    """Of linspace and the like, which may make one more array on the way."""

    def measure(use: Use) -> tuple[float, int, int] | None:
        items = items_of(use.argument(2, "num", 50))
        if items is None:
            return None
        least, width = _typed(use, 5, 8)
        return items, least, max(width, most)

    return measure


def _sides(use: Use) -> tuple[float, int, int] | None:
    """Of rand and randn: each argument is a side."""
    items = items_of(use.arguments) if use.arguments else None
    return None if items is None else (items, 8, 8)


def _drawn(position: int, least: int, most: int) -> Measure:
    def measure(use: Use) -> tuple[float, int, int] | None:
        items = items_of(use.argument(position, "size", NOT_CONSTANT))
        return None if items is None else (items, *_narrow(use, least, most))

    return measure


def _narrow(use: Use, least: int, most: int) -> tuple[int, int]:
    size = item_size(use.argument(-1, "dtype"))
    return (least, most) if size is None else (size, size)


def _rows_and_columns(columns: int) -> Measure:
    """Of sklearn's makers of samples, which shuffle what they made."""

    def measure(use: Use) -> tuple[float, int, int] | None:
        items = items_of(
            (use.argument(0, "n_samples", 100), use.argument(1, "n_features", columns))
        )
        return None if items is None else (items, 8, 24)

    return measure


def _periods(use: Use) -> tuple[float, int, int] | None:
    items = items_of(use.argument(2, "periods", NOT_CONSTANT))
    return None if items is None else (items, 8, 24)


def _bytes(use: Use) -> tuple[float, int, int] | None:
    count = use.argument(0)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return None
    return float(count), 1, 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124 # not a NaN


def _count(items: float) -> str:
    return "endless" if items >= MOST_ITEMS else f"{int(items):,}"


MEASURES: Mapping[str, Measure] = {
    "numpy.zeros": _filled(),
    "numpy.ones": _filled(),
    "numpy.empty": _filled(),
    "numpy.full": _full,
    "numpy.eye": _eye,
    "numpy.identity": _eye,
    "numpy.arange": _arange,
    "numpy.linspace": _spaced(8),
    "numpy.logspace": _spaced(16),
    "numpy.geomspace": _spaced(24),
    "numpy.random.rand": _sides,
    "numpy.random.randn": _sides,
    **{
        f"{maker}.{name}": _drawn(place, 4 if name in WHOLE_NUMBERS else 8, 8)
        for maker in GENERATORS
        for name, place in DISTRIBUTIONS.items()
    },
    **{
        f"{maker}.{name}": _drawn(place, 4, 8)
        for maker in GENERATORS
        for name, place in (("randint", 2), ("integers", 2), ("choice", 1))
    },
    "pandas.date_range": _periods,
    "sklearn.datasets.make_classification": _rows_and_columns(20),
    "sklearn.datasets.make_regression": _rows_and_columns(100),
    "sklearn.datasets.make_blobs": _rows_and_columns(2),
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
}
