"""Tables of pandas through Arrow, with pyarrow and nanoarrow at either end."""

import copy
import io
import tracemalloc
from types import ModuleType
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings

from kernel_bridge.inside.tables import by_nanoarrow, by_pyarrow
from kernel_bridge.inside.tables.frame import from_table, to_table
from kernel_bridge.inside.tables.model import Table
from kernel_bridge.inside.tables.plain import slices
from kernel_bridge.inside.tables.reduce import reduce_table
from kernel_bridge.inside.tables.values import NotATable

LIBRARIES = [by_pyarrow, by_nanoarrow]
PAIRS = pytest.mark.parametrize(
    ("writer", "reader"), [(one, other) for one in LIBRARIES for other in LIBRARIES]
)
TIMES = pd.to_datetime(["2020-01-01 00:00", None, "2021-03-28 02:30"])
FRAME = pd.DataFrame(
    {
        "whole": np.array([1, 2, 3], "i2"),
        "real": [1.5, np.nan, -0.0],
        "single": np.array([1, 2, 3], "f4"),
        "truth": [True, False, True],
        "text": ["a", None, "ü"],
        "text as objects": pd.Series(["x", None, "y"], dtype=object),
        "mixed nothing": pd.Series(["x", None, np.nan], dtype=object),
        "surrogate": pd.Series(["\ud800", "x", "y"], dtype=object),
        "category": pd.Categorical(["a", None, "b"], categories=["b", "a", "z"], ordered=True),
        "times": TIMES,
        "zoned": TIMES.tz_localize("UTC").tz_convert("Europe/Berlin"),
        "span": pd.to_timedelta([1, None, 3], unit="s"),
        "nullable": pd.array([1, None, 3], dtype="UInt8"),
        "nullable truth": pd.array([True, None, False], dtype="boolean"),
        "nullable real": pd.array([1, None, 3], dtype="Float64"),
        "nullable text": pd.array(["a", pd.NA, "c"], dtype="string"),
        "lists": [[1], {}, None],
        "complex": [1j, 2, 3],
        "months": pd.period_range("2020-01", periods=3, freq="M"),
    }
)
NAMED = pd.Series(range(3), index=pd.date_range("2020", periods=3, freq="D"), name=("a", 1))
TABLES = {
    "frame": FRAME,
    "several levels": FRAME.set_index(["text", "times"]),
    "no rows": FRAME.iloc[:0],
    "nothing": pd.DataFrame(),
    "rows alone": pd.DataFrame(index=pd.Index([1, 2], name="n")),
    "columns alone": pd.DataFrame(columns=["a", "b"]),
    "names that repeat": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "names that are numbers": pd.DataFrame({1: [1], 2: [3]}),
    "names of two levels": pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])
    ),
    "names that are times": pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2)),
    "series": NAMED,
    "slice": FRAME.iloc[1:2],
    "range": pd.DataFrame({"x": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="r")),
}


def write(library: Any, table: Table) -> bytes:
    sink = io.BytesIO()
    for _ in library.write_batches([table], sink):
        pass
    return sink.getvalue()


def assert_equal(one: Any, other: Any) -> None:
    if isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other)
    else:
        pd.testing.assert_frame_equal(one, other, check_column_type=True)
    assert type(one.index) is type(other.index)
    assert one.attrs == other.attrs


@PAIRS
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_equal(writer: ModuleType, reader: ModuleType, name: str) -> None:
    table, told = to_table(TABLES[name])
    data = write(writer, table)
    again = from_table(reader.read_stream(memoryview(data)), copy.deepcopy(told))
    assert_equal(TABLES[name], again)


VALUES = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(),
    "bool": st.booleans(),
    "string": st.text(st.characters(exclude_categories=["Cs"])) | st.none(),
    "Int8": st.integers(-128, 127) | st.none(),
    "datetime64[ns]": st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")),
}


@settings(max_examples=60)
@given(data=st.data(), kind=st.sampled_from(sorted(VALUES)))
def test_any_values_are_equal(data: st.DataObject, kind: str) -> None:
    values = data.draw(st.lists(VALUES[kind], max_size=40))
    frame = pd.DataFrame({"v": pd.array(values, dtype=kind)})
    writer, reader = data.draw(st.permutations(LIBRARIES))
    table, told = to_table(frame)
    assert_equal(frame, from_table(reader.read_stream(memoryview(write(writer, table))), told))


def test_what_only_its_own_library_knows() -> None:
    for dtype in (pd.ArrowDtype(pa.int64()), pd.SparseDtype("int64")):
        value = pd.Series([1, 2], dtype=dtype)
        with pytest.raises(NotATable, match="its own library"):
            to_table(value)
        assert reduce_table(value) is NotImplemented


FOREIGN = pa.table(
    {
        "dictionary": pa.array(["a", None, "a"]).dictionary_encode(),
        "small": pa.array([1, 2, None], pa.int8()),
        "list": pa.array([[1], None, []]),
        "day": pa.array([1, None, 3], pa.date32()),
        "bytes": pa.array([b"a", None, b""]),
        "nothing": pa.nulls(3),
        "struct": pa.array([{"x": 1}, None, {"x": 2}]),
    }
)


@pytest.mark.parametrize("reader", LIBRARIES)
@pytest.mark.parametrize("batch", [1, 2, 10])
def test_streams_of_others(reader: Any, batch: int) -> None:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, FOREIGN.schema) as writer:
        writer.write_table(FOREIGN, max_chunksize=batch)
    table = reader.read_stream(memoryview(sink.getvalue()))
    assert table.length == 3
    columns = dict(zip(table.names, table.columns, strict=True))
    assert columns["dictionary"].values == ["a", None, "a"]
    assert columns["small"].values[:2].tolist() == [1, 2]
    assert columns["small"].valid.tolist() == [True, True, False]
    assert columns["bytes"].values == [b"a", None, b""]
    for name in ("list", "day", "nothing", "struct"):
        assert columns[name].values == FOREIGN[name].to_pylist(), name


@pytest.mark.parametrize("reader", LIBRARIES)
@pytest.mark.parametrize("data", [b"", b"not arrow at all", b"\xff\xff\xff\xff\x10\0\0\0"])
def test_what_is_no_stream(reader: Any, data: bytes) -> None:
    with pytest.raises(ValueError, match="no stream of Arrow"):
        reader.read_stream(memoryview(data))


@pytest.mark.parametrize("reader", LIBRARIES)
def test_a_stream_that_was_cut(reader: Any) -> None:
    data = write(by_pyarrow, to_table(pd.DataFrame({"x": range(10_000)}))[0])
    with pytest.raises(ValueError, match="no stream of Arrow"):
        reader.read_stream(memoryview(data[:-500]))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("columns", [(), ("n", "x", "kind", "s")])
def test_slices_take_no_more_memory_for_a_larger_frame(
    library: ModuleType, columns: tuple[str, ...]
) -> None:
    few, many = (highest(library, rows, columns) for rows in (50_000, 200_000))
    assert many < 1.1 * few
    assert many < 8 << 20


def highest(library: ModuleType, rows: int, columns: tuple[str, ...]) -> int:
    """The most bytes that Python and NumPy have at a time while slices of a MiB are written."""
    frame = pd.DataFrame({name: np.arange(rows) for name in "abnx"})
    frame["kind"] = pd.Categorical.from_codes(np.arange(rows) % 3, ["a", "b", "c"])
    frame["s"] = [f"text {number % 977}" for number in range(rows)]
    frame.index = pd.date_range("2026", periods=rows, freq="s", name="t")
    sink = io.BytesIO()
    tracemalloc.start()
    try:
        for _ in library.write_batches(slices(frame, 1 << 20, columns), sink):
            sink.seek(0)
            sink.truncate()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
