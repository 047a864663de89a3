from collections.abc import Mapping, Sequence

import pytest

from compat_report.catalog.model import Origin, Problem, Provided, Resolution, State
from compat_report.check import Known, check_notebook, judge_import, trust, wanted
from compat_report.model import (
    Cell,
    CellFacts,
    CellKind,
    Facts,
    Finding,
    Guard,
    Import,
    Location,
    Notebook,
    Requirement,
    Severity,
    Verdict,
)
from compat_report.reported import Footprint, ResolvedFile

AT = Location(path="a.ipynb", cell=0, line=1)
WORKS = Provided(name="json", state=State.WORKS, origin=Origin.STDLIB)
NUMPY = Provided(name="numpy", state=State.WORKS, origin=Origin.LOCK, project="numpy")
POLARS = Provided(
    name="polars", state=State.MISSING, origin=Origin.PYPI, project="polars", detail="none for it"
)
RESOURCE = Provided(name="resource", state=State.MISSING, origin=Origin.STDLIB)
ACME = Provided(name="acme", state=State.UNKNOWN)


def make_finding(
    severity: Severity, cell: int | None = 0, code: str = "unreadable-cell"
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        location=Location(path="a.ipynb", cell=cell, line=1),
        subject="it",
        message="so it is",
        advice="mend it",
    )


def make_facts(
    imports: Sequence[Import] = (),
    requirements: Sequence[Requirement] = (),
    findings: Sequence[Finding] = (),
) -> Facts:
    cells = (
        Cell(index=0, kind=CellKind.CODE, source="x"),
        Cell(index=1, kind=CellKind.MARKDOWN, source="y"),
    )
    return Facts(
        notebook=Notebook(path="a.ipynb", format="ipynb", sha256="0" * 64, cells=cells),
        cells=(
            CellFacts(
                index=0,
                imports=tuple(imports),
                requirements=tuple(requirements),
                findings=tuple(findings),
            ),
        ),
    )


def known(facts: Facts, *provided: Provided, problems: Sequence[Problem] = ()) -> Known:
    by_name: Mapping[str, Provided] = {answer.name: answer for answer in provided}
    return Known(facts=facts, provided=by_name, resolution=Resolution(problems=tuple(problems)))


def asks(name: str, guard: Guard = Guard.NONE) -> Import:
    return Import(name=name, location=AT, guard=guard)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (WORKS, None),
        (NUMPY, None),
        (POLARS, "no-wheel"),
        (RESOURCE, "removed-from-runtime"),
        (ACME, "unknown-project"),
        (Provided(name="shelve", state=State.BROKEN, origin=Origin.STDLIB), "broken-module"),
        (Provided(name="nowhere", state=State.MISSING), "missing-module"),
    ],
)
def test_each_state_of_an_import(answer: Provided, code: str | None) -> None:
    found = judge_import(asks(answer.name), answer)
    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("guard", "severity"),
    [
        (Guard.NONE, Severity.SERVER),
        (Guard.LAZY, Severity.WARNING),
        (Guard.OPTIONAL, Severity.INFO),
        (Guard.ELSEWHERE, Severity.INFO),
        (Guard.TYPING, Severity.INFO),
    ],
)
def test_a_guard_takes_the_weight_off_an_import(guard: Guard, severity: Severity) -> None:
    found = judge_import(asks("resource", guard), RESOURCE)
    assert found is not None
    assert found.severity is severity


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        ((), Verdict.BROWSER),
        ((Severity.INFO, Severity.WARNING), Verdict.BROWSER),
        ((Severity.UNKNOWN, Severity.WARNING), Verdict.UNKNOWN),
        ((Severity.UNKNOWN, Severity.SERVER), Verdict.SERVER),
    ],
)
def test_the_gravest_finding_decides(severities: Sequence[Severity], verdict: Verdict) -> None:
    facts = make_facts(findings=[make_finding(s, code=f"c{n}") for n, s in enumerate(severities)])
    report = check_notebook(known(facts))
    assert report.verdict is verdict
    assert report.cells[0].verdict is verdict
    assert report.cells[1].verdict is None


def test_what_is_of_no_cell_counts_for_the_notebook() -> None:
    facts = make_facts()
    report = check_notebook(
        Known(facts=facts, provided={}, sizes=(make_finding(Severity.SERVER, cell=None),))
    )
    assert report.verdict is Verdict.SERVER
    assert report.cells[0].verdict is Verdict.BROWSER
    assert [finding.code for finding in report.findings] == ["unreadable-cell"]


def test_a_port_is_what_would_change_it() -> None:
    report = check_notebook(known(make_facts([asks("polars")]), POLARS))
    assert report.blockers == ("polars",)
    assert report.changes == ("port polars: nothing else is in the way",)


def test_a_project_that_no_port_helps_is_no_blocker() -> None:
    facts = make_facts([asks("polars")])
    report = check_notebook(
        Known(facts=facts, provided={"polars": POLARS}, portable=lambda name: name != "polars")
    )
    assert report.verdict is Verdict.SERVER
    assert report.blockers == ()
    assert len(report.changes) == 1


def test_a_missing_link_is_told_where_the_chain_begins() -> None:
    geo = Requirement(name="Geo_Pandas", text="geo-pandas>1", tool="pip", location=AT)
    problem = Problem(code="no-wheel", project="fiona", chain=("geo-pandas>1", "fiona"))
    report = check_notebook(known(make_facts(requirements=[geo]), problems=[problem]))
    [found] = report.all_findings
    assert (found.location, found.chain) == (AT, ("geo-pandas>1", "fiona"))
    assert report.blockers == ("fiona",)


def test_what_the_policy_does_not_accept_is_gone() -> None:
    facts = make_facts([asks("polars")])
    report = check_notebook(known(facts, POLARS), accept=lambda _: None)
    assert report.verdict is Verdict.BROWSER
    assert report.all_findings == ()


def test_lines_come_before_imports_and_guarded_ones_ask_for_nothing() -> None:
    pinned = Requirement(name="numpy", text="numpy<2", tool="pip", location=AT)
    optional = Provided(name="rich", state=State.WORKS, origin=Origin.PYPI, project="rich")
    six = Provided(name="six", state=State.WORKS, origin=Origin.PYPI, project="six")
    facts = make_facts(
        [asks("numpy"), asks("rich", Guard.OPTIONAL), asks("six"), asks("json"), asks("polars")],
        [pinned],
    )
    provided = {a.name: a for a in (NUMPY, optional, six, WORKS, POLARS)}
    assert wanted(facts, provided) == ("numpy<2", "six")


def test_confidence() -> None:
    doubt, reason = make_finding(Severity.WARNING), make_finding(Severity.SERVER)
    assert trust([], Verdict.BROWSER) == 0.99
    assert trust([doubt, doubt], Verdict.BROWSER) == 0.96
    assert trust([], Verdict.BROWSER, footprint=0.5) < trust([], Verdict.BROWSER)
    assert trust([reason], Verdict.SERVER) == 0.95
    assert trust([reason, make_finding(Severity.SERVER, code="another")], Verdict.SERVER) == 0.99
    assert trust([], Verdict.UNKNOWN) == 0.5


def test_what_would_be_installed_is_told() -> None:
    file = ResolvedFile(name="six", version="1", filename="six-1-py3-none-any.whl", origin="pypi")
    footprint = Footprint(low=1, high=2, confidence=0.9)
    report = check_notebook(
        Known(
            facts=make_facts(),
            provided={},
            resolution=Resolution(files=(file,)),
            footprint=footprint,
        )
    )
    assert report.requirements == (file,)
    assert report.footprint == footprint
