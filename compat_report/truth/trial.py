"""Reports of notebooks that are run, too: what was foretold, and what became of it."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import batched

from compat_report.model import Facts, Notebook, NotebookReport
from compat_report.report import Reporter, watched
from compat_report.syntax.facts import read_facts
from compat_report.truth.run import Runner

# A runtime keeps one processor busy, and a browser more than that.
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)


def try_notebooks(
    notebooks: Iterable[Notebook], reporter: Reporter, runner: Runner, *, at_once: int = AT_ONCE
) -> Iterator[NotebookReport]:
    """The report on each notebook with its outcome, in their order; so many are run at once."""

    def attempt(read: tuple[Facts, NotebookReport]) -> NotebookReport:
        facts, report = read
        return replace(report, outcome=runner.run(facts, report))

    with ThreadPoolExecutor(at_once, thread_name_prefix="run") as pool:
        for several in batched(_judged(notebooks, reporter), 8 * at_once, strict=False):
            yield from pool.map(attempt, several)


def _judged(
    notebooks: Iterable[Notebook], reporter: Reporter
) -> Iterator[tuple[Facts, NotebookReport]]:
    for notebook in notebooks:
        facts = read_facts(notebook, watch=watched())
        yield facts, reporter.judge(facts)
