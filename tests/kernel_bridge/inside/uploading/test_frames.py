"""Frames in chunks: what comes out is what went in, whatever a frame is made of."""

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_bridge.inside.errors import BadArguments
from kernel_bridge.inside.uploading.frames import (
    CHUNK_BYTES,
    chunks,
    encode,
    open_frame,
    serialize_schema,
)

MOST = 1 << 16


def joined(value: Any, most: int = MOST, columns: tuple[str, ...] = ()) -> Any:
    frame = open_frame(value, columns)
    tables = []
    for rows, data in chunks(frame, most):
        assert len(data) <= most
        assert encode(frame, rows) == data
        with pa.ipc.open_stream(data) as reader:
            assert reader.schema == frame.schema
            tables.append(reader.read_all())
    with pa.ipc.open_stream(serialize_schema(frame)) as reader:
        assert reader.schema == frame.schema
    return pa.concat_tables(tables)


def test_frames_of_every_kind_come_out_as_they_went_in() -> None:
    moments = pd.date_range("2026-01-01", periods=5000, freq="h", tz="UTC")
    frame = pd.DataFrame(
        {
            "n": np.arange(5000),
            "moment": moments,
            "kind": pd.Categorical(["a", "b"] * 2500),
            "text": ["x" * (at % 50) for at in range(5000)],
            "late": [None] * 4999 + ["only here"],
            "list": [[at] for at in range(5000)],
            "maybe": pd.array([1, None] * 2500, dtype="Int64"),
        }
    )
    found = joined(frame)
    assert found.num_rows == 5000
    assert found.column("late").to_pylist()[-1] == "only here"
    pd.testing.assert_series_equal(found.to_pandas()["n"], frame["n"])
    assert found.column("list").to_pylist() == frame["list"].tolist()
    assert found.column("kind").to_pylist() == list(frame["kind"])
    table = pa.table({"n": pa.chunked_array([[1, 2], [3]])})
    assert joined(table) == table
    assert joined(table.to_batches()[0]).column("n").to_pylist() == [1, 2]
    assert joined(pa.table({"n": pa.array([], pa.int64())})).num_rows == 0
    assert joined(pd.DataFrame({"n": []})).num_rows == 0


def test_an_index_that_says_something_is_sent() -> None:
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="who"))
    assert joined(frame).column_names == ["n", "who"]
    assert joined(pd.DataFrame({"n": [1, 2]})).column_names == ["n"]
    assert joined(frame, columns=("n",)).column_names == ["n", "who"]


def test_rows_of_very_different_sizes_stay_below_the_limit() -> None:
    texts = ["x"] * 3000 + ["y" * 20_000] * 20 + ["z"] * 3000
    assert joined(pa.table({"t": texts})).column("t").to_pylist() == texts


def test_the_same_frame_gives_the_same_bytes() -> None:
    frame = pd.DataFrame({"n": range(9000), "t": ["x"] * 9000})
    first, second = ([bytes(one) for _, one in chunks(open_frame(frame), MOST)] for _ in range(2))
    assert first == second
    assert len(first) > 1


def test_names_of_columns_become_texts() -> None:
    frame = pd.DataFrame(np.arange(6).reshape(3, 2))
    assert joined(frame).to_pydict() == {"0": [0, 2, 4], "1": [1, 3, 5]}
    assert joined(frame, columns=("1",)).column_names == ["1"]


def test_a_type_may_show_in_the_last_row_of_an_index() -> None:
    index = pd.Index([None] * 5000 + ["late"], dtype=object, name="who")
    found = joined(pd.DataFrame({"n": range(5001)}, index=index))
    assert found.column("who").to_pylist()[-1] == "late"


def test_slices_of_views_are_written_alone() -> None:
    texts = [f"text {number} of some length" for number in range(20_000)]
    table = pa.table({"t": pa.array(texts, pa.string_view())})
    assert joined(table).column("t").to_pylist() == texts


def numbers(rows: int) -> Any:
    return pd.DataFrame({f"c{at}": np.arange(rows) * 0.5 for at in range(10)})


def texts(rows: int) -> Any:
    made = [f"{number % 977} of some length" for number in range(rows)]
    return pd.DataFrame({"o": pd.Series(made, dtype=object), "s": made})


def indexed(rows: int) -> Any:
    kinds = pd.Categorical.from_codes(np.arange(rows) % 3, ["a", "b", "c"])
    index = pd.MultiIndex.from_arrays([np.arange(rows), np.arange(rows) % 7], names=["x", "y"])
    return pd.DataFrame({"kind": kinds, "n": np.arange(rows), "m": np.arange(rows)}, index=index)


def wide(rows: int) -> Any:
    return pd.DataFrame(np.zeros((rows // 2000, 2000)))


@pytest.mark.parametrize(
    ("make", "columns", "rows"),
    [
        (numbers, (), 120_000),
        (numbers, tuple(f"c{at}" for at in range(9)), 120_000),
        (texts, (), 200_000),
        (indexed, (), 300_000),
        (wide, (), 1_200_000),
    ],
)
def test_memory_is_a_few_chunks_whatever_the_frame_has(
    make: Any, columns: tuple[str, ...], rows: int
) -> None:
    few, many = (highest(make(count), columns) for count in (rows, 3 * rows))
    assert many < 1.1 * few
    assert many < 3.5 * CHUNK_BYTES


def highest(value: Any, columns: tuple[str, ...]) -> int:
    """The most bytes that Python, NumPy and Arrow had at a time while chunks were made."""
    whole, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        for _, data in chunks(open_frame(value, columns), 32 << 20):
            del data
        return int(pool.max_memory()) + tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(whole)


@pytest.mark.parametrize(
    ("value", "columns", "told"),
    [
        (5, (), "it is a int, not a data frame"),
        ([1], (), "it is a list, not a data frame"),
        (pd.Series([1]), (), "it is a Series, not a data frame"),
        (pd.DataFrame({"n": [1]}), ("m",), "the frame has no column m"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), (), "two of its columns have one name"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), (), "two of its columns have one name"),
        (pd.DataFrame({"n": [1, "a"]}), (), "its values cannot be written"),
        (pd.DataFrame({"n": [object()]}), (), "its values cannot be written"),
        (pd.DataFrame({"n": [1, 2**70]}, dtype=object), (), "its values cannot be written"),
        (pa.table({"t": ["x" * 100_000]}), (), "row 0 alone takes"),
    ],
)
def test_what_cannot_be_sent_is_told(value: Any, columns: tuple[str, ...], told: str) -> None:
    with pytest.raises(BadArguments) as caught:
        joined(value, columns=columns)
    assert str(caught.value).startswith(told)


@settings(max_examples=30)
@given(st.lists(st.one_of(st.none(), st.text(max_size=500)), max_size=400))
def test_any_texts_come_back(texts: list[str | None]) -> None:
    try:
        table = pa.table({"t": pa.array(texts, pa.string())})
    except UnicodeEncodeError:  # lone surrogates are in no frame of Arrow
        return
    assert joined(table, 1 << 14).column("t").to_pylist() == texts
