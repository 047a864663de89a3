"""What became of notebooks that were run, in words."""

from collections.abc import Iterable

from compat_report.model import Verdict
from compat_report.render.visible import show_line, show_size
from compat_report.reported import End, NotebookReport, Outcome

_HOSTS = {"node": "Node", "chromium": "Chromium"}
_ENDS = {
    End.RUNS: "it runs",
    End.FAILS: "it fails",
    End.HANGS: "it hangs",
    End.CRASHES: "the runtime crashes",
    End.OUT_OF_MEMORY: "memory runs out",
    End.UNTESTED: "it could not be tried",
}


def say_outcome(outcome: Outcome, verdict: Verdict) -> str:
    """One line: `in Chromium it fails in cell 2: OSError: ..., not as foretold`."""
    place = f" in cell {outcome.cell + 1}" if outcome.cell is not None else ""
    if outcome.end is End.UNTESTED:
        place = ""
    said = f"in {_HOSTS.get(outcome.host, show_line(outcome.host))} {_ENDS[outcome.end]}{place}"
    if outcome.end is End.RUNS:
        said += f", in {outcome.seconds:.1f} s with {show_size(outcome.heap)}"
    if outcome.reason:
        said += f": {show_line(outcome.reason)}"
    return said if outcome.agrees(verdict) is not False else f"not as foretold: {said}"


def say_trials(notebooks: Iterable[NotebookReport]) -> str:
    """What the runs of a report come to, "" where nothing was run: `57 ended as foretold, 2 otherwise; …`."""
    counts = {True: 0, False: 0, None: 0}
    for notebook in notebooks:
        if notebook.outcome is not None:
            counts[notebook.outcome.agrees(notebook.verdict)] += 1
    if not any(counts.values()):
        return ""
    return (
        f"{counts[True]} ended as foretold, {counts[False]} otherwise; "
        f"{counts[None]} could not be told or not be tried"
    )
