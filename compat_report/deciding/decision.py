"""A notebook's report → the decision which kernel it is opened with; pure."""

from collections.abc import Iterable, Iterator

from compat_report.deciding.document import identified
from compat_report.deciding.model import (
    DecidedCell,
    KernelDecision,
    MadeFrom,
    Needs,
    Pin,
    Reason,
)
from compat_report.model import Finding, Notebook, Severity, Verdict
from compat_report.policy import Policy
from compat_report.reported import Footprint, NotebookReport
from porter.platform import Platform


def make_decision(
    notebook: Notebook,
    report: NotebookReport,
    *,
    policy: Policy,
    platform: Platform,
    record: MadeFrom,
    lock_file: str | None = None,
) -> KernelDecision:
    """The decision; `lock_file` is the address of a lock file for what the report requires."""
    in_browser = report.verdict is Verdict.BROWSER
    decision = KernelDecision(
        id="",
        path=notebook.path,
        verdict=report.verdict,
        confidence=report.confidence,
        kernel=policy.browser_kernel if in_browser else policy.server_kernel,
        author_kernel=notebook.kernel,
        platform=platform.name,
        requirements=tuple(
            Pin(requirement=str(file), origin=file.origin) for file in report.requirements
        ),
        lock_file=lock_file,
        cells=tuple(
            DecidedCell(
                index=cell.index,
                id=cell.id,
                backend=cell.verdict,
                reasons=tuple(dict.fromkeys(f.code for f in _counting(cell.findings))),
            )
            for cell in report.cells
            if cell.verdict is not None
        ),
        reasons=tuple(_reason(finding) for finding in _counting(report.all_findings)),
        changes=report.changes,
        footprint=_needs(report.footprint),
        made_from=record,
    )
    return identified(decision)


def _counting(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (finding for finding in findings if finding.severity is not Severity.INFO)


def _reason(finding: Finding) -> Reason:
    place = finding.location
    return Reason(
        code=finding.code,
        severity=finding.severity,
        message=finding.message,
        advice=finding.advice,
        cell=place.cell,
        id=place.id,
        line=place.line,
    )


def _needs(footprint: Footprint) -> Needs:
    return Needs(
        low=footprint.low,
        high=footprint.high,
        confidence=footprint.confidence,
        download=footprint.download,
        data=footprint.data,
    )
