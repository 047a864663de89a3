"""Wheels read by their parts, and the names of what they hold."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wheels import make_wheel

from compat_report.catalog.contents import module_names, parse_metadata
from compat_report.catalog.fetch import Answer
from compat_report.catalog.remote import RemoteFile


class Ranges:
    """Answers as a server that knows ranges; `asked` are the parts."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.asked: list[str] = []

    def __call__(self, part: str, most: int) -> Answer:
        self.asked.append(part)
        first, _, last = part.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(self.body) - int(last))
        end = int(last) + 1 if first else len(self.body)
        piece = self.body[start:end]
        assert len(piece) <= most
        return Answer(status=206, kind="", etag="", body=piece, url="", total=len(self.body))


def big_wheel(folder: Path) -> bytes:
    noise = b"".join(
        hashlib.sha256(bytes([one % 256, one // 256])).digest() for one in range(12_500)
    )
    members = {"big/__init__.py": b"", "big/data.bin": noise, "big/core.cpython-313.so": b"1"}
    return make_wheel(folder, "big", members=members).read_bytes()


def test_a_few_parts_are_enough(tmp_path: Path) -> None:
    body = big_wheel(tmp_path)
    server = Ranges(body)
    with RemoteFile(server) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("big-1.0.dist-info/METADATA").startswith(b"Metadata-Version")
        assert len(server.asked) == 1
        assert archive.testzip() is None
    assert len(server.asked) > 1


@given(st.binary(min_size=1, max_size=300_000), st.lists(st.integers(0, 300_000), max_size=8))
def test_any_part_is_the_file_s(body: bytes, places: list[int]) -> None:
    file = RemoteFile(Ranges(body))
    for place in places:
        file.seek(place)
        assert file.read(1000) == body[place : place + 1000]
    file.seek(0)
    assert file.read() == body
    assert file.seek(-1, io.SEEK_END) == len(body) - 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404, kind="", etag="", body=b"no", url=""),
        Answer(status=206, kind="", etag="", body=b"a" * 10, url="", total=None),
        Answer(status=206, kind="", etag="", body=b"a" * 10, url="", total=5),
    ],
)
def test_a_server_that_sends_something_else(answer: Answer) -> None:
    with pytest.raises(OSError, match="file"):
        RemoteFile(lambda *_: answer)


def test_a_part_that_is_not_the_one_asked_for() -> None:
    body = b"a" * 200_000
    first = Ranges(body)

    def ask(part: str, most: int) -> Answer:
        answer = first(part, most)
        short = answer.body if part.startswith("bytes=-") else answer.body[:-1]
        return Answer(status=206, kind="", etag="", body=short, url="", total=answer.total)

    with pytest.raises(OSError, match="another part"):
        RemoteFile(ask).read(10)


def test_names_of_what_can_be_imported() -> None:
    members = [
        "acme/__init__.py", "acme/core.py", "acme/fast.cpython-313-wasm32-emscripten.so",
        "google/cloud/storage/__init__.py", "acme/a/b/c/d/e.py", "one.py", "odd-name.py",
        "acme-1.0.data/purelib/more/__init__.py", "acme-1.0.data/scripts/run.py",
        "acme-1.0.dist-info/METADATA", "acme/data.txt",
    ]  # fmt: skip
    assert module_names(members) == (
        "acme", "acme.core", "acme.fast", "google.cloud.storage", "one", "more",
    )  # fmt: skip


def test_metadata_is_read_as_micropip_reads_it() -> None:
    text = b"Name: a\nRequires-Dist: b>1\nProvides-Extra: c\n\ntext\nRequires-Dist: d\n Requires-Dist: e"
    found = parse_metadata(text)
    assert (found.requires, found.extras) == (("b>1", "d"), ("c",))


def test_metadata_may_tell_what_it_is_imported_by() -> None:
    found = parse_metadata(b"Import-Name: acme.core\nImport-Name: acme._x ; private\nName: a\n")
    assert found.modules == ("acme.core", "acme._x")
    assert found.holds("acme")
    assert parse_metadata(b"Name: a\n").modules is None
