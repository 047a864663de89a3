"""The command line's flags for many notebooks."""

from pathlib import Path

import pytest
from running import run_porter

from porter.home import Home


def test_bad_runs_are_told_with_their_lines(catalog_home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# %%\nimport json\n")
    (tmp_path / "runs.csv").write_text("path,runs\na.py,many\n")
    ran = run_porter(
        *("report", "--offline", "--runs", "runs.csv", "a.py"), home=catalog_home.root, cwd=tmp_path
    )
    assert ran.code == 2, ran.err
    assert "runs.csv: line 2: 'many' is no number" in ran.err
    assert "path and a number of runs" in ran.err


@pytest.mark.parametrize("jobs", ["0", "-1", "all"])
def test_jobs_are_a_number(catalog_home: Home, tmp_path: Path, jobs: str) -> None:
    ran = run_porter("report", "--jobs", jobs, "a.py", home=catalog_home.root, cwd=tmp_path)
    assert ran.code == 2
    assert "--jobs" in ran.err


def test_standard_input_is_read_once_and_kept_nowhere(catalog_home: Home, tmp_path: Path) -> None:
    cache = tmp_path / "known"
    ran = run_porter(
        *("report", "--offline", "--format", "json", "--cache", cache, "-"),
        home=catalog_home.root,
        cwd=tmp_path,
    )
    # Nothing is on it: it is told of as a notebook that cannot be read.
    assert ran.code == 0, ran.err
    [notebook] = ran.json["notebooks"]
    assert (notebook["path"], notebook["verdict"]) == ("-", "unknown")
