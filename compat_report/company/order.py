"""What a report was ordered on, and how it is to be made; and the report itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compat_report.asked import Asked, open_reporter
from compat_report.company.gather import report_all
from compat_report.company.sources import Source, is_bucket, list_bucket, list_files
from compat_report.company.work import Setup
from compat_report.errors import NoNotebooks
from compat_report.hardness import look_into
from compat_report.model import Finding, Verdict
from compat_report.reading.find import find_notebooks
from compat_report.render.totals import count_notebooks
from compat_report.reported import Report
from porter.commands.options import Machine
from porter.platform import Platform
from porter.progress import Reporter as Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Notebooks that were named; `unread` tell what could not be looked into."""

    sources: Sequence[Source]
    unread: Sequence[Finding] = ()

    @property
    def paths(self) -> Iterator[Path]:
        """The files among them, as a policy is looked for."""
        return (Path(source.place) for source in self.sources if "://" not in source.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How: `cache` is the folder of what is known, `runs` notebooks' runs by path.

    `cluster` is the address of a Dask scheduler, whose workers work in place of `jobs` processes.
    """

    asked: Asked
    machine: Machine
    jobs: int = 1
    cache: Path | None = None
    cluster: str | None = None
    runs: Mapping[str, float] = field(default_factory=dict)


def find_sources(given: Sequence[str], here: Path) -> Named:
    """The notebooks of files, folders, globs, "-" and buckets; raises NoNotebooks, SourceAway."""
    buckets = [name for name in given if is_bucket(name)]
    found = find_notebooks([name for name in given if not is_bucket(name)], folder=here)
    sources = [*list_files(found.paths, here)]
    for bucket in buckets:
        sources += list_bucket(bucket)
    if not sources and not found.findings:
        raise NoNotebooks(
            f"no notebook in {', '.join(given)}",
            advice="name notebooks, or folders that have some",
        )
    return Named(sources=sources, unread=found.findings)


def make_report(named: Named, order: Order, platform: Platform, progress: Progress) -> Report:
    """The report on all notebooks for one platform; its notebooks are on disk.

    Raises what opening a catalogue does, and BadCluster.
    """
    progress.phase(platform.name, "opening the catalogue")
    reporter = open_reporter(order.asked, platform, order.machine)
    setup = Setup(asked=order.asked, platform=platform, machine=order.machine)
    crew = None
    if order.cluster is not None:
        from compat_report.company.cluster import Cluster

        crew = Cluster(order.cluster, setup)
    progress.phase(platform.name, "reading notebooks")
    gathered = report_all(
        named.sources,
        named.unread,
        setup=setup,
        reporter=reporter,
        cache=order.cache,
        jobs=order.jobs,
        crew=crew,
        runs=order.runs,
        progress=progress,
    )
    port_next = gathered.ranking.best()
    if port_next:
        progress.phase(platform.name, "looking at what to port next")
        port_next = look_into(
            port_next,
            home=order.machine.home,
            env=order.machine.env,
            offline=order.asked.offline or not order.asked.public,
        )
    report = Report(
        platform=platform.name,
        pyodide=platform.pyodide,
        kernel=reporter.kernel,
        notebooks=gathered.spool,
        port_next=port_next,
    )
    progress.done(platform.name, say_verdicts(platform, gathered.spool.verdicts))
    return report


def say_verdicts(platform: Platform, verdicts: Mapping[Verdict, int]) -> str:
    """`60 notebooks on Pyodide 0.29.5: 35 browser, 24 server, 1 unknown`."""
    total = sum(verdicts.values())
    counted = "1 notebook" if total == 1 else f"{total} notebooks"
    each = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    return f"{counted} on Pyodide {platform.pyodide}: {each}"


def is_met(reports: Iterable[Report]) -> bool:
    """Whether all notebooks run in a browser."""
    counted = (count_notebooks(report.notebooks) for report in reports)
    return all(totals.browser == totals.notebooks for totals in counted)
