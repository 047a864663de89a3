"""The lock files of an index as it is now, each resolved once."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from index_server.errors import Unresolvable
from index_server.holdings import Holdings
from index_server.model import ProjectDetail, Snapshot
from index_server.runtimes.fetching import Runtimes
from index_server.runtimes.lockfile import Packages, make_packages
from index_server.runtimes.newest import choose_newest
from index_server.runtimes.offers import Offer, merge_offers, newest_offers
from index_server.runtimes.resolve import resolve
from index_server.runtimes.shelf import Shelf
from index_server.views import visible
from porter.platform import Platform

KEPT = 64
MOST = 500
OPERATORS = ("<", ">", "=", "!", "~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A lock file but for the addresses, and why projects were left out of it.

    `stamp` is the same as long as nothing it was made of has changed.
    """

    info: Mapping[str, str]
    packages: Packages
    left_out: Mapping[str, str] = field(default_factory=dict)
    stamp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """Offers of public projects; `stamp` is the same for the same offers."""

    offers: Mapping[str, tuple[Offer, ...]]
    stamp: str = ""


NOTHING = Borrowed(offers={})


class Locks:
    """Resolves what is asked for, and remembers the newest answers."""

    def __init__(self, index: Holdings, runtimes: Runtimes) -> None:
        self._index = index
        self._runtimes = runtimes
        self._resolved: OrderedDict[object, Resolved] = OrderedDict()
        self._offers: dict[tuple[str, str], tuple[ProjectDetail, tuple[Offer, ...]]] = {}
        self._lock = threading.Lock()

    def resolve(
        self,
        platform: Platform,
        requirements: Sequence[str] = (),
        readable: tuple[str, ...] = (),
        borrowed: Borrowed = NOTHING,
    ) -> Resolved:
        """The lock file of requirements, or of the newest of everything.

        `readable` are patterns of the projects that who asks may read, none for all; `borrowed`
        are offers of public projects. Raises Unresolvable, RuntimeAway.
        """
        shelf = self._runtimes.shelf(platform)
        snapshot = self._index.snapshot
        stamp = f"{snapshot.serial} {shelf.stamp} {borrowed.stamp}"
        key = (platform.name, tuple(requirements), readable, stamp)
        # Whoever asks for the same at once waits for one answer.
        with self._lock:
            found = self._resolved.get(key)
            if found is None:
                offers = {**borrowed.offers, **self._all_offers(shelf, snapshot, readable)}
                found = _make(shelf, offers, requirements, stamp)
                self._resolved[key] = found
                while len(self._resolved) > KEPT:
                    self._resolved.popitem(last=False)
            return found

    def offers(
        self, platform: Platform, readable: tuple[str, ...] = ()
    ) -> dict[str, tuple[Offer, ...]]:
        """What is here of every project; raises RuntimeAway."""
        shelf = self._runtimes.shelf(platform)
        with self._lock:
            return self._all_offers(shelf, self._index.snapshot, readable)

    def _all_offers(
        self, shelf: Shelf, snapshot: Snapshot, readable: tuple[str, ...]
    ) -> dict[str, tuple[Offer, ...]]:
        platform = shelf.platform
        found = dict(shelf.offers)
        for project in snapshot.projects.values():
            if readable and not any(fnmatchcase(project.name, pattern) for pattern in readable):
                continue
            kept = self._offers.get((platform.name, project.name))
            if kept is None or kept[0] is not project:
                kept = project, newest_offers(visible(project, platform=platform), platform)
                self._offers[platform.name, project.name] = kept
            if kept[1]:
                found[project.name] = merge_offers(kept[1], found.get(project.name, ()))
        return found


def _make(
    shelf: Shelf,
    offers: Mapping[str, Sequence[Offer]],
    requirements: Sequence[str],
    stamp: str,
) -> Resolved:
    platform = shelf.platform
    if requirements:
        pins, extras = resolve(requirements, lambda name: offers.get(name, ()), platform)
        packages = make_packages(pins, platform, extras)
        return Resolved(info=shelf.info, packages=packages, stamp=stamp)
    choice = choose_newest(offers, platform)
    return Resolved(
        info=shelf.info,
        packages=make_packages(choice.pins, platform),
        left_out=choice.left_out,
        stamp=stamp,
    )


def split_requirements(values: Sequence[str]) -> tuple[str, ...]:
    """The requirements of `?requirements=`: each value has one, or several with commas between.

    A comma is part of a requirement in `a>=1,<2` and in `a[x,y]`. They come in order, each once.
    Raises Unresolvable for more than anybody needs.
    """
    found: list[str] = []
    for value in values:
        parts: list[str] = []
        for piece in value.split(","):
            inside = bool(parts) and parts[-1].count("[") > parts[-1].count("]")
            if parts and (inside or piece.strip().startswith(OPERATORS)):
                parts[-1] = f"{parts[-1]},{piece}"
            else:
                parts.append(piece)
        found += [part.strip() for part in parts if part.strip()]
    if len(found) > MOST:
        raise Unresolvable(f"{len(found)} requirements at once", advice=f"at most {MOST}")
    return tuple(sorted(set(found)))
