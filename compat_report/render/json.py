"""A report as a document for programs, written as it is made, and read back.

The document is JSON (RFC 8259) in UTF-8, one notebook a line, as report.schema.json describes it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from compat_report.errors import CompatReportError
from compat_report.model import (
    Candidate,
    CellKind,
    CellReport,
    End,
    Evidence,
    Finding,
    Footprint,
    Location,
    NotebookReport,
    Outcome,
    Report,
    ResolvedFile,
    Severity,
    Verdict,
)
from compat_report.render.totals import Counting, OnDisk, count_notebooks
from porter.home import new_file

VERSION = 1
_LONG = re.compile(rb"[0-9]{19}")


class BadReport(CompatReportError):
    """What was given as a report's JSON is not one that this version can read."""

    exit_code = 4


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


def parse_report(data: bytes) -> Report:
    """The report that a document tells; keys it does not know are passed over.

    Raises BadReport for anything else than one document of this version.
    """
    reports = parse_reports(data)
    if len(reports) != 1:
        raise BadReport(
            f"{len(reports)} reports, where one is expected", advice="read them one by one"
        )
    return reports[0]


def parse_reports(data: bytes) -> tuple[Report, ...]:
    """The reports of one document, or of a list of them; raises BadReport for anything else."""
    try:
        loaded = json.loads(data)
        documents = loaded if isinstance(loaded, list) else [loaded]
        versions = [document["version"] for document in documents]
        if all(version == VERSION for version in versions):
            return tuple(map(_report, documents))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadReport(
            f"not a report's JSON: {type(error).__name__}: {error}",
            advice="write it with porter report --format json",
        ) from error
    raise BadReport(
        f"the report is of version {versions}, this Porter reads {VERSION}",
        advice="make it again with this version",
    )


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


def parse_notebook_report(data: bytes) -> NotebookReport:
    """What `serialize_notebook` wrote."""
    return _notebook(_load(data))


def _load(data: bytes) -> Any:
    # Numbers past 64 bits would become floats.
    return json.loads(data) if _LONG.search(data) else orjson.loads(data)


def _report(document: Mapping[str, Any]) -> Report:
    return Report(
        platform=document["platform"],
        pyodide=document["pyodide"],
        kernel=document["kernel"],
        notebooks=_all(document["notebooks"], _notebook),
        port_next=_all(document["port_next"], _candidate),
    )


def _all[T](
    items: Iterable[Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], T]
) -> tuple[T, ...]:
    return tuple(parse(item) for item in items)


def _notebook(fields: Mapping[str, Any]) -> NotebookReport:
    return NotebookReport(
        path=fields["path"],
        sha256=fields["sha256"],
        verdict=Verdict(fields["verdict"]),
        confidence=float(fields["confidence"]),
        cells=_all(fields["cells"], _cell),
        findings=_all(fields["findings"], _finding),
        requirements=_all(fields["requirements"], _file),
        footprint=_footprint(fields["footprint"]),
        blockers=tuple(fields["blockers"]),
        changes=tuple(fields["changes"]),
        outcome=_outcome(fields.get("outcome")),
    )


def _outcome(fields: Mapping[str, Any] | None) -> Outcome | None:
    if fields is None:
        return None
    return Outcome(
        end=End(fields["end"]),
        host=fields["host"],
        reason=fields["reason"],
        cell=fields["cell"],
        seconds=float(fields["seconds"]),
        heap=fields["heap"],
    )


def _cell(fields: Mapping[str, Any]) -> CellReport:
    verdict = fields["verdict"]
    return CellReport(
        index=fields["index"],
        kind=CellKind(fields["kind"]),
        id=fields["id"],
        verdict=None if verdict is None else Verdict(verdict),
        confidence=float(fields["confidence"]),
        findings=_all(fields["findings"], _finding),
        source=fields["source"],
        line=fields["line"],
    )


def _finding(fields: Mapping[str, Any]) -> Finding:
    return Finding(
        code=fields["code"],
        severity=Severity(fields["severity"]),
        location=_location(fields["location"]),
        subject=fields["subject"],
        message=fields["message"],
        advice=fields["advice"],
        chain=tuple(fields["chain"]),
    )


def _location(fields: Mapping[str, Any]) -> Location:
    return Location(
        path=fields["path"],
        cell=fields["cell"],
        line=fields["line"],
        column=fields["column"],
        id=fields["id"],
    )


def _file(fields: Mapping[str, Any]) -> ResolvedFile:
    return ResolvedFile(
        name=fields["name"],
        version=fields["version"],
        filename=fields["filename"],
        origin=fields["origin"],
        size=fields["size"],
        unpacked=fields["unpacked"],
        sha256=fields["sha256"],
    )


def _footprint(fields: Mapping[str, Any]) -> Footprint:
    return Footprint(
        low=fields["low"],
        high=fields["high"],
        confidence=float(fields["confidence"]),
        download=fields["download"],
        evidence=_all(fields["evidence"], _evidence),
        data=fields["data"],
    )


def _evidence(fields: Mapping[str, Any]) -> Evidence:
    return Evidence(
        what=fields["what"],
        low=fields["low"],
        high=fields["high"],
        location=_location(fields["location"]),
        whole=fields["whole"],
    )


def _candidate(fields: Mapping[str, Any]) -> Candidate:
    return Candidate(
        project=fields["project"],
        unblocks=fields["unblocks"],
        blocks=fields["blocks"],
        weight=float(fields["weight"]),
        languages=tuple(fields["languages"]),
        hardness=fields["hardness"],
        command=fields["command"],
    )
