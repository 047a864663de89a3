"""The end of a log: its last lines, whatever its size, and where in the file they stand."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from porter.errors import SourceNotFound

# The end of a log is what tells; one of any size is read in little memory.
TAIL_BYTES = 4 * 1024 * 1024
# What goes before the end is read only to count its lines; where that takes too long, it is not.
COUNTED_BYTES = 256 * 1024 * 1024
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The last lines of a log called `name`; `first` is the number of the first of them.

    Where `first` is 0 the lines before were not counted.
    """

    name: str
    first: int
    lines: tuple[str, ...]

    def number(self, line: int) -> int:
        """The number in the file of a line counted from 1 here; 0 where it is not known."""
        return self.first + line - 1 if self.first else 0

    def place(self, line: int) -> str:
        """`NAME:NUMBER`, as editors take it."""
        number = self.number(line)
        return f"{self.name}:{number}" if number else self.name


def parse_log(name: str, text: bytes, *, before: int = 0, cut: bool = False) -> Log:
    """A log of the bytes `text`, with `before` lines before it (negative: not counted).

    `cut` says that the bytes begin within a line, which is left out. Lines end with a newline
    alone, as editors count them; bytes that are no UTF-8 do no harm.
    """
    lines = text.decode("utf-8", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    if cut:
        lines = lines[1:]
    first = 0 if before < 0 else before + cut + 1
    return Log(name=name, first=first, lines=tuple(lines))


def read_log(path: Path) -> Log:
    """The end of a log file; raises SourceNotFound where there is none that can be read."""
    try:
        with path.open("rb") as file:
            return read_stream(file, path.name)
    except FileNotFoundError as error:
        raise SourceNotFound(f"{path}: no such log") from error
    except OSError as error:
        raise SourceNotFound(f"{path} cannot be read: {error.strerror or error}") from error


def read_stream(stream: BinaryIO, name: str) -> Log:
    """The end of a log that is read to its end, such as standard input or a pipe."""
    before, tail, cut = 0, b"", False
    if stream.seekable() and (size := stream.seek(0, 2)) > COUNTED_BYTES:
        stream.seek(size - TAIL_BYTES)
        return parse_log(name, stream.read(TAIL_BYTES), before=-1, cut=True)
    if stream.seekable():
        stream.seek(0)
    while chunk := stream.read(CHUNK):
        tail += chunk
        if len(tail) > 2 * TAIL_BYTES:
            gone, tail = tail[:-TAIL_BYTES], tail[-TAIL_BYTES:]
            before, cut = before + gone.count(b"\n"), not gone.endswith(b"\n")
    return parse_log(name, tail, before=before, cut=cut)
