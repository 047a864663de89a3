"""Arrow in the runtime: arrays, and streams of its IPC format there and back."""

import io

import nanoarrow as na
import pytest
from nanoarrow.ipc import InputStream, StreamWriter


def stream(*batches: na.Array) -> bytes:
    out = io.BytesIO()
    with StreamWriter.from_writable(out) as writer:
        for batch in batches:
            writer.write_array(batch)
    return out.getvalue()


def batch(values: list[int | None], words: list[str | None]) -> na.Array:
    columns = {"n": na.c_array(values, na.int64()), "s": na.c_array(words, na.string())}
    schema = na.struct({"n": na.int64(), "s": na.string()})
    return na.Array(
        na.c_array_from_buffers(
            schema, len(values), [None], children=list(columns.values()), null_count=0
        )
    )


def test_a_stream_there_and_back() -> None:
    held = stream(batch([1, None, 3], ["a", "", None]), batch([2**62], ["ü"]))
    with na.ArrayStream(InputStream.from_readable(io.BytesIO(held))) as read:
        rows = [row for one in read for row in one.to_pylist()]
    assert [row["n"] for row in rows] == [1, None, 3, 2**62]
    assert [row["s"] for row in rows] == ["a", "", None, "ü"]


def test_a_stream_that_was_cut_is_an_error() -> None:
    held = stream(batch(list(range(1000)), ["x"] * 1000))
    with (
        pytest.raises(Exception, match=r"(?i)expected|unexpected|bytes"),
        na.ArrayStream(InputStream.from_readable(io.BytesIO(held[:-200]))) as read,
    ):
        read.read_all()


def test_buffers_are_shared_with_no_copy() -> None:
    held = memoryview(bytearray(b"\x01\x00\x02\x00"))
    array = na.Array(na.c_array_from_buffers(na.int16(), 2, [None, held]))
    held[0] = 7
    assert array.to_pylist() == [7, 2]
