from collections.abc import Iterable, Mapping

from compat_report.check import PORTABLE
from compat_report.model import Finding, Location, Severity, Verdict
from compat_report.ranking import Ranking
from compat_report.reported import Candidate, NotebookReport


def blocked(path: str, *projects: str, more: str = "") -> NotebookReport:
    findings = [
        Finding(
            code=code,
            severity=Severity.SERVER,
            location=Location(path=path),
            subject=subject,
            message="",
            advice="",
        )
        for code, subject in [(min(PORTABLE), project) for project in projects]
        + ([(more, "x")] if more else [])
    ]
    return NotebookReport(
        path=path,
        sha256="",
        verdict=Verdict.SERVER,
        confidence=1.0,
        findings=tuple(findings),
        blockers=projects,
    )


def rank(
    notebooks: Iterable[NotebookReport], runs: Mapping[str, float] | None = None
) -> tuple[Candidate, ...]:
    ranking = Ranking(runs=runs or {})
    for notebook in notebooks:
        ranking.count(notebook)
    return ranking.best()


def test_those_that_unblock_most_come_first() -> None:
    notebooks = [
        blocked("a", "polars"),
        blocked("b", "polars", "fiona"),
        blocked("c", "fiona"),
        blocked("d", "fiona"),
        blocked("e", "polars", more="thread"),
    ]
    assert [(c.project, c.unblocks, c.blocks) for c in rank(notebooks)] == [
        ("fiona", 2, 3),
        ("polars", 1, 3),
    ]


def test_runs_weigh() -> None:
    notebooks = [blocked("a", "polars"), blocked("c", "fiona"), blocked("d", "fiona")]
    ranked = rank(notebooks, {"a": 30.0, "c": 0.0})
    assert [(c.project, c.weight) for c in ranked] == [("polars", 30.0), ("fiona", 1.0)]


def test_a_notebook_that_runs_counts_nothing() -> None:
    runs = NotebookReport(path="a", sha256="", verdict=Verdict.BROWSER, confidence=1.0)
    assert rank([runs]) == ()


def test_the_command_to_begin_with() -> None:
    [candidate] = rank([blocked("a", "polars")])
    assert candidate.command == "porter new polars --from pkg:pypi/polars"
