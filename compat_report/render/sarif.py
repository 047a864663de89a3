"""Reports as SARIF 2.1.0 (OASIS, 2020), which code hosts and editors show at the line.

A result of a notebook of JSON has its region counted in its cell's source, with the line itself as
snippet, and the cell as logical location: the lines of the file are not what its author wrote.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from compat_report.model import Finding, Severity
from compat_report.render.reasons import say_place
from compat_report.render.visible import show_line, show_unseen
from compat_report.reported import CellReport, NotebookReport, Report
from compat_report.rules import Rule, read_rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {
    Severity.SERVER: "error",
    Severity.UNKNOWN: "warning",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}
# The version of what the fingerprint is made of: SARIF asks for it in the key (3.27.17).
FINGERPRINT = "porterFinding/v1"
_PLACE = re.compile(r"\{(\w+)[^}]*\}")

type Fields = dict[str, Any]


def serialize_sarif(reports: Sequence[Report], *, version: str = "") -> bytes:
    """One run for each report; `version` is Porter's own."""
    rules = read_rules()
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [_run(report, rules, version) for report in reports],
    }
    # Only ASCII is written, so that what is no Unicode can be.
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def relative_uri(path: str) -> str:
    """A notebook's path as a URI reference (RFC 3986): relative, unless the path is not."""
    text = quote(path, errors="replace")
    return f"file://{text}" if path.startswith("/") else text


def _run(report: Report, rules: Mapping[str, Rule], version: str) -> Fields:
    found = (finding for notebook in report.notebooks for finding in notebook.all_findings)
    codes = sorted({finding.code for finding in found})
    order = {code: index for index, code in enumerate(codes)}
    # A file that is there twice is one artifact: SARIF wants them to differ (3.14.15).
    artifacts: dict[str, NotebookReport] = {}
    for notebook in report.notebooks:
        artifacts.setdefault(relative_uri(notebook.path), notebook)
    places = {uri: index for index, uri in enumerate(artifacts)}
    driver: Fields = {
        "name": "porter report",
        "rules": [_rule(code, rules.get(code)) for code in codes],
    }
    if version:
        driver["version"] = version
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"porter-report/{show_line(report.platform)}/"},
        "columnKind": "unicodeCodePoints",
        "artifacts": [_artifact(uri, notebook) for uri, notebook in artifacts.items()],
        "results": [
            result for notebook in report.notebooks for result in _results(notebook, places, order)
        ],
        "properties": {"pyodide": report.pyodide, "kernel": report.kernel},
    }


def _rule(code: str, rule: Rule | None) -> Fields:
    if rule is None:
        return {"id": code}
    says, advice = (_PLACE.sub(_name, text) for text in (rule.says, rule.advice))
    return {
        "id": code,
        "shortDescription": {"text": says},
        "help": {"text": advice},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _name(match: re.Match[str]) -> str:
    return match.group(1).upper()


def _artifact(uri: str, notebook: NotebookReport) -> Fields:
    fields: Fields = {
        "location": {"uri": uri},
        "properties": {"verdict": notebook.verdict, "confidence": notebook.confidence},
    }
    if notebook.sha256:
        fields["hashes"] = {"sha-256": notebook.sha256}
    return fields


def _results(
    notebook: NotebookReport, places: Mapping[str, int], order: Mapping[str, int]
) -> Iterable[Fields]:
    uri = relative_uri(notebook.path)
    artifact: Fields = {"uri": uri, "index": places[uri]}
    # The same thing found twice on equal lines is told apart by its turn.
    turns: Counter[str] = Counter()
    for cell, found in _placed(notebook):
        line = _source_line(cell, found)
        identity = json.dumps([found.code, found.subject, notebook.path, line.strip()])
        turns[identity] += 1
        mark = hashlib.sha256(f"{identity} {turns[identity]}".encode()).hexdigest()
        yield {
            "ruleId": found.code,
            "ruleIndex": order[found.code],
            "level": LEVELS[found.severity],
            "message": {"text": _message(found)},
            "locations": [_location(notebook, artifact, cell, found, line)],
            "partialFingerprints": {FINGERPRINT: mark},
            "properties": {
                "severity": found.severity,
                "subject": found.subject,
                "chain": list(found.chain),
            },
        }


def _placed(notebook: NotebookReport) -> Iterable[tuple[CellReport | None, Finding]]:
    for found in notebook.findings:
        yield None, found
    for cell in notebook.cells:
        for found in cell.findings:
            yield cell, found


def _message(found: Finding) -> str:
    text = f"{say_place(found.location)}{found.message}"
    return show_unseen(f"{text}\nWhat to do: {found.advice}" if found.advice else text)


def _source_line(cell: CellReport | None, found: Finding) -> str:
    if cell is None or found.location.line < 1:
        return ""
    lines = cell.source.splitlines()
    return lines[found.location.line - 1] if found.location.line <= len(lines) else ""


def _location(
    notebook: NotebookReport, artifact: Fields, cell: CellReport | None, found: Finding, line: str
) -> Fields:
    place: Fields = {"physicalLocation": {"artifactLocation": artifact}}
    if region := _region(cell, found, line):
        place["physicalLocation"]["region"] = region
    if cell is not None:
        place["logicalLocations"] = [
            {
                "name": f"cell {cell.index + 1}",
                "fullyQualifiedName": f"{notebook.path}#cell-{cell.index + 1}",
                "kind": "cell",
            }
        ]
        place["properties"] = {
            "cell": cell.index,
            "cellId": cell.id,
            "line": found.location.line,
            "column": found.location.column,
        }
    return place


def _region(cell: CellReport | None, found: Finding, line: str) -> Fields:
    start = found.location.line
    if cell is not None and cell.line:
        # A file of text: the cell's lines are the file's own.
        start = cell.line + max(start - 1, 0)
    if start < 1:
        return {}
    region: Fields = {"startLine": start}
    if found.location.line:
        region["startColumn"] = found.location.column + 1
    if line:
        region["snippet"] = {"text": show_line(line)}
    return region
