"""The newest of every project that fits together, and what had to be left out; pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet

from index_server.runtimes.offers import Offer, Wanted, preferred, requirements_of
from index_server.runtimes.resolve import Impossible, describe_offers, resolve_wanted
from porter.platform import Platform

# So many projects of one conflict are left out one by one; then whoever conflicts is.
ATTEMPTS = 20
ANY = SpecifierSet()
# A reason that is longer, in characters, is not told again in the reasons that follow from it.
LONGEST = 400

# What could not be taken of each project and why, the newest first.
type Refused = dict[str, list[tuple[Offer, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The offer of each project, and why the others have none."""

    pins: Mapping[str, Offer]
    left_out: Mapping[str, str]


def choose_newest(offers: Mapping[str, Sequence[Offer]], platform: Platform) -> Choice:
    """The newest offer of every project such that all it requires is there.

    A project is taken in an older version rather than left out. Projects that have nothing to do
    with each other are looked at apart: the newest of each fits nearly always, and is then taken
    without a search.
    """
    refused: Refused = {}
    alive = {name: list(found) for name, found in offers.items() if found}
    _prune(alive, platform, refused)
    pins: dict[str, Offer] = {}
    for group in _groups(alive, platform):
        pins |= _choose(group, platform, refused)
    left_out = {name: told[0][1] for name, told in sorted(refused.items()) if name not in pins}
    return Choice(pins=pins, left_out=left_out)


def unmet(offer: Offer, pins: Mapping[str, Offer], platform: Platform) -> Wanted | None:
    """The first requirement of an offer that pins do not meet."""
    open_ends = [(offer, "")]
    seen: set[tuple[str, str]] = set()
    while open_ends:
        parent, extra = open_ends.pop()
        for want in requirements_of(parent, platform, extra):
            pin = pins.get(want.project)
            if pin is None or not want.admits(pin):
                return want
            if want.extra and (step := (want.project, want.extra)) not in seen:
                seen.add(step)
                open_ends.append((pin, want.extra))
    return None


def _prune(alive: dict[str, list[Offer]], platform: Platform, refused: Refused) -> None:
    """Take away each offer that has a requirement which no offer can meet, until none has."""
    dependents: dict[str, set[str]] = {}
    for name, found in alive.items():
        for offer in found:
            for want in requirements_of(offer, platform):
                dependents.setdefault(want.project, set()).add(name)
    waiting = dict.fromkeys(sorted(alive))
    while waiting:
        name = next(iter(waiting))
        del waiting[name]
        found = alive.get(name, [])
        kept = []
        for offer in found:
            if unable := _impossible(offer, alive, platform):
                reason = _reason(offer, unable, alive, platform, refused)
                refused.setdefault(name, []).append((offer, reason))
            else:
                kept.append(offer)
        if len(kept) == len(found):
            continue
        if kept:
            alive[name] = kept
        else:
            del alive[name]
        waiting |= dict.fromkeys(sorted(dependents.get(name, set()) & alive.keys()))


def _impossible(
    offer: Offer, alive: Mapping[str, Sequence[Offer]], platform: Platform
) -> Wanted | None:
    for want in requirements_of(offer, platform):
        if not any(want.admits(other) for other in alive.get(want.project, ())):
            return want
    return None


def _groups(
    alive: Mapping[str, Sequence[Offer]], platform: Platform
) -> Iterator[dict[str, list[Offer]]]:
    """Projects that any requirement connects, each group by itself."""
    near: dict[str, set[str]] = {name: set() for name in alive}
    for name, found in alive.items():
        for other in _mentioned(found, alive, platform) & alive.keys():
            near[name].add(other)
            near[other].add(name)
    seen: set[str] = set()
    for start in sorted(alive):
        if start in seen:
            continue
        group, open_ends = [start], [start]
        seen.add(start)
        while open_ends:
            fresh = near[open_ends.pop()] - seen
            seen |= fresh
            group += fresh
            open_ends += fresh
        yield {name: list(alive[name]) for name in sorted(group)}


def _mentioned(
    found: Iterable[Offer], alive: Mapping[str, Sequence[Offer]], platform: Platform
) -> set[str]:
    """The projects that offers may require, those of the extras they ask for among them."""
    wants = [want for offer in found for want in requirements_of(offer, platform)]
    names: set[str] = set()
    seen: set[str] = set()
    while wants:
        want = wants.pop()
        names.add(want.project)
        if want.extra and want.key not in seen:
            seen.add(want.key)
            for offer in alive.get(want.project, ()):
                wants += requirements_of(offer, platform, want.extra)
    return names


def _choose(
    group: dict[str, list[Offer]], platform: Platform, refused: Refused
) -> dict[str, Offer]:
    for _ in range(ATTEMPTS):
        pins = {name: preferred(found, ANY)[0] for name, found in group.items()}
        if not any(unmet(pin, pins, platform) for pin in pins.values()):
            return pins
        wanted = [Wanted(project=name, specifier=ANY, text="") for name in sorted(group)]
        try:
            return resolve_wanted(wanted, lambda name: group.get(name, ()), platform)
        except Impossible as error:
            if not error.blamed:
                break
            _leave_out(_loser(error.blamed, group, pins, platform), error.reason, group, refused)
            _prune(group, platform, refused)
    return _choose_quickly(group, platform, refused)


def _loser(
    blamed: frozenset[str],
    group: Mapping[str, Sequence[Offer]],
    pins: Mapping[str, Offer],
    platform: Platform,
) -> str:
    """Who is left out of a conflict: who needs something old, so that the others stay new."""
    candidates = sorted(blamed & group.keys(), reverse=True)
    old = [name for name in candidates if unmet(pins[name], pins, platform)]
    return (old or candidates)[0]


def _choose_quickly(
    group: dict[str, list[Offer]], platform: Platform, refused: Refused
) -> dict[str, Offer]:
    """The newest of each, without those whose newest does not fit: never long, often fewer."""
    while True:
        pins = {name: preferred(found, ANY)[0] for name, found in group.items()}
        unfit = {name: want for name, pin in pins.items() if (want := unmet(pin, pins, platform))}
        if not unfit:
            return pins
        for name, want in unfit.items():
            _leave_out(name, _reason(pins[name], want, group, platform, refused), group, refused)
        _prune(group, platform, refused)


def _leave_out(name: str, reason: str, group: dict[str, list[Offer]], refused: Refused) -> None:
    refused.setdefault(name, []).insert(0, (group.pop(name)[0], reason))


def _reason(
    offer: Offer,
    want: Wanted,
    alive: Mapping[str, Sequence[Offer]],
    platform: Platform,
    refused: Refused,
) -> str:
    """Why an offer cannot be taken, and why what would have met it cannot."""
    needs = f"{offer.project} {offer.version} needs {want.text}"
    further = (reason for other, reason in refused.get(want.project, ()) if want.admits(other))
    there = want.problem or next(further, "")
    if not there or len(there) > LONGEST:
        there = describe_offers(want.project, alive.get(want.project, ()), platform)
    return f"{needs}; {there}"
