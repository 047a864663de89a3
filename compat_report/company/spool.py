"""Reports on disk, in the order they are to be told: one in memory at a time."""

import struct
import tempfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload
from weakref import finalize

import orjson

from compat_report.company.sources import suffix_of
from compat_report.company.work import PATH
from compat_report.model import Verdict
from compat_report.render.parse import parse_notebook_report
from compat_report.reported import NotebookReport

HEAD = struct.Struct("<II")


class Spool(Sequence[NotebookReport]):
    """A sequence whose items are read when they are asked for; in a file that nobody else sees."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 — as long as it is
        # Reports are values: nobody has to close what they are read from.
        self.close = finalize(self, self._file.close)
        self._offsets = array("Q")
        self._end = 0
        self.verdicts = dict.fromkeys(Verdict, 0)

    def put(self, name: str, verdict: Verdict, body: bytes) -> None:
        """Add one: compressed JSON, with PATH for the notebook's own, but for its suffix."""
        # What stands for the path in what is kept has the suffix after it, that formats follow from.
        stem = name.removesuffix(suffix_of(name))
        path = stem.encode("utf-8", "surrogateescape")
        self._file.seek(self._end)
        self.verdicts[verdict] += 1
        self._offsets.append(self._end)
        self._end += self._file.write(HEAD.pack(len(path), len(body)) + path + body)

    def json(self, number: int) -> bytes:
        """One report's JSON as it is."""
        self._file.seek(self._offsets[number])
        path, body = HEAD.unpack(self._file.read(HEAD.size))
        name = self._file.read(path)
        return zlib.decompress(self._file.read(body)).replace(PATH.encode(), _escape(name))

    def iter_json(self) -> Iterator[bytes]:
        """Each report's JSON in turn."""
        return map(self.json, range(len(self)))

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, index: int) -> NotebookReport: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NotebookReport]: ...
    def __getitem__(self, index: int | slice) -> NotebookReport | Sequence[NotebookReport]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return parse_notebook_report(self.json(index % len(self)))

    def __iter__(self) -> Iterator[NotebookReport]:
        for number in range(len(self)):
            yield self[number]


def _escape(name: bytes) -> bytes:
    text = name.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    return orjson.dumps(text)[1:-1]
