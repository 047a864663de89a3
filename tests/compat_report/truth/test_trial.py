"""`porter report --run` as a person meets it, and how right the report is on the whole corpus."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from notebooks.corpus import read_expected
from running import run_porter

from compat_report.model import Verdict
from compat_report.render.parse import parse_report
from compat_report.reported import End, NotebookReport
from compat_report.truth.accuracy import Accuracy, Trial
from porter.home import Home

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def load_program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("report_accuracy", DOCS / "report_accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_page() -> dict[str, tuple[str, str]]:
    """What the page says of each notebook: foretold, and what became of it or why it was not tried."""
    page = (DOCS / "report-accuracy.md").read_text("utf-8")
    rows = re.findall(r"^\| (\S+\.(?:ipynb|py)) \| (\w+) \| (.*) \|$", page, re.MULTILINE)
    return {name: (verdict, rest) for name, verdict, rest in rows}


def test_the_page_has_every_notebook_of_the_corpus() -> None:
    assert sorted(read_page()) == sorted(read_expected())


def test_the_goals_are_met_on_the_page() -> None:
    page = (DOCS / "report-accuracy.md").read_text("utf-8")
    told = re.search(
        r"\*\*Precision\*\*.*?: ([\d.]+)\..*?\*\*Recall\*\*.*?: ([\d.]+)\.$", page, re.MULTILINE
    )
    assert told is not None
    assert float(told[1]) >= 0.97
    assert float(told[2]) >= 0.95


def write(path: Path, *sources: str) -> Path:
    code: list[dict[str, object]] = [
        {"cell_type": "code", "source": s, "metadata": {}, "outputs": [], "execution_count": None}
        for s in sources
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": code}))
    return path


@pytest.mark.journey
@pytest.mark.parametrize("runtime", ["node", "chromium"])
def test_the_command(runtime: str, home: Home, tmp_path: Path) -> None:
    write(tmp_path / "runs.ipynb", "x = 1", "%time x + 1")
    write(tmp_path / "threads.ipynb", "import threading", "threading.Thread(target=print).start()")
    (tmp_path / "broken.ipynb").write_text("{")
    out = tmp_path / "report.json"
    options = ("--run", "--runtime", runtime, "--format", "json", "--out", out)
    ran = run_porter("report", ".", *options, home=home.root, cwd=tmp_path)
    assert ran.code == 0, ran.err
    found = {it.path: it for it in parse_report(out.read_bytes()).notebooks}
    ends = {path: it.outcome.end for path, it in found.items() if it.outcome is not None}
    assert ends == {
        "broken.ipynb": End.UNTESTED,
        "runs.ipynb": End.RUNS,
        "threads.ipynb": End.FAILS,
    }
    assert {it.outcome.host for it in found.values() if it.outcome} == {runtime}


@pytest.mark.journey
def test_what_came_by_standard_input_is_not_run(home: Home, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("x = 1\n")
    fed = ("sh", "-c", 'exec "$@" < script.py', "sh")
    options = ("--run", "--format", "json")
    ran = run_porter("report", "-", *options, home=home.root, cwd=tmp_path, prefix=fed)
    assert ran.code == 0, ran.err
    [notebook] = parse_report(ran.out.encode()).notebooks
    assert notebook.outcome is None


@pytest.mark.journey
def test_the_report_is_right_of_the_corpus() -> None:
    program = load_program()
    report = program.try_notebooks()
    expected = program.read_expected()
    page = read_page()
    # What needs a wheel of a recipe needs the private index that the page was made with.
    own = {name for name, it in expected.items() if it.get("run") == "recipe"}
    trials = [trial_of(notebook) for notebook in report.notebooks if notebook.path not in own]
    accuracy = Accuracy.of(trials)
    assert sum(trial.outcome.end is not End.UNTESTED for trial in trials) >= 60
    assert (accuracy.precision or 0) >= 0.97
    assert (accuracy.recall or 0) >= 0.95
    for trial in trials:
        if trial.outcome.end is not End.UNTESTED:
            assert page[trial.path][1] == program.tell(trial), trial
            hand = expected[trial.path]["verdict"]
            if hand != Verdict.UNKNOWN:
                assert trial.outcome.agrees(Verdict(hand)), trial


def trial_of(notebook: NotebookReport) -> Trial:
    assert notebook.outcome is not None
    return Trial(path=notebook.path, verdict=notebook.verdict, outcome=notebook.outcome)
