"""Notebook → KernelDecision: where it is to run, for those who start its kernel."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from compat_report.asked import Asked, open_reporter
from compat_report.catalog.fetch import Fetcher
from compat_report.catalog.model import Resolution
from compat_report.check import check_notebook, wanted
from compat_report.deciding.contradicted import Contradiction, find_contradicted, matching
from compat_report.deciding.decision import make_decision
from compat_report.deciding.digests import digest_catalogue, digest_policy, made_from
from compat_report.deciding.document import serialize_decision
from compat_report.deciding.lock_address import LockOf, asked_lock, lock_place, no_lock
from compat_report.deciding.model import KernelDecision
from compat_report.deciding.remembered import RememberedNotebook
from compat_report.errors import CompatReportError
from compat_report.model import Facts, Notebook
from compat_report.policy import apply_policy
from compat_report.reading.read import read_notebook
from compat_report.report import Reporter, watched
from porter.commands.options import Machine
from porter.platform import read_platform
from porter.pypi import index_settings

# Notebooks that a selector remembers; one of fifty cells takes less than a megabyte.
MOST = 128


def decide(notebook: Notebook, reporter: Reporter, *, lock_of: LockOf = no_lock) -> KernelDecision:
    """The decision for one notebook.

    `lock_of` finds the private index's lock file. What is wrong with the notebook is a reason of
    its decision, never an error.
    """
    return Selector(reporter, lock_of=lock_of).decide(notebook)


class TooManyNames(CompatReportError):
    """A notebook imports and requires more than is looked for."""

    exit_code = 2


class Selector:
    """Decides for notebooks again and again; safe from several threads.

    It remembers the notebooks that it decided for last, at most `most`. Of one of these only the
    cells that changed are read, and its requirements are resolved again only where they changed.
    `cells_read` counts cells that were read. `most_names` is how many names a notebook may import
    and require where others send it: each may be asked of an index.
    """

    def __init__(
        self,
        reporter: Reporter,
        *,
        lock_of: LockOf = no_lock,
        most: int = MOST,
        most_names: int | None = None,
    ) -> None:
        self.reporter = reporter
        self._lock_of = lock_of
        self._most = most
        self._most_names = most_names
        self._platform = read_platform(reporter.platform)
        self._policy = digest_policy(reporter.policy)
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._newest: dict[str, str] = {}
        self._lock = threading.Lock()
        self.cells_read = 0

    def decide(
        self, notebook: Notebook, *, previous: str = "", told: Iterable[Contradiction] = ()
    ) -> KernelDecision:
        """The decision, the same as one made from scratch; raises TooManyNames.

        `previous` is the id of a decision for this notebook as it was, where several have its path.
        `told` is what runs taught, of this notebook and others.
        """
        remembered = self._take(notebook, previous)
        before = remembered.cells.read_count
        facts = remembered.cells.read(notebook)
        self.cells_read += remembered.cells.read_count - before
        resolution = self._resolve(facts, remembered)
        known = self.reporter.know(facts, resolution)
        policy = self.reporter.policy
        identity = self.reporter.catalog.identity
        learnt = matching(notebook, told, catalogue=digest_catalogue(identity))
        if learnt:
            known = replace(known, apis=(*known.apis, *find_contradicted(notebook, learnt)))
        decision = make_decision(
            notebook,
            check_notebook(known, partial(apply_policy, policy=policy)),
            policy=policy,
            platform=self._platform,
            record=made_from(notebook, policy=self._policy, catalogue=identity, learnt=learnt),
            lock_file=remembered.lock_file,
        )
        self._keep(decision, remembered)
        return decision

    def _resolve(self, facts: Facts, remembered: "_Remembered") -> Resolution:
        catalog = self.reporter.catalog
        names = {imported.name for cell in facts.cells for imported in cell.imports}
        required = {one.text for cell in facts.cells for one in cell.requirements}
        if self._most_names is not None and len(names) + len(required) > self._most_names:
            raise TooManyNames(
                f"{len(names)} imports and {len(required)} requirements in one notebook",
                advice=f"at most {self._most_names} are looked for",
            )
        asked = wanted(facts, {name: catalog.look_up(name) for name in names})
        if remembered.resolution is None or remembered.wanted != asked:
            remembered.resolution = catalog.resolve(asked)
            remembered.wanted = asked
            remembered.lock_file = self._lock_of(remembered.resolution.files)
        return remembered.resolution

    def _take(self, notebook: Notebook, previous: str) -> "_Remembered":
        """What is remembered of a notebook, for one caller alone until it is kept again."""
        with self._lock:
            identity = previous or self._newest.get(notebook.path, "")
            found = self._remembered.get(identity)
            if found is not None and found.cells.is_of(notebook):
                return self._remembered.pop(identity)
        cells = RememberedNotebook(notebook.path, notebook.folder, watched())
        return _Remembered(cells)

    def _keep(self, decision: KernelDecision, remembered: "_Remembered") -> None:
        with self._lock:
            self._remembered[decision.id] = remembered
            self._newest[decision.path] = decision.id
            while len(self._remembered) > self._most:
                old, left = self._remembered.popitem(last=False)
                if self._newest.get(left.cells.path) == old:
                    del self._newest[left.cells.path]


class _Remembered:
    """One notebook's cells, and what its requirements came to."""

    __slots__ = ("cells", "lock_file", "resolution", "wanted")

    def __init__(self, cells: RememberedNotebook) -> None:
        self.cells = cells
        self.wanted: tuple[str, ...] = ()
        self.lock_file: str | None = None
        self.resolution: Resolution | None = None


def open_selector(asked: Asked, machine: Machine) -> Selector:
    """Ready to decide for the first platform that is asked for; raises what `open_catalog` does."""
    platform = asked.platforms[0]
    reporter = open_reporter(asked, platform, machine)
    place = lock_place(asked.index, platform) if asked.index else ""
    if not place or asked.offline:
        return Selector(reporter)
    verify = index_settings(machine.env)[1]
    fetcher = Fetcher(place, role="the private index", env=machine.env, verify=verify)
    return Selector(reporter, lock_of=asked_lock(fetcher))


def print_decision(path: Path, name: str, asked: Asked, machine: Machine) -> KernelDecision:
    """`porter report --select NOTEBOOK`: the decision as JSON on standard output.

    `name` is what the notebook is called in it.
    """
    decision = open_selector(asked, machine).decide(read_notebook(path, name=name))
    sys.stdout.buffer.write(serialize_decision(decision))
    sys.stdout.buffer.flush()
    return decision
