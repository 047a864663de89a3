"""Files of text: what a sample of them tells of the whole."""

import bz2
import csv
import gzip
import lzma
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from compat_report.footprint.options import Options
from compat_report.footprint.size import POINTER, Sized, string_size

SAMPLE = 64 << 10
# Reading a table in parts and joining them, at the height.
JOINED = 2
DELIMITED = frozenset({".csv", ".tsv"})
NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|nan|NaN|NA|inf|true|false|True|False|"
)
OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
# How much smaller text becomes, at least and at most, where the file does not say.
RATIO = (2, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A part of a text: `size` to `most` bytes is the whole, unpacked."""

    data: bytes
    size: int
    most: int
    disk: int
    plain: bool = False

    @property
    def complete(self) -> bool:
        """Whether it is the whole."""
        return len(self.data) >= self.most


def read_sample(path: Path) -> Sample:
    """The first bytes of a text, unpacked where its name says that it is compressed.

    Raises ValueError, OSError, EOFError or what the decompressor raises where it is not that.
    """
    disk = path.stat().st_size
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            member = max(archive.infolist(), key=lambda m: m.file_size, default=None)
            if member is None:
                raise ValueError("it holds nothing")
            with archive.open(member) as file:
                data = file.read(SAMPLE)
            return Sample(data=data, size=member.file_size, most=member.file_size, disk=disk)
    if suffix in OPENERS:
        with OPENERS[suffix](path) as file:
            data = file.read(SAMPLE)
        if len(data) < SAMPLE:
            return Sample(data=data, size=len(data), most=len(data), disk=disk)
        told = _gzip_size(path) if suffix == ".gz" else 0
        if disk < told <= disk * 1100:
            return Sample(data=data, size=told, most=told, disk=disk)
        return Sample(data=data, size=disk * RATIO[0], most=disk * RATIO[1], disk=disk)
    with path.open("rb") as plain:
        data = _ends(plain, disk)
    return Sample(data=data, size=disk, most=disk, disk=disk, plain=True)


def _ends(file: IO[bytes], size: int) -> bytes:
    """The beginning, and of a large file its middle too, from a line's start."""
    data = file.read(SAMPLE)
    if size > 4 * SAMPLE:
        file.seek(size // 2)
        middle = file.read(SAMPLE)
        data = data[: data.rfind(b"\n") + 1] + middle[middle.find(b"\n") + 1 :]
    return data


def _gzip_size(path: Path) -> int:
    """ISIZE, the last four bytes: the size modulo 4 GiB of the last member (RFC 1952)."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


def measure_table(path: Path, options: Options) -> Sized:
    """A delimited text as a table: rows by the sample's lines, cells by its columns' types."""
    sample = read_sample(path)
    text = sample.data.decode("utf-8", "replace")
    if not sample.complete:
        text = text[: text.rfind("\n") + 1] or text
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    rows = _scale(lines, sample, len(text.encode("utf-8", "replace")))
    table = _parse(text, options.delimiter)
    header, body = (table[0], table[1:]) if table else ([], [])
    low = high = 0.0
    for number, name in enumerate(header):
        if options.names is not None and name not in options.names:
            continue
        least, most = _column([row[number] for row in body if number < len(row)])
        low, high = low + least, high + most
    if options.names is None and options.columns is not None and header:
        low, high = (x * min(1.0, options.columns / len(header)) for x in (low, high))
    least_rows, most_rows = rows
    if options.rows is not None:
        least_rows, most_rows = min(least_rows, options.rows), min(most_rows, options.rows)
    if options.chunk is not None:
        least_rows, most_rows = 0, min(most_rows, options.chunk * JOINED)
    if options.part:
        least_rows = 0
    if options.typed:
        low, high = low / 8, high * JOINED
    return Sized(
        what=f"about {rows[1]:,} rows of {len(header)} columns",
        low=int(least_rows * low),
        high=int(most_rows * high * JOINED) + SAMPLE,
        disk=sample.disk,
        trust=0.9 if sample.size == sample.most else 0.7,
    )


def _scale(lines: int, sample: Sample, size: int) -> tuple[int, int]:
    """Lines of the whole, by those of the sample."""
    if not lines or not size:
        return 0, 0
    if sample.complete:
        return lines, lines
    # Only of a plain file is the middle seen too.
    least = 0.9 if sample.plain else 0.5
    return int(sample.size / size * lines * least), int(sample.most / size * lines * 1.1) + 1


def _parse(text: str, delimiter: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    chosen = delimiter or max(",;\t|", key=first.count)
    try:
        return [row for row in csv.reader(text.splitlines(), delimiter=chosen) if row]
    except csv.Error:
        return [line.split(chosen) for line in text.splitlines()]


def _column(values: list[str]) -> tuple[float, float]:
    """Bytes of one cell, at least and at most, by a column's sample."""
    if not values or all(NUMBER.fullmatch(value) for value in values):
        return (1.0 if values and all(v.lower() in {"true", "false"} for v in values) else 8.0), 8.0
    length = sum(map(len, values)) / len(values)
    unique = len(set(values)) / len(values)
    width = 1 if all(value.isascii() for value in values) else 4
    # Equal strings of one block are kept once.
    low = POINTER + (string_size(length) * unique / 2 if unique > 0.5 else 0)
    return low, POINTER + string_size(length, width=width) + 8


def measure_json(path: Path) -> Sized:
    """A JSON document as dicts and lists: the weight of what its sample holds."""
    sample = read_sample(path)
    data = sample.data
    share = max(1, len(data))
    quotes, brackets, braces = data.count(b'"') / 2, data.count(b"["), data.count(b"{")
    items = data.count(b",") + brackets + braces
    objects = 160 * braces + 64 * brackets + 24 * items + 32 * quotes
    # The file's bytes, its text, and what is made of it.
    weight = 2 * len(data) + objects
    return Sized(
        what=f"a JSON document of {sample.most:,} bytes",
        low=int(weight / share * sample.size / 5),
        high=int(weight / share * sample.most * 1.3) + SAMPLE,
        disk=sample.disk,
        trust=0.8,
    )


def measure_lines(path: Path) -> Sized:
    """Any text or bytes: nothing where it is read line by line, a str a line at most."""
    sample = read_sample(path)
    lines = sample.data.count(b"\n") + 1
    length = len(sample.data) / lines
    wide = 1 if sample.data.isascii() else 4
    whole = sample.most * (2 if wide == 1 else 5)
    rows = _scale(lines, sample, len(sample.data))[1]
    each = 16 + string_size(length, width=wide)
    if Path(path.name.removesuffix(".gz")).suffix.lower() in DELIMITED:
        # A row as csv.reader or csv.DictReader gives it: a list or dict, and a str a cell.
        cells = 1 + max(sample.data.count(letter) for letter in (b",", b";", b"\t", b"|")) / lines
        each += int(80 + 56 * cells)
    return Sized(
        what=f"{sample.most:,} bytes of text",
        low=0,
        high=max(whole, rows * each) + SAMPLE,
        disk=sample.disk,
        trust=0.8,
    )
