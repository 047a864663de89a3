"""Find a set of wheels that meets requirements, on one platform; pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from resolvelib import (
    AbstractProvider,
    BaseReporter,
    ResolutionImpossible,
    ResolutionTooDeep,
)
from resolvelib.resolvers import Resolution
from resolvelib.structs import RequirementInformation

from index_server.errors import Unresolvable
from index_server.runtimes.offers import (
    Offer,
    Wanted,
    parse_version,
    preferred,
    read_requirement,
    requirements_of,
)
from porter.platform import Platform

# More steps than this no honest set of requirements needs; each is a fraction of a millisecond.
ROUNDS = 5000
STEPS_TOLD = 12

# The offers of a project, by its normalised name; none where there is no such project.
type Offers = Callable[[str], Sequence[Offer]]
type Cause = RequirementInformation[Wanted, Pin]


@dataclass(frozen=True, slots=True, eq=False)
class Pin:
    """An offer that was chosen, or one of its extras."""

    offer: Offer
    extra: str = ""

    @property
    def key(self) -> str:
        """As `Wanted.key`."""
        return f"{self.offer.project}[{self.extra}]" if self.extra else self.offer.project


class Impossible(Unresolvable):
    """No set meets the requirements; `blamed` are the projects whose requirements conflict."""

    def __init__(self, platform: Platform, reason: str, *, blamed: frozenset[str]) -> None:
        super().__init__(
            f"no set of wheels meets this on Pyodide {platform.name}: {reason}",
            advice="upload a wheel that meets it, or ask for other versions",
        )
        self.reason = reason
        self.blamed = blamed


def resolve(
    requirements: Sequence[str], offers: Offers, platform: Platform
) -> tuple[dict[str, Offer], dict[str, frozenset[str]]]:
    """The newest offers that together meet requirements (PEP 508), with all they depend on.

    And the extras that were asked for, by project. Raises Unresolvable, which names the chain of
    requirements that cannot be met.
    """
    wanted = [want for line in requirements for want in read_requirement(line, platform)]
    asked: dict[str, set[str]] = {}
    for want in wanted:
        if want.extra:
            asked.setdefault(want.project, set()).add(want.extra)
    extras = {name: frozenset(found) for name, found in asked.items()}
    try:
        return resolve_wanted(wanted, offers, platform), extras
    except Impossible as error:
        raise Unresolvable(error.message, advice=error.advice) from error


def resolve_wanted(
    wanted: Sequence[Wanted], offers: Offers, platform: Platform
) -> dict[str, Offer]:
    """The offers that meet what is wanted, by project; raises Impossible."""
    quick = try_newest(wanted, offers, platform)
    if quick is not None:
        return quick
    provider = Provider(offers, platform)
    search = Resolution(provider, BaseReporter[Wanted, Pin, str]())
    try:
        pins = search.resolve(wanted, max_rounds=ROUNDS).mapping
    except ResolutionImpossible as error:
        raise provider.explain(error.causes) from error
    except ResolutionTooDeep as error:
        reason = f"{ROUNDS} steps found no answer"
        raise Impossible(platform, reason, blamed=frozenset()) from error
    reached = reach(wanted, pins, provider)
    return {key: pin.offer for key, pin in pins.items() if key in reached and not pin.extra}


def reach(wanted: Sequence[Wanted], pins: Mapping[str, Pin], provider: "Provider") -> set[str]:
    """The keys of what is wanted, and of all that needs: a search leaves others pinned behind.

    resolvelib's `Resolver` does the same from the other end, and never ends where what is left
    behind needs itself.
    """
    reached: set[str] = set()
    waiting = [want.key for want in wanted]
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting += [want.key for want in provider.get_dependencies(pins[key])]
    return reached


def try_newest(
    wanted: Sequence[Wanted], offers: Offers, platform: Platform
) -> dict[str, Offer] | None:
    """The newest of each project, where that meets everything: most often it does.

    None where somebody has to give way: then there is something to search for.
    """
    pins: dict[str, Offer] = {}
    specifiers: dict[str, SpecifierSet] = {}
    extras: set[str] = set()
    waiting = list(wanted)
    while waiting:
        want = waiting.pop()
        if want.project not in pins:
            found = [] if want.problem else preferred(offers(want.project), want.specifier)
            if not found:
                return None
            pins[want.project] = found[0]
            waiting += requirements_of(found[0], platform)
        pin = pins[want.project]
        if not want.admits(pin):
            return None
        specifiers[want.project] = specifiers.get(want.project, SpecifierSet()) & want.specifier
        if want.extra and want.key not in extras:
            extras.add(want.key)
            waiting += requirements_of(pin, platform, want.extra)
    for project, specifier in specifiers.items():
        if preferred(offers(project), specifier)[:1] != [pins[project]]:
            return None
    return pins


def depends_of(
    offer: Offer, pins: Mapping[str, Offer], platform: Platform, extras: Iterable[str] = ()
) -> tuple[str, ...]:
    """The projects that an offer needs beside it, with those of the extras it asks for."""
    found: set[str] = set()
    open_ends = [(offer, extra) for extra in ("", *extras)]
    seen = {(offer.project, extra) for extra in ("", *extras)}
    while open_ends:
        parent, extra = open_ends.pop()
        for want in requirements_of(parent, platform, extra):
            found.add(want.project)
            step = (want.project, want.extra)
            if want.extra and step not in seen and want.project in pins:
                seen.add(step)
                open_ends.append((pins[want.project], want.extra))
    return tuple(sorted(found - {offer.project}))


class Provider(AbstractProvider[Wanted, Pin, str]):
    """What resolvelib asks."""

    def __init__(self, offers: Offers, platform: Platform) -> None:
        self._offers = offers
        self._platform = platform
        # Who asked first for each thing: what a failure's chain is told from.
        self._asked: dict[str, tuple[Pin, Wanted]] = {}
        # resolvelib asks the same again and again. The values keep what the ids stand for.
        self._admitted: dict[tuple[int, int], tuple[bool, Wanted]] = {}

    def identify(self, requirement_or_candidate: Wanted | Pin) -> str:
        """The project, or one of its extras."""
        return requirement_or_candidate.key

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Pin],
        candidates: Mapping[str, Iterator[Pin]],
        information: Mapping[str, Iterator[Cause]],
        backtrack_causes: Sequence[Cause],
    ) -> tuple[bool, bool, str]:
        """What conflicted lately comes first, an extra before its project, then by name."""
        del resolutions, candidates, information
        caused = any(
            identifier == cause.requirement.key
            or (cause.parent is not None and identifier == cause.parent.key)
            for cause in backtrack_causes
        )
        return (not caused, "[" not in identifier, identifier)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Wanted]],
        incompatibilities: Mapping[str, Iterator[Pin]],
    ) -> list[Pin]:
        """The offers that meet all requirements, newest first."""
        project, _, extra = identifier.removesuffix("]").partition("[")
        wanted = [*requirements[identifier], *(requirements[project] if extra else ())]
        if any(want.problem for want in wanted):
            return []
        specifier = SpecifierSet()
        for want in wanted:
            specifier &= want.specifier
        exact = [want.exact for want in wanted if want.exact is not None]
        if exact:
            found = [exact[0]] if all(want.admits(exact[0]) for want in wanted) else []
        else:
            found = preferred(self._offers(project), specifier)
        refused = {id(pin.offer) for pin in incompatibilities[identifier]}
        return [Pin(offer, extra) for offer in found if id(offer) not in refused]

    def is_satisfied_by(self, requirement: Wanted, candidate: Pin) -> bool:
        """Whether a pin meets a requirement."""
        key = (id(requirement), id(candidate.offer))
        known = self._admitted.get(key)
        if known is None:
            known = self._admitted[key] = requirement.admits(candidate.offer), requirement
        return known[0]

    def get_dependencies(self, candidate: Pin) -> list[Wanted]:
        """What a pin requires; an extra also its own project, of the same version."""
        found = list(requirements_of(candidate.offer, self._platform, candidate.extra))
        for want in found:
            self._asked.setdefault(want.key, (candidate, want))
        if candidate.extra:
            name, version = candidate.offer.project, candidate.offer.version
            same = Wanted(
                project=name,
                specifier=SpecifierSet(),
                text=f"{name} {version}",
                exact=candidate.offer,
            )
            found.append(same)
        return found

    def explain(self, causes: Collection[Cause]) -> Impossible:
        """The failure, with the chain from what was asked for to what cannot be had."""
        steps: dict[str, None] = {}
        for cause in sorted(causes, key=lambda cause: cause.requirement.text):
            if cause.requirement.exact is None:
                steps |= dict.fromkeys(self._chain(cause.parent, cause.requirement))
        missing = sorted({cause.requirement.project for cause in causes})
        ends = [describe_offers(name, self._offers(name), self._platform) for name in missing]
        problems = [cause.requirement.problem for cause in causes if cause.requirement.problem]
        told = [*list(steps)[:STEPS_TOLD], *(problems or ends)]
        blamed = frozenset(self._blame(cause.parent) for cause in causes if cause.parent)
        return Impossible(self._platform, "; ".join(told), blamed=blamed)

    def _blame(self, pin: Pin) -> str:
        """Whose requirement this is: an extra's are of who asked for the extra."""
        seen = {pin.key}
        while pin.extra and pin.key in self._asked:
            pin, _ = self._asked[pin.key]
            if pin.key in seen:
                break
            seen.add(pin.key)
        return pin.offer.project

    def _chain(self, parent: Pin | None, wanted: Wanted) -> list[str]:
        if parent is None:
            return [f"{wanted.text} is asked for"] if wanted.text else []
        steps = [f"{parent.offer.project} {parent.offer.version} needs {wanted.text}"]
        seen = {parent.key}
        while parent.key in self._asked:
            parent, wanted = self._asked[parent.key]
            if parent.key in seen:
                break
            seen.add(parent.key)
            steps.append(f"{parent.offer.project} {parent.offer.version} needs {wanted.text}")
        return steps[::-1]


def describe_offers(project: str, offers: Sequence[Offer], platform: Platform) -> str:
    """What there is of a project, for people."""
    if not offers:
        return f"of {project} nothing is here that Pyodide {platform.name} can install"
    versions = sorted({offer.version for offer in offers}, key=parse_version, reverse=True)
    more = ", …" if len(versions) > 5 else ""
    return f"of {project} there is {', '.join(versions[:5])}{more}"
