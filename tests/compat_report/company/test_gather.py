"""Reports on folders of notebooks, against the real runtime's catalogue and no index."""

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

import pytest

from compat_report.asked import Asked, open_reporter
from compat_report.company.crew import Processes
from compat_report.company.gather import Gathered, report_all
from compat_report.company.sources import list_files
from compat_report.company.store import NAME
from compat_report.company.work import Made, Setup, Task, Worker
from compat_report.model import Verdict
from compat_report.policy import Policy, parse_policy
from compat_report.reading.find import find_notebooks
from compat_report.reading.read import read_notebook
from compat_report.report import Reporter
from compat_report.reported import NotebookReport
from porter.commands.options import Machine
from porter.home import Home
from porter.platform import Platform

THREADS = "import threading\nthreading.Thread(target=print).start()"


def write(path: Path, *cells: str) -> Path:
    code: list[dict[str, object]] = [
        {"cell_type": "code", "source": c, "metadata": {}, "outputs": [], "execution_count": None}
        for c in cells
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": code}))
    return path


class Run(Protocol):
    """Reports on all that is below the folder."""

    def __call__(self, **more: Any) -> Gathered: ...


@pytest.fixture(scope="session")
def setup(platform: Platform, catalog_home: Home, env: dict[str, str]) -> Setup:
    return Setup(
        asked=Asked(platforms=(platform,), policy=Policy(), offline=True),
        platform=platform,
        machine=Machine(home=catalog_home, env=env),
    )


@pytest.fixture(scope="session")
def reporter(setup: Setup) -> Reporter:
    return open_reporter(setup.asked, setup.platform, setup.machine)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "books"


@pytest.fixture
def run(setup: Setup, reporter: Reporter, folder: Path, tmp_path: Path) -> Run:
    def run(**more: Any) -> Gathered:
        found = find_notebooks([str(folder)], folder=tmp_path)
        given: dict[str, Any] = {"setup": setup, "reporter": reporter, "cache": tmp_path / "cache"}
        return report_all(list_files(found.paths, tmp_path), found.findings, **(given | more))

    return run


def settle(*paths: Path) -> None:
    """As if they had been written some time ago: change times are asked too, and cannot be set."""
    time.sleep(2.05)
    for path in paths:
        path.stat()


def test_as_each_one_by_itself(run: Run, reporter: Reporter, folder: Path, tmp_path: Path) -> None:
    write(folder / "b" / "runs.ipynb", "import json")
    write(folder / "a.ipynb", "import numpy as np\nnp.zeros((10, 10))", THREADS)
    (folder / "broken.ipynb").write_text('{"cells": [')
    (folder / "script.py").write_text("# %%\nimport fcntl\n")
    write(folder / 'quote"ä\\.ipynb', "raise SystemExit")
    gathered = run()
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    one_by_one = [
        reporter.report(read_notebook(path, name=str(path.relative_to(tmp_path)))) for path in paths
    ]
    assert list(gathered.spool) == sorted(one_by_one, key=lambda report: report.path)
    assert gathered.spool[-1] == list(gathered.spool)[-1]
    assert gathered.spool[1:3] == list(gathered.spool)[1:3]
    assert gathered.spool.verdicts[Verdict.SERVER] == 2


def test_nothing_is_read_twice(run: Run, folder: Path) -> None:
    write(folder / "a.ipynb", "import json")
    write(folder / "b.ipynb", THREADS)
    first = run()
    assert (first.made, first.kept) == (2, 0)
    second = run()
    assert (second.made, second.kept) == (0, 2)
    assert list(second.spool) == list(first.spool)


def test_the_same_bytes_elsewhere_are_known(run: Run, folder: Path) -> None:
    first = write(folder / "a.ipynb", THREADS)
    run()
    (folder / "deep").mkdir()
    first.rename(folder / "deep" / "moved.ipynb")
    again = run()
    assert again.kept == 1
    [report] = again.spool
    assert report.path == "books/deep/moved.ipynb"
    assert {finding.location.path for finding in report.all_findings} == {report.path}


def test_copies_are_read_once(run: Run, folder: Path) -> None:
    for number in range(100):
        write(folder / f"{number}" / "copy.ipynb", THREADS)
    gathered = run()
    # Those that are looked up together do not know of each other.
    assert (gathered.made, gathered.kept) == (32, 68)
    assert len({report.path for report in gathered.spool}) == 100


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: write(folder / "a.ipynb", "import tools", "x = 1"),
        lambda folder: (folder / "tools.py").write_text(THREADS),
        lambda folder: (folder / "tools.py").unlink(),
        lambda folder: (folder / "tools").mkdir() or (folder / "tools" / "__init__.py").touch(),
    ],
)
def test_what_changed_is_read_again(run: Run, folder: Path, change: Any) -> None:
    write(folder / "a.ipynb", "import tools")
    write(folder / "b.ipynb", "import json")
    (folder / "tools.py").write_text("import json\n")
    run()
    assert run().made == 0
    change(folder)
    again = run()
    assert (again.made, again.kept) == (1, 1)
    assert list(again.spool) == list(run(cache=None).spool)


def test_a_module_that_comes_to_be_there(run: Run, folder: Path) -> None:
    write(folder / "a.ipynb", "import tools\n%run later.py")
    write(folder / "b.ipynb", 'import pandas as pd\npd.read_csv("data.csv")')
    assert run().spool.verdicts[Verdict.BROWSER] == 1
    (folder / "tools.py").write_text("x = 1\n")
    (folder / "later.py").write_text("y = 1\n")
    (folder / "data.csv").write_text("a,b\n1,2\n")
    again = run()
    assert again.made == 2
    assert again.spool.verdicts[Verdict.BROWSER] == 2
    assert again.spool[1].footprint.data == 8


def test_a_file_that_was_not_touched_is_not_opened(run: Run, folder: Path) -> None:
    path = write(folder / "a.ipynb", "import json")
    settle(path)
    run()
    times = path.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns - 1))
    # Its stamp differs, its bytes do not.
    assert run().kept == 1


def test_another_policy_has_other_answers(run: Run, folder: Path, reporter: Reporter) -> None:
    write(folder / "a.ipynb", THREADS)
    assert run().spool.verdicts[Verdict.SERVER] == 1
    lenient = parse_policy({"severities": {"thread": "warning"}})
    other = run(reporter=replace(reporter, policy=lenient))
    assert (other.made, other.spool.verdicts[Verdict.BROWSER]) == (1, 1)
    assert run().kept == 1


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_a_broken_store_is_begun_anew(
    run: Run, folder: Path, tmp_path: Path, content: bytes
) -> None:
    write(folder / "a.ipynb", THREADS)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / NAME).write_bytes(content)
    assert run().made == 1
    assert run().kept == 1


def test_what_nobody_asked_for_in_a_month_is_forgotten(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    write(folder / "a.ipynb", THREADS)
    run()
    with sqlite3.connect(tmp_path / "cache" / NAME) as base:
        base.execute("UPDATE report SET used = used - 31")
    base.close()
    assert run().made == 1


def test_answers_of_an_index_are_asked_for_again(run: Run, folder: Path, tmp_path: Path) -> None:
    write(folder / "a.ipynb", "import nobody_knows_this_one")
    run()
    with sqlite3.connect(tmp_path / "cache" / NAME) as base:
        base.execute("UPDATE report SET asked = 0")
    base.close()
    assert run().kept == 1
    with sqlite3.connect(tmp_path / "cache" / NAME) as base:
        [[asked]] = base.execute("SELECT asked FROM report")
        assert asked > 0
        base.execute("UPDATE report SET asked = 0, trace = replace(trace, '\"]', 'x\"]')")
        [[trace]] = base.execute("SELECT trace FROM report")
        told = json.loads(trace)
        told[4] = "another answer"
        base.execute("UPDATE report SET trace = ?", (json.dumps(told).encode(),))
    base.close()
    assert run().made == 1


class Stopping:
    """A crew that is interrupted at its third batch."""

    hands = 1

    def __init__(self, inner: Processes) -> None:
        self._inner = inner
        self._left = 3

    def ask(self, source: Any, number: int) -> Task:
        return self._inner.ask(source, number)

    def submit(self, tasks: Sequence[Task]) -> Any:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
        return self._inner.submit(tasks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.__exit__()


def test_who_is_interrupted_goes_on(
    run: Run, folder: Path, setup: Setup, reporter: Reporter
) -> None:
    for number in range(100):
        write(folder / f"{number:03}.ipynb", f"x = {number}")
    crew = Stopping(Processes(setup, Worker(reporter, index=False), jobs=1))
    with pytest.raises(KeyboardInterrupt):
        run(crew=crew)
    again = run()
    assert (again.kept, again.made) == (64, 36)
    assert [report.path[-9:-6] for report in again.spool] == [f"{n:03}" for n in range(100)]


class Lethal(Processes):
    """Sends everything to other processes; what is asked of one of them ends it."""

    def ask(self, source: Any, number: int) -> Task:
        task = super().ask(source, number)
        return replace(task, data=Deadly()) if "deadly" in source.name else task  # type: ignore[arg-type]


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> Any:
        return os._exit, (9,)


def test_a_notebook_that_ends_its_process_costs_no_other(
    run: Run, folder: Path, setup: Setup, reporter: Reporter
) -> None:
    for name in ("a", "deadly", "z"):
        write(folder / f"{name}.ipynb", f"name = {name!r}")
    gathered = run(crew=Lethal(setup, Worker(reporter, index=False), jobs=2, few=0))
    assert [(report.path, report.verdict) for report in gathered.spool] == [
        ("books/a.ipynb", Verdict.BROWSER),
        ("books/deadly.ipynb", Verdict.UNKNOWN),
        ("books/z.ipynb", Verdict.BROWSER),
    ]
    assert "ended the process" in gathered.spool[1].findings[0].message
    # It is tried again the next time.
    assert run().made == 1


class Mistaken(Worker):
    """One with a mistake in it."""

    def _report(self, task: Task, beside: Any) -> Made:
        if "bad" in task.place:
            raise ZeroDivisionError("oh")
        return super()._report(task, beside)


def test_a_mistake_of_ours_costs_one_notebook(
    run: Run, folder: Path, setup: Setup, reporter: Reporter
) -> None:
    write(folder / "bad.ipynb", "1")
    write(folder / "good.ipynb", "1")
    crew = Processes(setup, Mistaken(reporter, index=False), jobs=1)
    bad, good = run(crew=crew).spool
    assert (bad.verdict, good.verdict) == (Verdict.UNKNOWN, Verdict.BROWSER)
    assert "ZeroDivisionError" in bad.findings[0].message


def test_runs_weigh(run: Run, folder: Path) -> None:
    write(folder / "a.ipynb", THREADS)
    gathered = run(runs={"books/a.ipynb": 10.0})
    assert gathered.ranking.runs == {"books/a.ipynb": 10.0}


def test_what_could_not_be_looked_into_is_in_its_place(
    run: Run, folder: Path, setup: Setup, reporter: Reporter, tmp_path: Path
) -> None:
    write(folder / "a.ipynb", "1")
    found = find_notebooks(["books", "nowhere", "books/none"], folder=tmp_path)
    gathered = report_all(
        list_files(found.paths, tmp_path),
        found.findings,
        setup=setup,
        reporter=reporter,
        cache=None,
    )
    reports: list[NotebookReport] = sorted(gathered.spool, key=lambda report: report.path)
    assert list(gathered.spool) == reports
    assert len(reports) == 3
