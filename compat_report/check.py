"""From all that is known of a notebook to its verdict; pure.

A cell runs on a server when one finding says that it must, is unknown when one says that it cannot
be told, and else runs in a browser; a notebook is as its cells are, and as what it installs is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from compat_report.catalog.model import Origin, Problem, Provided, Resolution, State
from compat_report.model import CellKind, Facts, Finding, Guard, Import, Location, Severity, Verdict
from compat_report.reported import CellReport, Footprint, NotebookReport
from compat_report.rules import find

# A port could cure these: their chain's end is the project that is missing.
PORTABLE = frozenset(("no-wheel", "sdist-only"))
# How far one finding that decides, and one that does not, are to be trusted.
SURE = 0.95
DOUBT = 0.97
MOST = 0.99
UNTOLD = 0.5

type Accept = Callable[[Finding], Finding | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that was found out about one notebook.

    `provided` has every import by its name; `apis` are findings of what is used, `sizes` those
    of memory and data; `portable` says whether a port of a project could help at all.
    """

    facts: Facts
    provided: Mapping[str, Provided]
    resolution: Resolution = field(default_factory=Resolution)
    apis: tuple[Finding, ...] = ()
    footprint: Footprint = field(default_factory=Footprint)
    sizes: tuple[Finding, ...] = ()
    portable: Callable[[str], bool] = lambda _: True


def wanted(facts: Facts, provided: Mapping[str, Provided]) -> tuple[str, ...]:
    """The requirements of a notebook: what its lines ask for, then what its imports need.

    Imports that nothing depends on (guarded ones, and those only read by type checkers) are left
    out, and so is what a line has asked for already.
    """
    texts: dict[str, str] = {}
    for cell in facts.cells:
        for requirement in cell.requirements:
            texts.setdefault(
                canonicalize_name(requirement.name or requirement.text), requirement.text
            )
    for cell in facts.cells:
        for imported in cell.imports:
            answer = provided[imported.name]
            if _counts(imported) and answer.project and answer.state is State.WORKS:
                texts.setdefault(canonicalize_name(answer.project), answer.project)
    return tuple(texts.values())


def check_notebook(known: Known, accept: Accept = lambda finding: finding) -> NotebookReport:
    """The report on one notebook; `accept` is the policy's say on each finding."""
    notebook = known.facts.notebook
    by_cell: dict[int | None, list[Finding]] = {}
    for finding in _find_all(known):
        accepted = accept(finding)
        if accepted is not None:
            by_cell.setdefault(accepted.location.cell, []).append(accepted)
    cells = []
    for cell in notebook.cells:
        placed = by_cell.pop(cell.index, None)
        found = sort_findings(placed) if placed else ()
        verdict = judge(found) if found or cell.kind is CellKind.CODE else None
        # Most cells have nothing to tell: what `trust` says of them is known.
        clean = MOST if verdict else 1.0
        cells.append(
            CellReport(
                index=cell.index,
                kind=cell.kind,
                id=cell.id,
                line=cell.line,
                verdict=verdict,
                confidence=trust(found, verdict) if verdict and found else clean,
                findings=found,
                source=cell.source,
            )
        )
    own = sort_findings(finding for findings in by_cell.values() for finding in findings)
    everything = (*own, *(finding for cell in cells for finding in cell.findings))
    verdict = judge(everything)
    return NotebookReport(
        path=notebook.path,
        sha256=notebook.sha256,
        verdict=verdict,
        confidence=trust(everything, verdict, known.footprint.confidence),
        cells=tuple(cells),
        findings=own,
        requirements=known.resolution.files,
        footprint=known.footprint,
        blockers=find_blockers(everything, known.portable),
        changes=tell_changes(everything, known.portable),
    )


def judge(findings: Iterable[Finding]) -> Verdict:
    """What findings together say."""
    severities = {finding.severity for finding in findings}
    if Severity.SERVER in severities:
        return Verdict.SERVER
    return Verdict.UNKNOWN if Severity.UNKNOWN in severities else Verdict.BROWSER


def trust(findings: Sequence[Finding], verdict: Verdict, footprint: float = 1.0) -> float:
    """How far a verdict is to be trusted, 0 to 1, to two digits.

    Reasons for a server add up, doubts about a browser multiply; what is the same reason at
    several places counts once.
    """
    if verdict is Verdict.UNKNOWN:
        return UNTOLD
    if verdict is Verdict.SERVER:
        count = len(_reasons(findings, Severity.SERVER))
        return round(min(MOST, 1 - (1 - SURE) ** count), 2)
    doubts = len(_reasons(findings, Severity.WARNING))
    # Memory is a doubt only as far as it is estimated: half of one for what is not known at all.
    return round(MOST * DOUBT**doubts * (1 + footprint) / 2, 2)


def find_blockers(findings: Iterable[Finding], portable: Callable[[str], bool]) -> tuple[str, ...]:
    """Projects that stand in the way and that a port could bring, by name."""
    return tuple(
        sorted(
            {
                finding.subject
                for finding in findings
                if finding.code in PORTABLE
                and finding.severity is Severity.SERVER
                and portable(finding.subject)
            }
        )
    )


def tell_changes(findings: Iterable[Finding], portable: Callable[[str], bool]) -> tuple[str, ...]:
    """What would change the verdict, in sentences: ports first, then each other reason's advice."""
    findings = tuple(findings)
    deciding = [f for f in findings if f.severity in (Severity.SERVER, Severity.UNKNOWN)]
    blockers = find_blockers(findings, portable)
    told: dict[str, None] = {}
    if blockers:
        names = ", ".join(blockers)
        rest = [f for f in deciding if f.subject not in blockers]
        told[f"port {names}" + ("" if rest else ": nothing else is in the way")] = None
    for finding in deciding:
        if finding.subject not in blockers:
            told[finding.advice] = None
    return tuple(told)


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By place, then by code; what is told twice of one place is told once."""
    unique = {(f.code, f.subject, f.location): f for f in findings}
    return tuple(
        sorted(
            unique.values(), key=lambda f: (f.location.line, f.location.column, f.code, f.subject)
        )
    )


def _find_all(known: Known) -> Iterator[Finding]:
    facts = known.facts
    yield from facts.notebook.findings
    for cell in facts.cells:
        yield from cell.findings
        for imported in cell.imports:
            finding = judge_import(imported, known.provided[imported.name])
            if finding is not None:
                yield finding
    yield from judge_problems(facts, known.provided, known.resolution.problems)
    yield from known.apis
    yield from known.sizes


def judge_import(imported: Import, answer: Provided) -> Finding | None:
    """What is to say of one import; a guarded one sinks no notebook."""
    if answer.state is State.WORKS:
        return None
    subject = answer.project or answer.name
    match answer:
        case Provided(state=State.BROKEN):
            code, subject = "broken-module", answer.name
        case Provided(state=State.UNKNOWN):
            code = "unknown-project"
        case Provided(origin=Origin.STDLIB):
            code, subject = "removed-from-runtime", answer.name
        case Provided(project=None):
            code = "missing-module"
        case _:
            code = "no-wheel"
    finding = find(code, imported.location, subject, name=imported.name, detail=answer.detail)
    return _soften(finding, imported.guard)


def judge_problems(
    facts: Facts, provided: Mapping[str, Provided], problems: Iterable[Problem]
) -> Iterator[Finding]:
    """What cannot be installed, each where it is asked for."""
    places = _places(facts, provided)
    for problem in problems:
        asked = problem.chain[0] if problem.chain else problem.project
        location = places.get(_name_of(asked), Location(path=facts.notebook.path))
        yield find(
            problem.code,
            location,
            problem.project,
            chain=problem.chain,
            detail=problem.detail,
            name=problem.project,
        )


def _places(facts: Facts, provided: Mapping[str, Provided]) -> dict[str, Location]:
    """Where each project is asked for first, by its normalised name."""
    places: dict[str, Location] = {}
    for cell in facts.cells:
        for requirement in cell.requirements:
            places.setdefault(canonicalize_name(requirement.name), requirement.location)
            places.setdefault(_name_of(requirement.text), requirement.location)
        for imported in cell.imports:
            if project := provided[imported.name].project:
                places.setdefault(canonicalize_name(project), imported.location)
    return places


def _name_of(text: str) -> str:
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return text


def _counts(imported: Import) -> bool:
    return imported.guard in (Guard.NONE, Guard.LAZY)


def _soften(finding: Finding, guard: Guard) -> Finding:
    match guard:
        case Guard.NONE:
            return finding
        case Guard.LAZY:
            return replace(finding, severity=Severity.WARNING)
        case _:
            return replace(finding, severity=Severity.INFO)


def _reasons(findings: Iterable[Finding], severity: Severity) -> set[tuple[str, str]]:
    return {(f.code, f.subject) for f in findings if f.severity is severity}
