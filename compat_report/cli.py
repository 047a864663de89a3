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
    add_jobs,
    add_platforms,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compat_report.company.order import Order
    from compat_report.company.sources import Source
    from compat_report.reported import Report
    from porter.progress import Reporter as Progress

FORMATS = ("text", "html", "json", "sarif")


def add(commands: Commands) -> None:
    """Declare `porter report`."""
    parser = add_command(commands, "report", "say which notebooks can run in a browser", run)
    parser.add_argument(
        "notebooks",
        nargs="+",
        metavar="PATH",
        help="notebooks, scripts, folders, globs, s3://BUCKET/PREFIX, or - for standard input",
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
    parser.add_argument(
        "--runs", type=Path, metavar="FILE", help="how often notebooks are run: path,runs as CSV"
    )
    add_jobs(parser)
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="a Dask scheduler, whose workers read the notebooks"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="where what was found out of notebooks is kept"
    )
    parser.add_argument(
        "--run",
        action="store_true",
        dest="tried",
        help="run the notebooks, too, each in a fresh runtime without a network",
    )
    parser.add_argument(
        "--runtime",
        choices=("node", "chromium"),
        default="node",
        help="what --run runs them in (default: node)",
    )
    parser.add_argument(
        "--select",
        action="store_true",
        help="print the decision on one notebook that a kernel selector reads, as JSON",
    )
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
    from compat_report.company.order import Order, find_sources, is_met, make_report
    from compat_report.render.write import write_reports
    from compat_report.runs import read_runs
    from porter.progress import Progressing

    if arguments.select:
        return select(arguments, machine)
    named = find_sources(arguments.notebooks, Path.cwd())
    order = Order(
        asked=read_asked(arguments, named.paths),
        machine=machine,
        jobs=arguments.jobs,
        cache=arguments.cache or machine.home.reports,
        cluster=arguments.cluster,
        runs=read_runs(arguments.runs) if arguments.runs else {},
    )
    with Progressing() as progress:
        reports = [
            make_report(named, order, platform, progress) for platform in order.asked.platforms
        ]
        if arguments.tried:
            reports = try_reports(reports, named.sources, order, arguments.runtime, progress)
    write_reports(reports, arguments.format, arguments.out)
    return 1 if arguments.require and not is_met(reports) else 0


def select(arguments: argparse.Namespace, machine: Machine) -> int:
    """Print the decision on the one notebook that is named; 1 where a browser is required in vain."""
    from compat_report.asked import read_asked
    from compat_report.model import Verdict
    from compat_report.select import print_decision
    from porter.errors import UsageError

    if len(arguments.notebooks) != 1:
        raise UsageError("--select is about one notebook", advice="name one")
    path = Path(arguments.notebooks[0])
    asked = read_asked(arguments, [path])
    decision = print_decision(path, str(path), asked, machine)
    return 1 if arguments.require and decision.verdict is not Verdict.BROWSER else 0


def try_reports(
    reports: "Sequence[Report]",
    sources: "Sequence[Source]",
    order: "Order",
    runtime: str,
    progress: "Progress",
) -> "list[Report]":
    """The reports with what became of each notebook; what came by standard input is not run."""
    from compat_report.company.sources import STDIN, read_source
    from compat_report.truth.trial import try_report
    from porter.check.model import Host

    return [
        try_report(
            report,
            (read_source(it.place, name=it.name) for it in sources if it.place != STDIN),
            asked=order.asked,
            platform=platform,
            machine=order.machine,
            progress=progress,
            host=Host(runtime),
        )
        for report, platform in zip(reports, order.asked.platforms, strict=True)
    ]
