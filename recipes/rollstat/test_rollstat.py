import copy
import inspect
import math
import statistics
import sys
from array import array
from random import Random

import pytest

import rollstat

NAN = math.nan
INF = math.inf

FUNCTIONS = [getattr(rollstat, name) for name in rollstat.__all__]


def mean(values):
    return math.fsum(values) / len(values)


def var(values, ddof=1):
    if len(values) <= ddof:
        return NAN
    return statistics.pvariance(values) * len(values) / (len(values) - ddof)


ORACLES = [
    (rollstat.rolling_mean, mean),
    (rollstat.rolling_var, var),
    (rollstat.rolling_min, min),
    (rollstat.rolling_max, max),
    (rollstat.rolling_median, statistics.median),
]


def expected(reduce, values, window, min_periods=None):
    needed = max(1, window if min_periods is None else min_periods)
    result = []
    for end in range(1, len(values) + 1):
        present = [v for v in values[max(0, end - window) : end] if v == v]
        result.append(reduce(present) if len(present) >= needed else NAN)
    return result


def series(kind, length, seed):
    rng = Random(seed)
    draw = {
        "smooth": lambda: rng.gauss(100, 15),
        "ties": lambda: float(rng.randrange(5)),
        "gaps": lambda: NAN if rng.random() < 0.4 else rng.uniform(-1, 1),
        "missing": lambda: NAN,
        "offset": lambda: 1e9 + rng.random(),
    }[kind]
    return array("d", [draw() for _ in range(length)])


def same(result, wanted, rel=1e-12):
    assert type(result) is array and result.typecode == "d"
    assert list(result) == pytest.approx(wanted, rel=rel, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("kind", ["smooth", "ties", "gaps", "missing", "offset"])
@pytest.mark.parametrize(("function", "reduce"), ORACLES)
def test_agrees_with_brute_force(function, reduce, kind):
    # The variance of values far from zero is only as good as their rounding.
    rel = 1e-6 if kind == "offset" else 1e-12
    for seed, (length, window, min_periods) in enumerate(
        [(1, 1, None), (40, 1, None), (40, 2, 1), (41, 7, 3), (60, 20, None)]
        + [(30, 30, 5), (30, 100, 0), (30, 100, None), (64, 16, 0)]
    ):
        values = series(kind, length, seed)
        wanted = expected(reduce, values, window, min_periods)
        same(function(values, window, min_periods), wanted, rel)


@pytest.mark.parametrize("ddof", [0, 1, 2, 5, 10**30])
def test_var_ddof(ddof):
    values = series("gaps", 50, 1)
    wanted = expected(lambda present: var(present, ddof), values, 4, 1)
    same(rollstat.rolling_var(values, 4, 1, ddof=ddof), wanted)


def test_a_huge_value_leaves_no_trace():
    values = array("d", [1e300, 0.1, 0.2, 0.3, 0.4, 0.5])
    same(rollstat.rolling_mean(values, 2)[2:], [0.15, 0.25, 0.35, 0.45])
    same(rollstat.rolling_var(values, 2)[2:], [0.005] * 4)


def test_mean_recovers_what_rounding_took():
    assert rollstat.rolling_mean(array("d", [1e16, 1.0, 1.0, -1e16]), 4)[3] == 0.5


def test_constant_values_have_no_variance():
    assert list(rollstat.rolling_var(array("d", [0.1] * 40), 7))[6:] == [0.0] * 34


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (rollstat.rolling_mean, [NAN, INF, NAN, -INF, INF, INF, 2.0]),
        (rollstat.rolling_var, [NAN, NAN, NAN, NAN, NAN, NAN, 2.0]),
        (rollstat.rolling_min, [NAN, 1.0, -INF, -INF, 3.0, 3.0, 1.0]),
        (rollstat.rolling_max, [NAN, INF, INF, 3.0, INF, INF, 3.0]),
        (rollstat.rolling_median, [NAN, INF, NAN, -INF, INF, INF, 2.0]),
    ],
)
def test_infinities_stay_in_their_windows(function, wanted):
    values = array("d", [1.0, INF, -INF, 3.0, INF, 3.0, 1.0])
    assert list(function(values, 2)) == pytest.approx(wanted, nan_ok=True)


def test_equal_infinities():
    values = array("d", [INF, INF])
    assert list(rollstat.rolling_mean(values, 2, 1)) == [INF, INF]
    assert list(rollstat.rolling_median(values, 2, 1)) == [INF, INF]


def test_median_of_extremes():
    big, tiny = sys.float_info.max, 5e-324
    assert rollstat.rolling_median(array("d", [big, big]), 2)[1] == big
    assert rollstat.rolling_median(array("d", [tiny, tiny]), 2)[1] == tiny


@pytest.mark.parametrize("function", FUNCTIONS)
def test_buffers(function):
    values = array("d", [3.0, 1.0, 2.0, NAN, 5.0])
    raw = b"\0" + values.tobytes()
    wanted = pytest.approx(list(function(values, 2, 1)), nan_ok=True)
    assert list(function(memoryview(values), 2, 1)) == wanted
    assert list(function(memoryview(values).toreadonly(), 2, 1)) == wanted
    unaligned = memoryview(raw)[1:].cast("d")
    assert list(function(unaligned, 2, 1)) == wanted


@pytest.mark.parametrize("function", FUNCTIONS)
def test_empty(function):
    assert function(array("d"), 3) == array("d")
    assert function(array("d"), 10**30, 0) == array("d")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_results_are_independent(function):
    values = array("d", [1.0, 2.0, 4.0])
    first = function(values, 2, 1)
    before = copy.copy(first)
    function(values, 2, 1)[0] = 77.0
    values.append(5.0)
    first.append(6.0)
    assert first[1:3] == before[1:]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_window_beyond_the_pointer_size(function):
    values = array("d", [1.0, 2.0, 4.0])
    assert all(math.isnan(v) for v in function(values, 2**80))
    wanted = pytest.approx(list(function(values, 3, 1)), nan_ok=True)
    assert list(function(values, 2**80, 1)) == wanted


DATA = array("d", range(6))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0, 2.0], 2), TypeError, "float64 buffer such as .* not 'list'"),
        ((None, 2), TypeError, "not 'NoneType'"),
        ((b"12345678", 2), TypeError, "not format 'B'"),
        ((array("f", [1.0]), 2), TypeError, "not format 'f'"),
        ((array("q", [1]), 2), TypeError, "not format 'q'"),
        ((memoryview(bytes(32)).cast("d")[::2], 2), BufferError, "contiguous"),
        ((memoryview(bytes(48)).cast("d", (2, 3)), 2), ValueError, "1 dimension, not 2"),
        ((memoryview(bytes(8)).cast("d", ()), 1), ValueError, "1 dimension, not 0"),
        ((DATA, 0), ValueError, "window must be at least 1, got 0"),
        ((DATA, -3), ValueError, "window must be at least 1, got -3"),
        ((DATA, -(10**30)), ValueError, "window must be at least 1"),
        ((DATA, 2.0), TypeError, "window must be an integer, not 'float'"),
        ((DATA, "2"), TypeError, "window must be an integer, not 'str'"),
        ((DATA, 2, -1), ValueError, "min_periods must be at least 0, got -1"),
        ((DATA, 2, 3), ValueError, r"at most window \(2\), got 3"),
        ((DATA, 2, 1.5), TypeError, "min_periods must be an integer"),
        ((DATA,), TypeError, "window"),
        ((DATA, 2, 1, 0), TypeError, "at most 3"),
    ],
)
def test_bad_arguments(function, arguments, error, message):
    with pytest.raises(error, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    ("ddof", "error"), [(-1, ValueError), (0.5, TypeError), (None, TypeError)]
)
def test_bad_ddof(ddof, error):
    with pytest.raises(error, match="ddof must be"):
        rollstat.rolling_var(DATA, 2, ddof=ddof)


def test_an_index_that_fails():
    class Broken:
        def __index__(self):
            raise LookupError("no index")

    with pytest.raises(LookupError, match="no index"):
        rollstat.rolling_mean(DATA, Broken())


def test_keywords_and_signatures():
    assert rollstat.rolling_mean(values=DATA, window=2, min_periods=1)[0] == 0.0
    with pytest.raises(TypeError, match="ddof"):
        rollstat.rolling_mean(DATA, 2, ddof=0)
    for function in FUNCTIONS:
        names = list(inspect.signature(function).parameters)
        assert names[:3] == ["values", "window", "min_periods"]
        assert "NaN is missing" in function.__doc__


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("values", [array("d", [1.0]), array("f", [1.0])])
def test_no_buffer_stays_locked(function, values):
    try:
        result = function(values, 1)
    except TypeError:
        pass
    else:
        result.append(2.0)
    values.append(2.0)
    assert values.pop() == 2.0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_references_are_balanced(function):
    if not hasattr(sys, "getrefcount"):
        pytest.skip("this interpreter does not count references")
    values, window = array("d", range(10)), 1000
    before = sys.getrefcount(values), sys.getrefcount(window)
    for _ in range(50):
        function(values, window, 1)
        with pytest.raises(ValueError):
            function(values, window, window + 1)
    assert (sys.getrefcount(values), sys.getrefcount(window)) == before
