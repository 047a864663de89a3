"""The document follows its schema, comes back as it was, and is written as it is made."""

import json
import re
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from reports import make_report, reports

from compat_report.model import Severity, Verdict
from compat_report.render.json import iter_report, read_schema, serialize_report, write_report
from compat_report.render.parse import BadReport, parse_report, parse_reports
from compat_report.render.write import serialize_reports
from compat_report.reported import Candidate, NotebookReport, Report

NAMES = {"platform": "0.29.5", "pyodide": "0.29.5", "kernel": "pyodide"}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(read_schema())


@settings(max_examples=60)
@given(reports)
def test_every_report_follows_the_schema_and_comes_back(report: Report) -> None:
    data = serialize_report(report)
    Draft202012Validator(read_schema()).validate(json.loads(data))
    assert parse_report(data) == report


def test_the_schema_refuses_what_it_does_not_know() -> None:
    document = json.loads(serialize_report(make_report()))
    check = Draft202012Validator(read_schema())
    check.validate(document)
    document["notebooks"][0]["verdict"] = "maybe"
    document["notebooks"][1]["cells"][0]["colour"] = "red"
    document["totals"]["browser"] = -1
    assert len(list(check.iter_errors(document))) == 3


def test_keys_and_notebooks_have_their_order() -> None:
    report = make_report()
    document = json.loads(serialize_report(report))
    assert list(document) == [
        "platform",
        "pyodide",
        "kernel",
        "version",
        "notebooks",
        "port_next",
        "totals",
    ]
    assert [n["path"] for n in document["notebooks"]] == [n.path for n in report.notebooks]
    assert document["totals"] == {"notebooks": 4, "browser": 1, "server": 2, "unknown": 1}
    assert serialize_report(report) == serialize_report(parse_report(serialize_report(report)))


def in_order(value: object, schema: Mapping[str, Any]) -> int:
    """How many objects there are, each with the keys of the schema in its order."""
    schema = read_schema()["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    if isinstance(value, list):
        return sum(in_order(item, schema["items"]) for item in value)
    if not isinstance(value, dict):
        return 0
    assert list(value) == list(schema["properties"])
    return 1 + sum(in_order(value[key], schema["properties"][key]) for key in value)


def test_every_key_is_where_the_schema_has_it() -> None:
    document = json.loads(serialize_report(make_report()))
    assert in_order(document, read_schema()) == 38


def test_each_notebook_is_a_line() -> None:
    lines = serialize_report(make_report()).decode().splitlines()
    assert [json.loads(line.rstrip(","))["path"] for line in lines[1:4]] == [
        "easy/mean.ipynb",
        "jobs/threads.ipynb",
        "old/py2.ipynb",
    ]


def test_text_that_is_not_unicode_and_numbers_past_64_bits_are_written() -> None:
    notebook = make_report().notebooks[0]
    broken = replace(
        notebook,
        changes=("half \ud800 a pair",),
        footprint=replace(notebook.footprint, high=10**30),
    )
    data = serialize_report(replace(make_report(), notebooks=(broken,)))
    [read] = parse_report(data).notebooks
    assert read.changes == ("half \ufffd a pair",)
    assert read.footprint.high == 10**30


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"version": 1}',
        b'{"version": 2}',
        b'{"version": "1"}',
        b'{"version": 1, "platform": "", "pyodide": "", "kernel": "", "notebooks": [{"path": ""}]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(BadReport) as caught:
        parse_report(data)
    assert caught.value.exit_code == 4
    assert caught.value.advice


def test_memory_stays_flat_while_it_is_written() -> None:
    notebook = make_report().notebooks[1]

    def many(count: int) -> Iterator[NotebookReport]:
        for number in range(count):
            yield replace(notebook, path=f"{number}.ipynb")

    def height(count: int) -> int:
        tracemalloc.start()
        size = sum(len(part) for part in iter_report(many(count), (), **NAMES))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert size > count * 500
        return peak

    assert height(5000) < height(50) + 100_000


def test_what_to_port_is_asked_for_last(tmp_path: Path) -> None:
    seen: list[str] = []

    def going_by() -> Iterator[NotebookReport]:
        for notebook in make_report().notebooks:
            seen.append(notebook.path)
            yield notebook

    def candidates() -> Iterator[Candidate]:
        yield Candidate(project=f"after-{len(seen)}", unblocks=1, blocks=1, weight=1.0)

    write_report(tmp_path / "report.json", going_by(), candidates(), **NAMES)
    report = parse_report((tmp_path / "report.json").read_bytes())
    assert [candidate.project for candidate in report.port_next] == ["after-4"]


def test_nothing_is_there_when_a_notebook_fails(tmp_path: Path) -> None:
    def failing() -> Iterator[NotebookReport]:
        yield make_report().notebooks[0]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_report(tmp_path / "report.json", failing(), (), **NAMES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_several_reports_are_a_list(count: int) -> None:
    reports = [make_report(f"{number}.0") for number in range(count)]
    data = serialize_reports(reports, "json")
    assert parse_reports(data) == tuple(reports)
    if count != 1:
        assert isinstance(json.loads(data), list)
        with pytest.raises(BadReport, match=f"{count} reports"):
            parse_report(data)


@pytest.mark.parametrize("low", [1, 2**80])
def test_keys_have_their_order_whichever_way_they_are_written(low: int) -> None:
    notebook = make_report().notebooks[1]
    sized = replace(notebook, footprint=replace(notebook.footprint, low=low))
    document = json.loads(serialize_report(replace(make_report(), notebooks=(sized,))))
    in_order(document, read_schema())
    [read] = document["notebooks"]
    assert read["footprint"]["low"] == low
    assert read["cells"][1]["findings"][0]["severity"] == "server"


def test_the_page_of_the_schema_tells_every_key_in_its_order() -> None:
    folder = Path(__file__).parents[3] / "docs/reference"
    page = (folder / "report-json.md").read_text("utf-8")
    schema = read_schema()
    assert json.loads((folder / "report.schema.json").read_text("utf-8")) == schema
    sections = dict(re.findall(r"^## ([\w ]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    objects = {name: it for name, it in schema["$defs"].items() if "properties" in it}
    objects |= {"The document": schema, "totals": schema["properties"]["totals"]}
    for name, it in objects.items():
        told = re.findall(r"^\| `(\w+)` \|", sections[name], re.MULTILINE)
        assert told == list(it["properties"]), name
        assert it["required"] == told
    for name, values in (("verdict", Verdict), ("severity", Severity)):
        told = re.findall(r"^\| `(\w+)` \|", sections[name], re.MULTILINE)
        assert set(told) == set(values) == set(schema["$defs"][name]["enum"])
