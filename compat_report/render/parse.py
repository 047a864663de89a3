"""A report's document read back: what `compat_report.render.json` wrote."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from compat_report.errors import CompatReportError
from compat_report.model import CellKind, Finding, Location, Severity, Verdict
from compat_report.render.json import VERSION
from compat_report.reported import (
    Candidate,
    CellReport,
    End,
    Evidence,
    Footprint,
    NotebookReport,
    Outcome,
    Report,
    ResolvedFile,
)

_LONG = re.compile(rb"[0-9]{19}")


class BadReport(CompatReportError):
    """What was given as a report's JSON is not one that this version can read."""

    exit_code = 4


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
