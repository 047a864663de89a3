"""Print report-accuracy.md: what is foretold of the notebooks in tests/notebooks, and what becomes of them.

`python docs/reference/report_accuracy.py dist/*.whl` publishes the wheels to an index of its own,
runs every notebook in Chromium, and stops what it started. It takes some ten minutes.
"""

import sys
import tempfile
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from compat_report.asked import Asked, open_reporter  # noqa: E402 # the checkout is not installed
from compat_report.model import Severity, Verdict  # noqa: E402
from compat_report.policy import Policy  # noqa: E402
from compat_report.reading.read import read_notebook  # noqa: E402
from compat_report.reported import End, Report  # noqa: E402
from compat_report.truth.accuracy import Accuracy, Trial  # noqa: E402
from compat_report.truth.trial import try_report  # noqa: E402
from demo.serving import publish, serving  # noqa: E402
from porter.check.model import Host  # noqa: E402
from porter.commands.options import Machine  # noqa: E402
from porter.platform import read_platform  # noqa: E402
from porter.progress import Progressing  # noqa: E402

NOTEBOOKS = ROOT / "tests" / "notebooks"
HEAD = """\
# How right a report is

The notebooks of `tests/notebooks` were written to be hard to tell, and what is expected of each was written down
before there was a report. `make report-accuracy` foretells all of them for Pyodide {pyodide}, then runs them in the
real runtime, in Chromium, and writes this page. How they are run, and what a run can prove, is told in
[How a verdict is made](../explanation/how-a-verdict-is-made.md#beside-the-truth). A private index had
{had}.

| foretold | ran to its end | did not | could not be tried here |
|---|---|---|---|
"""


CAVEAT = """\
These shares say how the report does on what is known to be hard. The rules know all of it by now, so they are no measure
of notebooks that nobody has looked at: run `porter report --run` on your own."""


def main(wheels: Sequence[Path]) -> None:
    """The whole page, on standard output."""
    with (
        tempfile.TemporaryDirectory(prefix="porter-accuracy-") as folder,
        serving(Path(folder) / "index") as index,
    ):
        publish(wheels, index)
        report = try_notebooks(index.url)
    projects = sorted(wheel.name.partition("-")[0] for wheel in wheels)
    print("\n".join(render_page(report, read_expected(), projects)))


def try_notebooks(index: str | None = None, names: Collection[str] = ()) -> Report:
    """The report on the notebooks, or on those of these names, each run in Chromium."""
    machine = Machine.here()
    platform = read_platform()
    asked = Asked(platforms=(platform,), policy=Policy(), index=index)
    reporter = open_reporter(asked, platform, machine)
    read = [read_notebook(NOTEBOOKS / name, name=name) for name in sorted(names or read_expected())]
    foretold = Report(
        platform=platform.name,
        pyodide=platform.pyodide,
        kernel=reporter.kernel,
        notebooks=tuple(reporter.report(notebook) for notebook in read),
    )
    with Progressing() as progress:
        return try_report(
            foretold,
            read,
            asked=asked,
            platform=platform,
            machine=machine,
            progress=progress,
            host=Host.CHROMIUM,
        )


def read_expected() -> Mapping[str, Mapping[str, str]]:
    """What expected.toml says of each notebook, by file name."""
    told: Mapping[str, Mapping[str, str]] = tomllib.loads(
        (NOTEBOOKS / "expected.toml").read_text("utf-8")
    )["notebook"]
    return told


def render_page(
    report: Report, expected: Mapping[str, Mapping[str, str]], projects: Sequence[str]
) -> Iterator[str]:
    """Lines of the page; `projects` are those that the private index had."""
    trials = [
        Trial(path=Path(notebook.path).name, verdict=notebook.verdict, outcome=notebook.outcome)
        for notebook in report.notebooks
        if notebook.outcome is not None
    ]
    accuracy = Accuracy.of(trials)
    had = ", ".join(projects)
    yield HEAD.format(pyodide=report.pyodide, had=had).rstrip("\n")
    for verdict in Verdict:
        counts = " | ".join(str(accuracy.count(verdict, ran=ran)) for ran in (True, False, None))
        yield f"| {verdict} | {counts} |"
    yield ""
    yield (
        f"**Precision** of *browser*, the share that ran of those foretold to: "
        f"{share(accuracy.precision)}. **Recall**, the share that was foretold of those that ran: "
        f"{share(accuracy.recall)}."
    )
    yield f"\n{CAVEAT}"
    yield from _disagreements(accuracy, expected)
    yield from _untested(accuracy, expected, find_messages(report))
    yield from _all(accuracy)


def _disagreements(accuracy: Accuracy, expected: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield "\n## Where both differ\n"
    if not accuracy.disagreements:
        yield "Nowhere."
        return
    yield "| notebook | foretold | what became of it | why |"
    yield "|---|---|---|---|"
    for trial in accuracy.disagreements:
        why = cell(expected[trial.path]["why"])
        yield f"| {trial.path} | {trial.verdict} | {tell(trial)} | {why} |"


def find_messages(report: Report) -> Mapping[str, str]:
    """The first thing that was found against each notebook, by its name."""
    return {
        Path(notebook.path).name: found.message
        for notebook in report.notebooks
        for found in reversed(notebook.all_findings)
        if found.severity in (Severity.SERVER, Severity.UNKNOWN)
    }


def _untested(
    accuracy: Accuracy, expected: Mapping[str, Mapping[str, str]], messages: Mapping[str, str]
) -> Iterator[str]:
    yield "\n## What could not be tried here\n"
    yield (
        "The wheels that a release has beside its runtime were not within reach, unless an index has the same\n"
        "version, and the network is off while a notebook runs. What is expected was written by hand.\n"
    )
    yield "| notebook | foretold | expected | because |"
    yield "|---|---|---|---|"
    for trial in accuracy.untested:
        hand = expected[trial.path]["verdict"]
        yield f"| {trial.path} | {trial.verdict} | {hand} | {cell(trial.outcome.reason)} |"
    others = [it for it in accuracy.untested if it.verdict != expected[it.path]["verdict"]]
    if others:
        yield "\nFor these another verdict was expected:\n"
        yield "| notebook | foretold | because | expected | because |"
        yield "|---|---|---|---|---|"
    for trial in others:
        hand, why = (cell(expected[trial.path][key]) for key in ("verdict", "why"))
        message = cell(messages.get(trial.path, ""))
        yield f"| {trial.path} | {trial.verdict} | {message} | {hand} | {why} |"


def _all(accuracy: Accuracy) -> Iterator[str]:
    yield "\n## All that were tried\n"
    yield "| notebook | foretold | what became of it |"
    yield "|---|---|---|"
    for trial in accuracy.trials:
        if trial.outcome.end is not End.UNTESTED:
            yield f"| {trial.path} | {trial.verdict} | {tell(trial)} |"


def tell(trial: Trial) -> str:
    """How one ended, in a few words: without times, which change from run to run."""
    outcome = trial.outcome
    place = f" in cell {outcome.cell + 1}" if outcome.cell is not None else ""
    reason = f": {cell(outcome.reason)}" if outcome.reason else ""
    return f"{outcome.end}{place}{reason}"


def cell(text: str) -> str:
    """Text as a table's cell can have it."""
    line = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return line if len(line) <= 160 else f"{line[:159]}…"


def share(value: float | None) -> str:
    """A share to three digits."""
    return "none was tried" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
