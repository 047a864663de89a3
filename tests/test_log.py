import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.errors import SourceNotFound
from porter.log import CHUNK, TAIL_BYTES, parse_log, read_log, read_stream


class Pipe(io.BytesIO):
    """Bytes that cannot be read twice."""

    def seekable(self) -> bool:
        return False


@given(st.binary(max_size=300))
def test_lines_are_counted_as_editors_do(content: bytes) -> None:
    log = parse_log("x", content)
    assert len(log.lines) == content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    assert log.place(1) == "x:1"


@pytest.mark.parametrize("kind", [Pipe, io.BytesIO])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_the_end_of_a_long_log_keeps_its_numbers(kind: type[io.BytesIO], end: bytes) -> None:
    lines = [b"%08d of a long log" % number for number in range(1, 900_000)]
    content = b"\n".join(lines) + end
    assert len(content) > 2 * TAIL_BYTES + CHUNK
    log = read_stream(kind(content), "long")
    assert len(log.lines) < len(lines)
    for line in (1, len(log.lines)):
        assert int(log.lines[line - 1].split()[0]) == log.number(line)


def test_a_log_of_one_line_without_end_is_read() -> None:
    log = read_stream(Pipe(b"x" * (5 * TAIL_BYTES)), "long")
    assert log.lines == ()


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="no such log"):
        read_log(tmp_path / "none")
    with pytest.raises(SourceNotFound, match="cannot be read"):
        read_log(tmp_path)
