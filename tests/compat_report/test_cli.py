"""`porter report` as a person meets it: real notebooks, the real runtime's catalogue, no index."""

import json
import re
from pathlib import Path
from typing import Protocol

import pytest
from running import Ran, run_porter

from porter.home import Home

RUNS = ("import json", "print(json.dumps({'mean': 2}))")
THREADS = ("from threading import Thread as T", "%matplotlib inline\nT(target=print).start()")


def write(path: Path, *cells: str) -> Path:
    code: list[dict[str, object]] = [
        {"cell_type": "code", "source": c, "metadata": {}, "outputs": [], "execution_count": None}
        for c in cells
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": code}))
    return path


class Report(Protocol):
    """Runs `porter report` among the notebooks, asking no index."""

    def __call__(self, *arguments: str | Path) -> Ran: ...


@pytest.fixture
def report(catalog_home: Home, folder: Path) -> Report:
    def run(*arguments: str | Path) -> Ran:
        return run_porter("report", "--offline", *arguments, home=catalog_home.root, cwd=folder)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "books" / "runs.ipynb", *RUNS)
    write(tmp_path / "books" / "team" / "threads.ipynb", *THREADS)
    (tmp_path / "books" / "broken.ipynb").write_text('{"cells": [')
    return tmp_path / "books"


def test_the_table(report: Report, folder: Path) -> None:
    ran = report(folder)
    assert ran.code == 0, ran.err
    rows = dict(re.findall(r"(\w+)\.ipynb +(\w+) +\d+%", ran.out))
    assert rows == {"broken": "unknown", "runs": "browser", "threads": "server"}
    assert "cell 2, line 2: threading.Thread" in ran.out
    assert ran.out.rstrip().endswith(
        "3 notebooks on Pyodide 0.29.5: 1 browser, 1 server, 1 unknown"
    )


def test_json_has_what_a_program_needs(report: Report, folder: Path) -> None:
    ran = report("--format", "json", folder)
    assert ran.code == 0, ran.err
    document = ran.json
    assert document["platform"] == "0.29"
    by_name = {Path(n["path"]).name: n for n in document["notebooks"]}
    threads = by_name["threads.ipynb"]
    assert threads["verdict"] == "server"
    assert threads["confidence"] >= 0.9
    assert [cell["verdict"] for cell in threads["cells"]] == ["browser", "server"]
    assert by_name["runs.ipynb"]["requirements"] == []


@pytest.mark.parametrize(("name", "code"), [("runs.ipynb", 0), ("team/threads.ipynb", 1)])
def test_what_is_required_decides_the_exit_code(
    report: Report, folder: Path, name: str, code: int
) -> None:
    assert report("--require", "browser", folder / name).code == code


def test_two_platforms(report: Report, folder: Path) -> None:
    (folder / "locked.py").write_text("# %%\nimport fcntl\n")
    ran = report(
        "--platform",
        "0.29",
        "--platform",
        "314",
        "--format",
        "json",
        folder / "locked.py",
    )
    assert ran.code == 0, ran.err
    # browser-facts: fcntl came back with 314.
    assert [(d["platform"], d["notebooks"][0]["verdict"]) for d in ran.json] == [
        ("0.29", "server"),
        ("314", "browser"),
    ]


@pytest.mark.parametrize("form", ["html", "sarif"])
def test_a_file_instead_of_the_terminal(report: Report, folder: Path, form: str) -> None:
    out = folder / "out" / f"report.{form}"
    ran = report("--format", form, "--out", out, folder)
    assert (ran.code, ran.out) == (0, ""), ran.err
    text = out.read_text("utf-8")
    assert "threads.ipynb" in text
    if form == "sarif":
        json.loads(text)


def test_a_policy_beside_the_notebooks_counts(report: Report, folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.porter.report.severities]\nthread = "warning"\n')
    ran = report("--format", "json", folder / "team")
    assert ran.json["notebooks"][0]["verdict"] == "browser"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nowhere"], 0, "nowhere"),
        (["--platform", "9", "."], 2, "no platform '9'"),
        (["--policy", "none.toml", "runs.ipynb"], 2, "none.toml"),
        (["--kernel", "emacs", "runs.ipynb"], 2, "emacs"),
        (["empty"], 4, "no notebook in empty"),
        ([], 2, "PATH"),
    ],
)
def test_bad_input(
    report: Report, folder: Path, arguments: list[str], code: int, told: str
) -> None:
    (folder / "empty").mkdir()
    ran = report(*arguments)
    assert ran.code == code, ran.err
    assert told in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_log_gets_plain_lines(report: Report, folder: Path) -> None:
    ran = report(folder)
    assert re.search(r"^\[ +\d+\.\d s\] 0\.29: ", ran.err, re.MULTILINE)
    assert "\x1b" not in ran.err + ran.out


def test_the_decision_on_one_notebook(report: Report, folder: Path) -> None:
    ran = report("--select", "--require", "browser", "team/threads.ipynb")
    assert ran.code == 1, ran.err
    decision = ran.json
    assert (decision["verdict"], decision["kernel"]) == ("server", "python3")
    assert [cell["backend"] for cell in decision["cells"]] == ["browser", "server"]
    assert report("--select", "--require", "browser", "runs.ipynb").code == 0
    assert report("--select", "runs.ipynb", "team/threads.ipynb").code == 2
