"""What runs taught: which cells it is about, and what it does to their verdict."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.catalog.open import open_catalog
from compat_report.deciding.contradicted import (
    Contradiction,
    Failed,
    digest_contradictions,
    digest_source,
    find_contradicted,
    matching,
)
from compat_report.model import Cell, CellKind, Notebook, Severity, Verdict
from compat_report.policy import parse_policy
from compat_report.report import Reporter
from compat_report.select import Selector
from porter.home import Home
from porter.platform import read_platform

NOTEBOOK = Notebook(
    path="a.ipynb",
    format="",
    sha256="",
    cells=(
        Cell(index=0, kind=CellKind.MARKDOWN, source="x = 1"),
        Cell(index=1, kind=CellKind.CODE, source="x = 1", id="one"),
        Cell(index=2, kind=CellKind.CODE, source="print(x)", id="two"),
    ),
)


def told(catalogue: str = "c", **more: Any) -> Contradiction:
    fields = {"cell": digest_source("print(x)"), "failed": Failed.IMPORT, "subject": "a.b"}
    return Contradiction(**{**fields, "catalogue": catalogue, **more})


@pytest.fixture(scope="module")
def reporter(home: Home) -> Iterator[Reporter]:
    opened = open_catalog(read_platform("0.29"), home=home, env=dict(os.environ), public=False)
    yield Reporter(
        platform="0.29", kernel=opened.kernel.name, catalog=opened, policy=parse_policy({})
    )
    opened.close()


def test_it_is_about_code_of_this_source_and_this_catalogue() -> None:
    other = told(cell=digest_source("print(y)"))
    elsewhere = told("d")
    assert matching(NOTEBOOK, [other, told(), elsewhere], catalogue="c") == (told(),)
    found = find_contradicted(NOTEBOOK, [told()])
    assert [(one.location.cell, one.location.id, one.subject) for one in found] == [
        (2, "two", "a.b")
    ]
    assert found[0].message == "this cell failed in a browser once: `a.b` could not be imported"
    memory = find_contradicted(NOTEBOOK, [told(failed=Failed.MEMORY, subject="", count=2)])
    assert memory[0].message == (
        "this cell failed in a browser 2 times: there was not enough memory"
    )


def test_what_failed_often_is_not_judged_to_run_any_more() -> None:
    severities = [find_contradicted(NOTEBOOK, [told(count=n)])[0].severity for n in (1, 2, 3, 9)]
    assert severities == [Severity.WARNING] * 2 + [Severity.UNKNOWN] * 2


def test_a_decision_is_less_sure_and_says_what_it_is_made_from(reporter: Reporter) -> None:
    selector = Selector(reporter)
    before = selector.decide(NOTEBOOK)
    catalogue = before.made_from.catalogue
    once = selector.decide(NOTEBOOK, told=[told(catalogue)])
    assert (before.verdict, once.verdict) == (Verdict.BROWSER, Verdict.BROWSER)
    assert once.confidence < before.confidence
    assert [reason.code for reason in once.reasons] == ["proved-wrong"]
    assert once.cells[1].reasons == ("proved-wrong",)
    assert once.made_from.contradictions != before.made_from.contradictions
    often = selector.decide(NOTEBOOK, told=[told(catalogue, count=3)])
    assert (often.verdict, often.kernel) == (Verdict.UNKNOWN, "python3")
    # What is about others changes nothing, not even the id.
    assert selector.decide(NOTEBOOK, told=[told("other")]) == before
    assert before.made_from.contradictions == digest_contradictions([])


def test_a_policy_has_the_last_word(reporter: Reporter) -> None:
    allow = parse_policy({"allow": {"codes": ["proved-wrong"]}})
    selector = Selector(
        Reporter(platform="0.29", kernel=reporter.kernel, catalog=reporter.catalog, policy=allow)
    )
    before = selector.decide(NOTEBOOK)
    after = selector.decide(NOTEBOOK, told=[told(before.made_from.catalogue, count=9)])
    assert (after.verdict, after.confidence) == (before.verdict, before.confidence)


@given(st.text())
def test_any_source_has_a_digest(source: str) -> None:
    assert len(digest_source(source)) == 64
    assert len(digest_source(source + "\ud800")) == 64
