"""A report whose notebooks are run, too: what was foretold of each, and what became of it."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import batched

from compat_report.asked import Asked, open_sources
from compat_report.model import Facts, Notebook
from compat_report.report import watched
from compat_report.reported import NotebookReport, Report
from compat_report.syntax.facts import read_facts
from compat_report.truth.run import TIMEOUT, Runner, open_runner
from porter.check.model import Host
from porter.commands.options import Machine
from porter.platform import Platform
from porter.process import Children
from porter.progress import Reporter as Progress

# A runtime keeps one processor busy, and a browser more than that.
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)


def try_report(
    report: Report,
    notebooks: Iterable[Notebook],
    *,
    asked: Asked,
    platform: Platform,
    machine: Machine,
    progress: Progress,
    host: Host = Host.NODE,
    timeout: float = TIMEOUT,
) -> Report:
    """The report with the outcome of each of the notebooks, found in it by their paths.

    `asked` and `platform` are those that the report was made with; `timeout` is how long one
    cell may take, in seconds. Raises what `open_runner` and opening a catalogue do.
    """
    progress.phase(platform.name, f"running notebooks in {host}")
    runner = open_runner(
        platform,
        open_sources(asked, platform, machine),
        host=host,
        home=machine.home,
        env=machine.env,
        timeout=timeout,
        offline=asked.offline,
        children=Children(),
    )
    known = {notebook.path: notebook for notebook in report.notebooks}
    wanted = [notebook for notebook in notebooks if notebook.path in known]
    for count, notebook in enumerate(_try_all(wanted, known, runner), start=1):
        known[notebook.path] = notebook
        progress.advance(platform.name, count / len(wanted))
    tried = sum(notebook.outcome is not None for notebook in known.values())
    progress.done(platform.name, f"{tried} notebooks were run in {host}")
    return replace(report, notebooks=tuple(known[path] for path in sorted(known)))


def _try_all(
    notebooks: Iterable[Notebook], known: dict[str, NotebookReport], runner: Runner
) -> Iterator[NotebookReport]:
    def attempt(facts: Facts) -> NotebookReport:
        report = known[facts.notebook.path]
        return replace(report, outcome=runner.run(facts, report))

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="run") as pool:
        # What Python warns of while a cell is read is silenced for the whole process: one by one.
        facts = (read_facts(notebook, watch=watched()) for notebook in notebooks)
        try:
            for several in batched(facts, 4 * AT_ONCE, strict=False):
                yield from pool.map(attempt, several)
        except BaseException:
            # An interrupt waits for no cell.
            runner.children.stop()
            pool.shutdown(cancel_futures=True)
            raise
