import io
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_bridge.errors import TooMuch
from kernel_bridge.gateway.frames import ARROW, DONE, PROGRESS, error_frame, frame, told_frame
from kernel_bridge.inside.query.errors import QueryError
from kernel_bridge.inside.query.frames import FrameReader


def read(answer: bytes) -> tuple[bytes, FrameReader, list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []
    reader = FrameReader(io.BytesIO(answer), told.append)
    return reader.readall() or b"", reader, told


@given(st.lists(st.binary(max_size=50)))
def test_the_stream_within_is_read(parts: list[bytes]) -> None:
    answer = b"".join(frame(ARROW, part) + told_frame(PROGRESS, {"rows": 1}) for part in parts)
    found, reader, told = read(answer + told_frame(DONE, {"rows": 3}))
    assert found == b"".join(parts)
    assert reader.done == {"rows": 3}
    assert len(told) == len(parts)


@given(st.integers(0, 30))
def test_an_answer_cut_off_is_an_error(size: int) -> None:
    whole = frame(ARROW, b"x" * 10) + told_frame(DONE, {})
    if size < len(whole):
        with pytest.raises(QueryError, match="cut off"):
            read(whole[:size])


def test_an_error_is_raised_within_arrow() -> None:
    batch = pa.RecordBatch.from_pydict({"a": [1]})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    error = error_frame(TooMuch("too many", advice="ask for fewer"))
    reader = FrameReader(io.BytesIO(frame(ARROW, sink.getvalue()[:-8]) + error), lambda _: None)
    with pytest.raises(QueryError, match="TooMuch: too many") as refused:
        pa.ipc.open_stream(pa.PythonFile(reader, "r")).read_all()
    assert refused.value.advice == "ask for fewer"
