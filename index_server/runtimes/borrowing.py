"""What is needed of the public index to resolve requirements that this index alone cannot meet.

Only what may come from upstream is asked for there, and of each project only the versions that
requirements would choose: their wheels are fetched, since a wheel alone tells what it needs and what
it is imported by.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import structlog
from anyio.to_thread import run_sync
from packaging.specifiers import SpecifierSet

from index_server.errors import IndexServerError, NotHere
from index_server.holdings import Holdings
from index_server.model import File
from index_server.public.upstream import Upstream
from index_server.runtimes.locks import NOTHING, Borrowed, Locks
from index_server.runtimes.needs import Needs, read_needs
from index_server.runtimes.offers import (
    Offer,
    Wanted,
    merge_offers,
    newest_offers,
    preferred,
    read_requirement,
    requirements_of,
)
from index_server.views import visible
from porter.platform import Platform

# So many projects are borrowed for one lock file, and for so many seconds what was found counts.
MOST = 300
FRESH = 60.0
KEPT = 32
NEEDS_KEPT = 10_000
AT_ONCE = 8
ANY = SpecifierSet()

log = structlog.get_logger("index_server")


@dataclass(slots=True, kw_only=True)
class _Errand:
    """One search: what is at hand, what was looked up, and what was found."""

    platform: Platform
    own: Mapping[str, Sequence[Offer]]
    readable: tuple[str, ...]
    strict: bool
    listed: dict[str, dict[str, File]] = field(default_factory=dict)
    found: dict[str, tuple[Offer, ...]] = field(default_factory=dict)
    few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def offers(self, project: str) -> Sequence[Offer]:
        """What is at hand of a project by now."""
        return self.own.get(project) or self.found.get(project, ())


class Borrowing:
    """Looks for the public projects that a lock file needs."""

    def __init__(self, index: Holdings, upstream: Upstream, locks: Locks) -> None:
        self._index = index
        self._upstream = upstream
        self._locks = locks
        self._needs: OrderedDict[str, Needs] = OrderedDict()
        self._kept: OrderedDict[object, tuple[float, Borrowed]] = OrderedDict()

    async def borrow(
        self, platform: Platform, requirements: Sequence[str], readable: tuple[str, ...] = ()
    ) -> Borrowed:
        """The offers of public projects that these requirements lead to, or those of everything.

        For requirements that are asked for a failure of upstream is raised: UpstreamFailed. Of
        everything, what needs a project that upstream does not tell of is left out. Raises
        RuntimeAway.
        """
        if not self._index.settings.upstream.allow:
            return NOTHING
        serial = self._index.snapshot.serial
        key = (platform.name, tuple(requirements), readable, serial)
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < FRESH:
            return kept[1]
        own = await run_sync(self._locks.offers, platform, readable)
        errand = _Errand(platform=platform, own=own, readable=readable, strict=bool(requirements))
        if requirements:
            start = [want for line in requirements for want in read_requirement(line, platform)]
        else:
            start = [Wanted(project=name, specifier=ANY, text=name) for name in own]
        borrowed = await self._run(errand, start)
        self._kept[key] = time.monotonic(), borrowed
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return borrowed

    async def _run(self, errand: _Errand, wants: Iterable[Wanted]) -> Borrowed:
        asked: set[tuple[str, str]] = set()
        while fresh := {_key(want): want for want in wants if _key(want) not in asked}:
            asked |= fresh.keys()
            outside = [want for want in fresh.values() if want.project not in errand.own]
            if len(errand.found) <= MOST:
                names = sorted({want.project for want in outside if not want.problem})
                await asyncio.gather(*(self._look_up(errand, name) for name in names))
                await asyncio.gather(*(self._choose(errand, want) for want in outside))
            wants = [
                further
                for want in fresh.values()
                for offer in errand.offers(want.project)
                for further in requirements_of(offer, errand.platform, want.extra)
            ]
        told = sorted(offer.sha256 for found in errand.found.values() for offer in found)
        stamp = hashlib.sha256(" ".join(told).encode()).hexdigest()
        return Borrowed(offers=errand.found, stamp=stamp)

    async def _look_up(self, errand: _Errand, name: str) -> None:
        """List a project's wheels, once."""
        if name in errand.listed:
            return
        errand.listed[name] = {}
        if errand.readable and not any(fnmatchcase(name, p) for p in errand.readable):
            return
        try:
            async with errand.few:
                project = await self._upstream.project(name)
        except NotHere:
            return
        except IndexServerError as error:
            if errand.strict:
                raise
            log.warning("upstream left out of a lock file", project=name, error=error.message)
            return
        files = visible(project, platform=errand.platform) if project else ()
        errand.listed[name] = {file.filename: file for file in files}

    async def _choose(self, errand: _Errand, want: Wanted) -> None:
        """Fetch the version that a requirement would choose."""
        if want.extra or want.problem:
            return
        files = errand.listed.get(want.project, {})
        offers = newest_offers(tuple(files.values()), errand.platform)
        chosen = preferred(offers, want.specifier)[:1]
        known = {offer.filename for offer in errand.found.get(want.project, ())}
        for offer in chosen:
            if offer.filename in known:
                continue
            try:
                async with errand.few:
                    needs = await self._read(files[offer.filename])
            except IndexServerError as error:
                if errand.strict:
                    raise
                log.warning("upstream left out of a lock file", error=error.message)
                continue
            full = replace(offer, requires=needs.requires, imports=needs.imports or offer.imports)
            others = errand.found.get(want.project, ())
            errand.found[want.project] = merge_offers(others, [full])

    async def _read(self, file: File) -> Needs:
        known = self._needs.get(file.sha256)
        if known is None:
            promise = await self._upstream.find(file.filename, file.sha256)
            path = await self._upstream.file(promise)
            try:
                known = await run_sync(read_needs, path)
            except ValueError as error:
                raise NotHere(f"{file.filename}: {error}") from error
            self._needs[file.sha256] = known
            while len(self._needs) > NEEDS_KEPT:
                self._needs.popitem(last=False)
        return known


async def borrow_once(
    index: Holdings, locks: Locks, platform: Platform, requirements: Sequence[str]
) -> Borrowed:
    """`Borrowing.borrow` for who has no connection to upstream open."""
    upstream = Upstream(index)
    try:
        return await Borrowing(index, upstream, locks).borrow(platform, requirements)
    finally:
        await upstream.close()


def _key(want: Wanted) -> tuple[str, str]:
    return want.key, str(want.specifier)
