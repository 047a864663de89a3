"""The yardstick itself is true: what is said to run runs, what is said to fail fails."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, run

import nbformat
import pytest
from compat_report.model import Verdict
from IPython.core.inputtransformer2 import TransformerManager
from notebooks.corpus import (
    HERE,
    Expected,
    files_beside,
    notebooks,
    read_code,
    read_expected,
    read_wheels,
)
from porter.home import Home
from porter.pinned import fetch_pinned

# Enough to see that the way of running works; the rest is a journey.
SAMPLE = {
    "asyncio-queue.ipynb",
    "budget_app.py",
    "caught-thread.ipynb",
    "first-format.ipynb",
    "group-sales.ipynb",
    "local-modules.ipynb",
    "patched-input.ipynb",
    "server-git-log.ipynb",
    "server-thread-by-another-name.ipynb",
    "server-thread-in-a-helper.ipynb",
    "temperature.py",
    "time-magics.ipynb",
    "unknown-python-2.ipynb",
    "writes-its-module.ipynb",
}


def test_each_notebook_has_its_line() -> None:
    expected = read_expected()
    assert sorted(expected) == [path.name for path in notebooks()]
    counts = dict.fromkeys(Verdict, 0)
    for it in expected.values():
        counts[Verdict(it.verdict)] += 1
        assert it.why
        assert (it.run is not None) == (it.verdict == "browser"), it.name
        assert it.raises is None or it.verdict != "browser", it.name
        assert it.verdict != "server" or it.about, it.name
    assert counts[Verdict.BROWSER] >= 35
    assert counts[Verdict.SERVER] >= 25
    assert sum(it.run == "runtime" for it in expected.values()) >= 35


def test_what_is_of_this_format_is_valid() -> None:
    seen = 0
    for path in HERE.glob("*.ipynb"):
        document = json.loads(path.read_text("utf-8"))
        if document["nbformat"] == 4 and document["nbformat_minor"] == 5:
            nbformat.validate(document)
            seen += 1
    assert seen > 60


def test_a_cell_that_is_named_is_there() -> None:
    for it in read_expected().values():
        if it.cell is not None and it.path.suffix == ".ipynb":
            cells = json.loads(it.path.read_text("utf-8"))["cells"]
            assert cells[it.cell]["cell_type"] == "code", it.name


def test_a_sample_runs_in_the_runtime(runtime_folder: Path, tmp_path: Path) -> None:
    wanted = [it for it in provable(read_expected()) if it.name in SAMPLE]
    assert len(wanted) == len(SAMPLE)
    prove(wanted, run_notebooks([it.path for it in wanted], [], runtime_folder, tmp_path))


@pytest.mark.journey
def test_all_run_or_fail_as_expected(
    runtime_folder: Path, home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    wheels = [fetch_pinned(purl, home=home, env=env) for purl in read_wheels()]
    wanted = provable(read_expected())
    assert len(wanted) > 80
    prove(wanted, run_notebooks([it.path for it in wanted], wheels, runtime_folder, tmp_path))


def provable(expected: Mapping[str, Expected]) -> list[Expected]:
    """Those that the bare runtime under Node can decide."""
    return [it for it in expected.values() if it.run == "runtime" or it.raises is not None]


def prove(wanted: Collection[Expected], raised: Mapping[str, str | None]) -> None:
    told = {it.name: raised[it.name] for it in wanted}
    assert told == {it.name: it.raises for it in wanted}


def run_notebooks(
    paths: Sequence[Path], wheels: Sequence[Path], runtime: Path, scratch: Path
) -> dict[str, str | None]:
    """The name of the exception that ended each, None where all its cells ran."""
    transform = TransformerManager().transform_cell  # type: ignore[no-untyped-call]
    plan = {
        "notebooks": [
            {"name": path.name, "cells": [transform(source) for source in read_code(path)]}
            for path in paths
        ],
        "files": {str(path.relative_to(HERE)): str(path) for path in files_beside()},
        "wheels": [str(wheel) for wheel in wheels],
        "shell": (HERE / "shell.py").read_text("utf-8"),
    }
    (scratch / "plan.json").write_text(json.dumps(plan), "utf-8")
    done = run(
        ["node", HERE / "run.mjs", runtime, scratch / "plan.json"],
        stdin=DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {it["name"]: it["raised"] and it["raised"].split(":")[0] for it in told}
