"""The catalogue of an index, as each reader of it sees it."""

import asyncio
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from compat_report.catalog.kernel import read_kernel
from compat_report.catalog.open import OpenCatalog, open_catalog
from compat_report.deciding.digests import digest_policy
from compat_report.deciding.lock_address import LockOf, asked_lock, lock_place
from compat_report.errors import SourceAway
from compat_report.policy import Policy
from compat_report.report import Reporter
from compat_report.reported import ResolvedFile
from compat_report.select import Selector
from compat_report.serving.inside import InsideFetcher, Line
from compat_report.serving.reading import Reading
from porter.home import Home
from porter.platform import Platform

ROLE = "this index"
MOST_CATALOGUES = 16
MOST_SELECTORS = 8
# Notebooks that people write have a hundred at most.
MOST_NAMES = 500
# What an index mirrors changes without its serial; as long as clients may keep its pages, in seconds.
FRESH = 600.0
# What failed is asked again after so many seconds.
PATIENCE = 5.0
# On no disk: one reader's answers must not become another's, and asking costs no network.
NOWHERE = Path(os.devnull, "porter")


class Catalogues:
    """Opens a catalogue for each reader, platform, kernel and serial; keeps the last used."""

    def __init__(self, *, home: Home, env: Mapping[str, str]) -> None:
        self._home = home
        self._env = dict(env)
        self._kept: OrderedDict[tuple[str, ...], _Shared] = OrderedDict()
        self._lock = threading.Lock()

    def selector(
        self,
        reading: Reading,
        loop: asyncio.AbstractEventLoop,
        platform: Platform,
        policy: Policy,
    ) -> Selector:
        """The selector for one reader and policy; raises what `open_catalog` does, UsageError first.

        Called from threads: it asks the index, which `loop` answers.
        """
        kernel = read_kernel(policy.kernel, platform)
        key = (reading.who, reading.inside, platform.name, str(kernel))
        with self._lock:
            shared = self._kept.pop(key, None) or _Shared()
            self._kept[key] = shared
            while len(self._kept) > MOST_CATALOGUES:
                self._kept.popitem(last=False)
        with shared.lock:
            if not shared.serves(reading, loop):
                shared.open(
                    reading, Line(loop, reading.ask), platform, policy, self._home, self._env
                )
            elif shared.line is not None:
                shared.line.ask = reading.ask
            return shared.selector(reading, platform, policy)


class _Shared:
    """One reader's catalogue, and what was decided with it by policy."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.line: Line | None = None
        self._catalog: OpenCatalog | None = None
        self._serial = -1
        self._opened = 0.0
        self._selectors: OrderedDict[str, Selector] = OrderedDict()

    def serves(self, reading: Reading, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it is what the index has now."""
        line = self.line
        return (
            line is not None
            and line.loop is loop
            and self._serial == reading.serial
            and time.monotonic() - self._opened < (PATIENCE if line.failed else FRESH)
        )

    def open(
        self,
        reading: Reading,
        line: Line,
        platform: Platform,
        policy: Policy,
        home: Home,
        env: Mapping[str, str],
    ) -> None:
        """Open the catalogue anew."""

        def fetch(url: str, role: str) -> InsideFetcher:
            return InsideFetcher(url, role=role, inside=reading.inside, line=line)

        before, self.line = self._catalog, None
        self._selectors.clear()
        self._catalog = open_catalog(
            platform,
            kernel=policy.kernel,
            index=reading.inside,
            public=False,
            home=home,
            env=env,
            folder=NOWHERE,
            fetch=fetch,
        )
        if before is not None:
            before.close()
        if line.failed:
            # Without its lock file every project of the index would be unknown.
            raise SourceAway(f"{ROLE} has no lock file yet", advice="ask again")
        self.line, self._serial, self._opened = line, reading.serial, time.monotonic()

    def selector(self, reading: Reading, platform: Platform, policy: Policy) -> Selector:
        """The selector of a policy, for those who see the index at one address."""
        key = f"{reading.base} {digest_policy(policy)}"
        found = self._selectors.pop(key, None)
        if found is None:
            catalog, line = self._catalog, self.line
            if catalog is None or line is None:
                raise SourceAway(f"{ROLE} does not answer", advice="ask again")
            place = lock_place(reading.inside, platform)
            fetcher = InsideFetcher(place, role=ROLE, inside=reading.inside, line=line)
            found = Selector(
                Reporter(
                    platform=platform.name,
                    kernel=catalog.kernel.name,
                    catalog=catalog,
                    policy=policy,
                ),
                lock_of=seen_at(reading.base, asked_lock(fetcher), inside=reading.inside),
                most_names=MOST_NAMES,
            )
        self._selectors[key] = found
        while len(self._selectors) > MOST_SELECTORS:
            self._selectors.popitem(last=False)
        return found


def seen_at(base: str, lock_of: LockOf, *, inside: str) -> LockOf:
    """Lock files at the address that the client sees, in place of the one inside."""

    def lock_seen(files: Sequence[ResolvedFile]) -> str | None:
        place = lock_of(files)
        return None if place is None else f"{base}{place.removeprefix(inside)}"

    return lock_seen
