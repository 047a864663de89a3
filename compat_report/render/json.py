"""A report as a document for programs, written as it is made.

The document is JSON (RFC 8259) in UTF-8, one notebook a line, as report.schema.json describes it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from compat_report.render.totals import Counting, OnDisk, count_notebooks
from compat_report.reported import (
    Candidate,
    NotebookReport,
    Report,
)
from porter.home import new_file

VERSION = 1


def serialize_report(report: Report) -> bytes:
    """The whole document."""
    return b"".join(iter_reports([report]))


def iter_reports(reports: Sequence[Report]) -> Iterator[bytes]:
    """The document of one report, or a list of those of several, in parts."""
    before, after = (b"[", b"]\n") if len(reports) != 1 else (b"", b"")
    yield before
    for number, report in enumerate(reports):
        yield b"," if number else b""
        yield from iter_report(
            report.notebooks,
            report.port_next,
            platform=report.platform,
            pyodide=report.pyodide,
            kernel=report.kernel,
        )
    yield after


def write_report(
    target: Path,
    notebooks: Iterable[NotebookReport],
    port_next: Iterable[Candidate],
    *,
    platform: str,
    pyodide: str,
    kernel: str,
) -> None:
    """The document as a file that is there whole or not at all; see `iter_report`."""
    parts = iter_report(notebooks, port_next, platform=platform, pyodide=pyodide, kernel=kernel)
    with new_file(target) as path, path.open("wb") as file:
        file.writelines(parts)


def iter_report(
    notebooks: Iterable[NotebookReport],
    port_next: Iterable[Candidate],
    *,
    platform: str,
    pyodide: str,
    kernel: str,
) -> Iterator[bytes]:
    """The document in parts, each notebook's as it comes; nothing is kept of those written.

    `port_next` is asked for when the last notebook is written, so that a generator may follow
    from what they said.
    """
    head = {"platform": platform, "pyodide": pyodide, "kernel": kernel, "version": VERSION}
    yield _dump(head)[:-1] + b',"notebooks":['
    if isinstance(notebooks, OnDisk):
        yield from _joined(notebooks.iter_json())
        totals = count_notebooks(notebooks)
    else:
        counting = Counting(notebooks)
        yield from _joined(map(_dump, counting))
        totals = counting.totals
    yield b'],\n"port_next":['
    yield from _joined(map(_dump, port_next))
    yield b'],\n"totals":' + _dump(totals) + b"}\n"


@cache
def read_schema() -> Mapping[str, Any]:
    """The JSON Schema (draft 2020-12) of the document."""
    text = files("compat_report.render").joinpath("report.schema.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def _joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    before = b"\n"
    for line in lines:
        yield before + line
        before = b",\n"


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # Numbers past 64 bits, which an estimate of memory can reach, and text that is not
        # Unicode: lone surrogates, which other programs' parsers refuse.
        plain = value if isinstance(value, dict) else asdict(value)  # type: ignore[call-overload]
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def serialize_notebook(notebook: NotebookReport) -> bytes:
    """One notebook's part of the document."""
    return _dump(notebook)
