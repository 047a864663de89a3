"""Frames in chunks: what comes out is what went in, whatever a frame is made of."""

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_bridge.inside.errors import BadArguments
from kernel_bridge.inside.uploading.frames import chunks, open_frame, serialize_schema

MOST = 1 << 16


def joined(value: Any, most: int = MOST, columns: tuple[str, ...] = ()) -> Any:
    frame = open_frame(value, columns)
    tables = []
    for data in chunks(frame, most):
        assert len(data) <= most
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
    first, second = ([bytes(one) for one in chunks(open_frame(frame), MOST)] for _ in range(2))
    assert first == second
    assert len(first) > 1


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
