"""What became of notebooks that were run, in words, in each form."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from reports import make_report, outcomes

from compat_report.model import Verdict
from compat_report.render.html.pages import render_html
from compat_report.render.json import read_schema, serialize_report
from compat_report.render.outcome import say_outcome, say_trials
from compat_report.render.parse import parse_report
from compat_report.render.text import render_text
from compat_report.reported import End, Outcome

RAN = Outcome(end=End.RUNS, host="node", seconds=1.25, heap=28_000_000)
RAISED = Outcome(end=End.FAILS, host="chromium", reason="OSError: no", cell=1)


@pytest.mark.parametrize(
    ("outcome", "verdict", "said"),
    [
        (RAN, Verdict.BROWSER, "in Node it runs, in 1.2 s with 28.0 MB"),
        (RAN, Verdict.UNKNOWN, "in Node it runs, in 1.2 s with 28.0 MB"),
        (RAN, Verdict.SERVER, "not as foretold: in Node it runs, in 1.2 s with 28.0 MB"),
        (RAISED, Verdict.SERVER, "in Chromium it fails in cell 2: OSError: no"),
        (RAISED, Verdict.BROWSER, "not as foretold: in Chromium it fails in cell 2: OSError: no"),
        (
            Outcome(end=End.UNTESTED, host="node", reason="numpy is away", cell=0),
            Verdict.BROWSER,
            "in Node it could not be tried: numpy is away",
        ),
    ],
)
def test_one_line(outcome: Outcome, verdict: Verdict, said: str) -> None:
    assert say_outcome(outcome, verdict) == said


@given(outcomes)
def test_of_any_outcome_it_is_one_line(outcome: Outcome) -> None:
    assert len(say_outcome(outcome, Verdict.BROWSER).splitlines()) == 1


def test_the_runs_of_a_report() -> None:
    easy, threads, garbled, orders = make_report().notebooks
    tried = [
        replace(easy, outcome=RAN),
        replace(threads, outcome=RAN),
        replace(garbled, outcome=RAISED),
        orders,
    ]
    said = "1 ended as foretold, 1 otherwise; 1 could not be told or not be tried"
    assert say_trials(tried) == said
    assert say_trials(make_report().notebooks) == ""


def test_it_is_in_each_form() -> None:
    report = make_report()
    first, *others = report.notebooks
    raised = replace(RAISED, reason="OSError: <b>\x1b[31m no")
    tried = replace(report, notebooks=(replace(first, outcome=raised), *others))
    shown = "it fails in cell 2: OSError: <b>\\x1b[31m no"
    for width in (60, 200):
        text = " ".join(render_text(tried, width=width).split())
        assert shown in text
        assert "0 ended as foretold, 1 otherwise" in text
    page = render_html([tried])
    assert "it fails in cell 2: OSError: &lt;b&gt;\\x1b[31m no" in page
    document = json.loads(serialize_report(tried))
    Draft202012Validator(read_schema()).validate(document)
    assert list(document["notebooks"][0]["outcome"]) == list(
        read_schema()["$defs"]["outcome"]["properties"]
    )
    assert document["notebooks"][1]["outcome"] is None
    assert parse_report(serialize_report(tried)) == tried


def test_a_document_from_before_outcomes_is_read() -> None:
    document = json.loads(serialize_report(make_report()))
    for notebook in document["notebooks"]:
        del notebook["outcome"]
    assert parse_report(json.dumps(document).encode()) == make_report()


def test_the_schema_has_every_end() -> None:
    assert set(read_schema()["$defs"]["outcome"]["properties"]["end"]["enum"]) == set(End)
