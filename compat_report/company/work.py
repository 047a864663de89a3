"""What a worker does: notebooks are read, looked up and judged, and told as compressed JSON.

A worker is a thread of this process, another process, or one on another machine; it opens its own
catalogue.
"""

import hashlib
import os
import threading
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from importlib.resources import files
from importlib.resources.abc import Traversable

import orjson

from compat_report.asked import Asked, open_reporter
from compat_report.catalog.model import Catalog, Provided
from compat_report.check import UNTOLD, check_notebook, judge
from compat_report.company.sources import folder_of, read_source
from compat_report.company.trace import Beside, Trace, make_trace
from compat_report.deciding.digests import digest_policy, digest_rules
from compat_report.model import Finding, Location, Verdict
from compat_report.policy import apply_policy
from compat_report.ranking import is_alone
from compat_report.render.json import serialize_notebook
from compat_report.report import Reporter, watched
from compat_report.reported import NotebookReport
from compat_report.rules import find
from compat_report.syntax.facts import read_facts
from porter import __version__
from porter.commands.options import Machine
from porter.errors import PorterError
from porter.platform import Platform

# Raised when what is kept of a report, or how its key is made, changes.
SCHEME = 1
# Stands for a notebook's own path in what is kept: the same notebook lies at several.
PATH = "@f6d1c9e0b7a34c58:path@"
# The quickest: most of what there is to gain is gained by it.
LEVEL = 1
MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All it takes to open a reporter in another process.

    `run` names one run: workers that live for days open their catalogue anew for each.
    """

    asked: Asked
    platform: Platform
    machine: Machine
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One notebook to be reported on; `data` are its bytes where its worker may not have them."""

    number: int
    place: str
    suffix: str
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report as it is kept: `body` compressed JSON with PATH for the notebook's own.

    `sha256` is that of the notebook's bytes, empty where it could not be read, and then nothing
    of it is kept. `summary` is a `Summary` as JSON.
    """

    number: int
    sha256: bytes
    trace: Trace
    summary: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a ranking counts of a report; `alone`: ports of its blockers are all that is missing."""

    verdict: Verdict
    blockers: tuple[str, ...]
    alone: bool

    def dump(self) -> bytes:
        """As JSON."""
        return orjson.dumps((self.verdict, self.blockers, self.alone))


def parse_summary(data: bytes) -> Summary:
    """What `Summary.dump` wrote."""
    verdict, blockers, alone = orjson.loads(data)
    return Summary(verdict=Verdict(verdict), blockers=tuple(blockers), alone=alone)


class Recent:
    """A catalogue whose answers on imports hold for a minute, also those that it could not give."""

    def __init__(self, catalog: Catalog) -> None:
        self.identity = catalog.identity
        self.resolve = catalog.resolve
        self._look_up = catalog.look_up
        self._known: dict[str, Provided] = {}
        self._until = 0.0

    def look_up(self, name: str) -> Provided:
        """What the catalogue says of an import."""
        now = time.monotonic()
        if now > self._until:
            self._known.clear()
            self._until = now + MINUTE
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._look_up(name)
        return known


class Worker:
    """Makes reports with one reporter."""

    def __init__(self, reporter: Reporter, *, index: bool) -> None:
        self._reporter = replace(reporter, catalog=Recent(reporter.catalog))
        self._index = index
        # What silences Python's warnings of a notebook's code is one for the whole process.
        self._lock = threading.Lock()

    def make_all(self, tasks: Sequence[Task]) -> list[Made]:
        """The reports on some notebooks, in their order."""
        with self._lock:
            beside = Beside()
            return [self._make(task, beside) for task in tasks]

    def _make(self, task: Task, beside: Beside) -> Made:
        try:
            return self._report(task, beside)
        except PorterError:
            raise
        except Exception as error:  # noqa: BLE001 — one notebook shall not cost all others
            return make_lost(task, f"a mistake in Porter itself: {type(error).__name__}: {error}")

    def _report(self, task: Task, beside: Beside) -> Made:
        reporter = self._reporter
        notebook = read_source(task.place, name=f"{PATH}{task.suffix}", data=task.data)
        known = reporter.know(read_facts(notebook, watch=watched()))
        report = check_notebook(known, partial(apply_policy, policy=reporter.policy))
        return _tell(
            task,
            report,
            bytes.fromhex(notebook.sha256),
            make_trace(known, beside, index=self._index),
        )


@lru_cache(maxsize=2)
def open_worker(setup: bytes) -> Worker:
    """The worker of this process for a pickled `Setup`; opened once."""
    import pickle

    made: Setup = pickle.loads(setup)  # noqa: S301 — our own process sent it
    reporter = open_reporter(made.asked, made.platform, made.machine)
    return Worker(reporter, index=made.asked.index is not None)


def make_reports(setup: bytes, tasks: Sequence[Task]) -> list[Made]:
    """What is called in other processes."""
    lost = [task for task in tasks if task.data is not None and not _has_folder(task.place)]
    if lost:
        raise FolderAway(lost[0].place)
    return open_worker(setup).make_all(tasks)


class FolderAway(Exception):
    """A worker on another machine does not have the folder that a notebook lies in."""


def make_lost(task: Task, why: str) -> Made:
    """What is told of a notebook that could not be reported on."""
    name = f"{PATH}{task.suffix}"
    finding = find("unreadable-notebook", Location(path=name), name, detail=why)
    return make_unread(task, finding)


def make_unread(task: Task, finding: Finding) -> Made:
    """A report that only says why there is none."""
    report = NotebookReport(
        path=finding.location.path,
        sha256="",
        verdict=judge([finding]),
        confidence=UNTOLD,
        findings=(finding,),
        changes=(finding.advice,),
    )
    return _tell(task, report, b"", Trace())


def identify(setup: Setup, reporter: Reporter, identity: str) -> bytes:
    """The hash of all that reports follow from besides notebooks and what indexes take in."""
    told = "\0".join(
        (
            str(SCHEME),
            __version__,
            _digest_code(),
            digest_rules(),
            digest_policy(reporter.policy),
            identity,
            setup.platform.name,
            str(setup.asked.offline),
        )
    )
    return hashlib.sha256(told.encode()).digest()


def key_of(identity: bytes, sha256: bytes, suffix: str, folder: str) -> bytes:
    """The key of one report; `folder` is empty where nothing beside the notebook matters."""
    digest = hashlib.sha256(identity + sha256)
    digest.update(f"{suffix}\0{folder}".encode("utf-8", "surrogateescape"))
    return digest.digest()[:20]


def _tell(task: Task, report: NotebookReport, sha256: bytes, trace: Trace) -> Made:
    summary = Summary(verdict=report.verdict, blockers=report.blockers, alone=is_alone(report))
    return Made(
        number=task.number,
        sha256=sha256,
        trace=trace,
        summary=summary.dump(),
        body=zlib.compress(serialize_notebook(report), LEVEL),
    )


def _has_folder(place: str) -> bool:
    folder = folder_of(place)
    return folder is None or os.path.isdir(folder)  # noqa: PTH112


@cache
def _digest_code() -> str:
    """The hash of the report's own code and data: a version that is being worked on is many."""
    digest = hashlib.sha256()
    waiting: list[Traversable] = [files("compat_report")]
    while waiting:
        entry = waiting.pop()
        if entry.is_dir():
            if entry.name != "__pycache__":
                waiting += sorted(entry.iterdir(), key=lambda inner: inner.name)
        else:
            digest.update(f"{entry.name}\0".encode())
            digest.update(entry.read_bytes())
    return digest.hexdigest()
