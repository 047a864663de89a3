"""`porter report`: which notebooks can run serverless, why not, and what to port next.

Imports nothing slow: every start of `porter` imports this module.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from porter.commands.options import (
    Commands,
    Machine,
    add_command,
    add_platforms,
)

if TYPE_CHECKING:
    from compat_report.asked import Asked
    from compat_report.model import NotebookReport, Report
    from compat_report.reading.find import Found
    from porter.platform import Platform
    from porter.progress import Reporter as Progress

FORMATS = ("text", "html", "json", "sarif")


def add(commands: Commands) -> None:
    """Declare `porter report`."""
    parser = add_command(commands, "report", "say which notebooks can run in a browser", run)
    parser.add_argument(
        "notebooks",
        nargs="+",
        metavar="PATH",
        help="notebooks, scripts, folders, globs, or - for standard input",
    )
    add_platforms(parser)
    parser.add_argument(
        "--kernel", metavar="NAME", help="the browser's kernel, with its version where it matters"
    )
    parser.add_argument("--index", metavar="URL", help="a private index to take wheels from")
    parser.add_argument(
        "--no-public", action="store_true", help="ask no public index for what that does not have"
    )
    parser.add_argument(
        "--offline", action="store_true", help="ask no index: what was asked before is known"
    )
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="a file with [tool.porter.report]"
    )
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="imports of your own, as TOML")
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: text)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there instead of printing")
    parser.add_argument(
        "--require",
        choices=("browser",),
        help="exit with 1 where a notebook has another verdict",
    )


def run(arguments: argparse.Namespace, machine: Machine) -> int:
    """Report, and say with the exit code whether what is required is so."""
    from compat_report.asked import read_asked
    from compat_report.errors import NoNotebooks
    from compat_report.model import Verdict
    from compat_report.reading.find import find_notebooks
    from compat_report.render.write import write_reports
    from porter.progress import Progressing

    found = find_notebooks(arguments.notebooks, folder=Path.cwd())
    if not found.paths and not found.findings:
        raise NoNotebooks(
            f"no notebook in {', '.join(arguments.notebooks)}",
            advice="name notebooks, or folders that have some",
        )
    asked = read_asked(arguments, found.paths)
    with Progressing() as progress:
        reports = [
            make_report(found, asked, platform, machine, progress) for platform in asked.platforms
        ]
    write_reports(reports, arguments.format, arguments.out)
    unmet = any(n.verdict is not Verdict.BROWSER for report in reports for n in report.notebooks)
    return 1 if arguments.require and unmet else 0


def make_report(
    found: "Found",
    asked: "Asked",
    platform: "Platform",
    machine: Machine,
    progress: "Progress",
) -> "Report":
    """The report on all notebooks for one platform."""
    from compat_report.asked import open_reporter
    from compat_report.model import Report
    from compat_report.ranking import rank
    from compat_report.reading.read import read_notebook
    from compat_report.render.text import say_totals

    progress.phase(platform.name, "opening the catalogue")
    reporter = open_reporter(asked, platform, machine)
    progress.phase(platform.name, "reading notebooks")
    notebooks: list[NotebookReport] = list(_unread(found))
    for count, path in enumerate(found.paths, start=1):
        notebooks.append(reporter.report(read_notebook(path, name=shown_name(path))))
        progress.advance(platform.name, count / len(found.paths))
    notebooks.sort(key=lambda notebook: notebook.path)
    report = Report(
        platform=platform.name,
        pyodide=platform.pyodide,
        kernel=reporter.kernel,
        notebooks=tuple(notebooks),
        port_next=rank(notebooks),
    )
    progress.done(platform.name, say_totals(report))
    return report


def shown_name(path: Path) -> str:
    """A path as people name it: from where they stand, where it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _unread(found: "Found") -> "list[NotebookReport]":
    """What could not be looked into is in the report too, and nobody knows what it is."""
    from compat_report.check import UNTOLD, judge
    from compat_report.model import NotebookReport

    return [
        NotebookReport(
            path=finding.location.path,
            sha256="",
            verdict=judge([finding]),
            confidence=UNTOLD,
            findings=(finding,),
            changes=(finding.advice,),
        )
        for finding in found.findings
    ]
