"""SARIF that its schema accepts, with places and fingerprints that stay."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from reports import SHELL, make_notebook, make_report, reports

from compat_report.model import Verdict
from compat_report.render.sarif import LEVELS, relative_uri, serialize_sarif
from compat_report.reported import NotebookReport, Report
from porter.home import Home
from porter.npm import fetch_npm_package

# The package carries the schema of the standard as it was published.
SCHEMA = "pkg:npm/%40microsoft/jest-sarif@1.0.0-beta.0"
SCHEMA_INTEGRITY = "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A=="

type Check = Callable[[bytes], dict[str, Any]]


@pytest.fixture(scope="module")
def check(home: Home, env: dict[str, str]) -> Check:
    """The one run of a document that the schema accepts."""
    folder = fetch_npm_package(
        SCHEMA, integrity=SCHEMA_INTEGRITY, home=home, into=home.downloads, env=env
    )
    text = (folder / "lib/schemas/sarif-2.1.0-rtm.5.json").read_text("utf-8")
    validator = Draft4Validator(json.loads(text))

    def validate(data: bytes) -> dict[str, Any]:
        document = json.loads(data)
        assert list(validator.iter_errors(document)) == []
        run: dict[str, Any] = document["runs"][0]
        return run

    return validate


@settings(max_examples=15)
@given(report=reports)
def test_every_report_follows_the_standards_schema(check: Check, report: Report) -> None:
    run = check(serialize_sarif([report]))
    assert len(run["results"]) == sum(len(n.all_findings) for n in report.notebooks)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_run_for_each_platform() -> None:
    reports = [make_report("0.29.5"), make_report("314.0.7")]
    document = json.loads(serialize_sarif(reports, version="1.2.3"))
    assert [run["automationDetails"]["id"] for run in document["runs"]] == [
        "porter-report/0.29.5/",
        "porter-report/314.0.7/",
    ]
    assert document["runs"][0]["tool"]["driver"]["version"] == "1.2.3"


def test_a_result_has_its_place_its_level_and_its_help(check: Check) -> None:
    run = check(serialize_sarif([make_report()]))
    by_rule = {result["ruleId"]: result for result in run["results"]}
    thread = by_rule["thread"]
    assert thread["level"] == "error"
    assert thread["message"]["text"].startswith("cell 2, line 2: threading.Thread: ")
    assert "What to do: do without threading.Thread" in thread["message"]["text"]
    [place] = thread["locations"]
    physical = place["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "jobs/threads.ipynb"
    assert physical["region"] == {
        "startLine": 2,
        "startColumn": 1,
        "snippet": {"text": "t = threading.Thread(target=work)"},
    }
    assert place["logicalLocations"][0]["name"] == "cell 2"
    assert place["properties"] == {"cell": 1, "cellId": "c1", "line": 2, "column": 0}
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    garbled = rules["unreadable-cell"]
    assert garbled["shortDescription"]["text"].endswith("as Python: DETAIL")
    assert garbled["help"]["text"]
    assert garbled["defaultConfiguration"]["level"] == "warning"
    assert {result["level"] for result in run["results"]} <= set(LEVELS.values())
    assert run["artifacts"][1]["hashes"] == {"sha-256": "5" * 64}


def test_lines_of_a_file_of_text_are_the_files(check: Check) -> None:
    notebook = make_notebook("plain.py", Verdict.SERVER, ("import os", "os.system('ls')"), SHELL)
    cells = tuple(replace(cell, line=10 * (cell.index + 1)) for cell in notebook.cells)
    report = replace(make_report(), notebooks=(replace(notebook, cells=cells),))
    [result] = check(serialize_sarif([report]))["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 20


def marks(notebook: NotebookReport) -> list[str]:
    report = replace(make_report(), notebooks=(notebook,))
    run = json.loads(serialize_sarif([report]))["runs"][0]
    return [result["partialFingerprints"]["porterFinding/v1"] for result in run["results"]]


def test_a_fingerprint_survives_cells_above_and_tells_findings_apart() -> None:
    notebook = make_report().notebooks[0]
    before, after = notebook.cells
    moved = replace(
        after,
        index=7,
        findings=tuple(replace(f, location=replace(f.location, cell=7)) for f in after.findings),
    )
    assert marks(notebook) == marks(replace(notebook, cells=(before, before, moved)))
    twice = marks(replace(notebook, cells=(after, moved)))
    assert len(set(twice)) == 2
    other = replace(after, source=after.source.replace("ls", "rm"))
    assert marks(replace(notebook, cells=(before, other))) != marks(notebook)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/b.ipynb", "a/b.ipynb"),
        ("été 100%.ipynb", "%C3%A9t%C3%A9%20100%25.ipynb"),
        ("c:d.ipynb", "c%3Ad.ipynb"),
        ("a?b#c.ipynb", "a%3Fb%23c.ipynb"),
        ("/srv/x.ipynb", "file:///srv/x.ipynb"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("half\ud800.ipynb", "half%3F.ipynb"),
    ],
)
def test_paths_are_uris(path: str, uri: str) -> None:
    assert relative_uri(path) == uri
    assert urlsplit(uri).scheme in ("", "file")
    assert unquote(urlsplit(uri).path) == path.replace("\ud800", "?")
