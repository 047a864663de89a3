"""The private index and the public one, in this order: what the first has, the second is not asked for."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from compat_report.catalog.contents import Contents, Wheels
from compat_report.catalog.fetch import AT_ONCE
from compat_report.catalog.model import Origin
from compat_report.catalog.page import IndexedWheel, Page
from compat_report.catalog.simple import SimpleIndex
from compat_report.errors import SourceAway

ORIGINS = {Origin.INDEX: "index", Origin.PYPI: "pypi"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One index: its pages, and what its wheels hold."""

    origin: Origin
    pages: SimpleIndex
    wheels: Wheels


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A project's page, and the index that has it."""

    page: Page
    shelf: Shelf


class Indexes:
    """Asks one index after the other; one that cannot be asked is never passed over.

    To pass over a private index that is away would take its names from the public one, where
    anybody may have registered them.
    """

    def __init__(self, shelves: Iterable[Shelf]) -> None:
        self.shelves = tuple(shelves)
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def find(self, name: str) -> Placed | None:
        """The project of the first index that has it; raises SourceAway."""
        for shelf in self.shelves:
            page = shelf.pages.page(name)
            if page is not None:
                return Placed(page=page, shelf=shelf)
        return None

    def contents(self, placed: Placed, wheel: IndexedWheel) -> Contents:
        """What a wheel holds; raises SourceAway."""
        return placed.shelf.wheels.contents(wheel)

    def prefetch(self, names: Iterable[str]) -> None:
        """Begin to ask for several at once; whoever needs an answer waits for it or makes it."""
        if not self.shelves:
            return
        first = self.shelves[0].pages
        wanted = [name for name in dict.fromkeys(names) if name and not first.was_asked(name)]
        if len(wanted) < 2:
            return
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="catalog")
        for name in wanted:
            self._pool.submit(self._try, name)

    def _try(self, name: str) -> None:
        try:
            self.find(name)
        except SourceAway:
            # Whoever needs it is told.
            return

    def close(self) -> None:
        """End the threads; another question starts them again."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)
