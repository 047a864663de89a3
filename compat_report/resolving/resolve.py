"""micropip's own way to a set of wheels: the first that asks for a project has its choice.

Behaviour of micropip 0.11.1 (micropip/transaction.py), in our own words: requirements are worked
on side by side, each waiting for its page and then for its metadata; a project that was chosen stays
as it is, and whoever needs another version fails. Here every answer takes one turn, so that the
order is that of a network on which all answers take equally long.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion

from compat_report.catalog.contents import Contents
from compat_report.catalog.lock import Locked
from compat_report.catalog.model import Problem, Resolution
from compat_report.catalog.page import IndexedWheel
from compat_report.errors import SourceAway
from compat_report.reported import ResolvedFile
from compat_report.resolving.choose import choose_wheel, explain_absence, wheel_tags
from compat_report.resolving.environment import tag_ranks
from compat_report.resolving.extras import requirements_of
from compat_report.resolving.fits import admits, python_fits
from compat_report.resolving.sources import Found, Sources
from porter.platform import Platform

type Chain = tuple[str, ...]
type Task = Iterator[None]

# More than any honest set has; a hostile index could list requirements without end.
MOST_TASKS = 5000
DEEPEST = 100


def resolve(requirements: Sequence[str], sources: Sources, platform: Platform) -> Resolution:
    """What micropip would install for requirements, as one set, and all that keeps it from it."""
    work = _Transaction(sources, platform)
    sources.prefetch([name for text in requirements if (name := _project(text))])
    work.start(_ask(text, work, ()) for text in requirements)
    work.run()
    return work.result()


@dataclass(slots=True)
class _Transaction:
    sources: Sources
    platform: Platform
    chosen: dict[str, tuple[str, Chain]] = field(default_factory=dict)
    wheels: dict[str, ResolvedFile] = field(default_factory=dict)
    packages: dict[str, None] = field(default_factory=dict)
    problems: dict[Problem, None] = field(default_factory=dict)
    extras: dict[str, None] = field(default_factory=dict)
    waiting: deque[Task] = field(default_factory=deque)
    started: int = 0

    def start(self, tasks: Iterator[Task]) -> None:
        for task in tasks:
            self.started += 1
            # A task runs to its first wait before the next one starts, as asyncio.gather's do.
            if self.started <= MOST_TASKS and next(task, self) is None:
                self.waiting.append(task)

    def run(self) -> None:
        while self.waiting and self.started <= MOST_TASKS:
            task = self.waiting.popleft()
            if next(task, self) is None:
                self.waiting.append(task)
        if self.started > MOST_TASKS:
            self.fail("bad-requirement", (), f"more than {MOST_TASKS} requirements")

    def fail(self, code: str, chain: Chain, detail: str) -> None:
        problem = Problem(code=code, project=chain[-1] if chain else "", chain=chain, detail=detail)
        self.problems.setdefault(problem)

    def result(self) -> Resolution:
        loaded = {*self.sources.installed, *(file.name for file in self.wheels.values())}
        locked = self.sources.lock.closure(self.packages, loaded)
        return Resolution(
            files=(*self.wheels.values(), *(_locked_file(one) for one in locked)),
            problems=tuple(self.problems),
        )


def _ask(text: str, work: _Transaction, parents: Chain) -> Task:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        if not urlsplit(text).path.endswith(".whl"):
            work.fail("bad-requirement", (*parents, text), "this is no requirement (PEP 508)")
            return
        yield from _take_url(text, (), work, parents)
        return
    if requirement.name.endswith(".whl"):
        yield from _take_url(text, (), work, parents)
    else:
        yield from _add(requirement, work, parents)


def _add(requirement: Requirement, work: _Transaction, parents: Chain) -> Task:
    for extra in requirement.extras:
        work.extras.setdefault(extra)
    name = canonicalize_name(requirement.name)
    chain = (*parents, name)
    if not _applies(requirement, work, chain):
        return
    if _is_satisfied(name, requirement, work, chain) is not False:
        return
    if requirement.url:
        yield from _take_url(requirement.url, tuple(requirement.extras), work, chain)
    elif not (work.sources.lock_first and _load(name, requirement.specifier, work)):
        yield from _search(requirement, work, chain)


def _search(requirement: Requirement, work: _Transaction, chain: Chain) -> Task:
    name = chain[-1]
    yield
    try:
        found = work.sources.find(name)
    except SourceAway as error:
        work.fail("source-away", chain, error.message)
        return
    ranks = tag_ranks(work.platform)
    wheel = choose_wheel(found.page, requirement.specifier, ranks) if found else None
    if found is None or wheel is None:
        if work.sources.lock_first or not _load(name, requirement.specifier, work):
            work.fail(*_explain(name, requirement.specifier, found, work, chain))
    elif _is_satisfied(name, requirement, work, chain) is not None:
        yield from _take(found, wheel, tuple(requirement.extras), work, chain)


def _take(
    found: Found, wheel: IndexedWheel, extras: tuple[str, ...], work: _Transaction, chain: Chain
) -> Task:
    name = chain[-1]
    before = work.chosen.get(name)
    if before is not None and before[0] != wheel.version:
        work.fail(
            "two-versions", chain, f"{name} {before[0]} and {wheel.version} are both installed"
        )
    work.chosen[name] = (wheel.version, chain)
    yield
    try:
        contents = work.sources.requirements(found, wheel)
    except SourceAway as error:
        work.fail("source-away", chain, error.message)
        contents = Contents()
    key = f"{name} {wheel.filename}"
    work.wheels[key] = ResolvedFile(
        name=name,
        version=wheel.version,
        filename=wheel.filename,
        origin=found.origin,
        size=wheel.size,
        unpacked=contents.unpacked,
        sha256=wheel.sha256 or None,
    )
    if wheel.requires_python and not python_fits(wheel.requires_python, work.platform):
        work.fail(
            "other-python",
            chain,
            f"{name} {wheel.version} says it needs Python {wheel.requires_python}",
        )
    _require(contents, extras, work, chain)


def _require(contents: Contents, extras: tuple[str, ...], work: _Transaction, chain: Chain) -> None:
    if len(chain) >= DEEPEST:
        work.fail("bad-requirement", chain, f"more than {DEEPEST} projects that need each other")
        return
    try:
        needs = requirements_of(contents, extras, work.platform.markers())
    except ValueError as error:
        # A line that is none, or a marker that compares what cannot be compared.
        first = next(iter(str(error).splitlines()), "")
        work.fail("bad-requirement", chain, f"its metadata cannot be read: {first}")
        return
    except KeyError as error:
        work.fail("unknown-extra", chain, f"it has no extra {error.args[0]!r}")
        return
    work.sources.prefetch([canonicalize_name(need.name) for need in needs])
    work.start(_add(need, work, chain) for need in needs)


def _take_url(url: str, extras: tuple[str, ...], work: _Transaction, parents: Chain) -> Task:
    filename = unquote(urlsplit(url).path).rpartition("/")[2]
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except (InvalidWheelFilename, InvalidVersion):
        work.fail("no-wheel", parents or (filename,), f"{filename} is no wheel")
        return
    chain = parents if parents and parents[-1] == name else (*parents, name)
    if tag_ranks(work.platform).keys().isdisjoint(wheel_tags(filename)):
        work.fail("no-wheel", chain, f"{filename} is for another platform")
        return
    work.chosen[name] = (str(version), chain)
    yield
    # Notebooks name any address: none is asked but those of the configured indexes.
    found = work.sources.find(name) if _may_ask(name, work) else None
    wheels = found.page.wheels if found is not None else ()
    known = next(
        (wheel for wheel in wheels if wheel.url.partition("#")[0] == url.partition("#")[0]), None
    )
    if found is not None and known is not None:
        yield from _take(found, known, extras, work, chain)
        return
    work.wheels[f"{name} {filename}"] = ResolvedFile(
        name=name, version=str(version), filename=filename, origin="url"
    )
    work.fail("unread-url", chain, "what a wheel at this address requires is not known")


def _may_ask(name: str, work: _Transaction) -> bool:
    try:
        return work.sources.find(name) is not None
    except SourceAway:
        return False


def _load(name: str, specifier: SpecifierSet, work: _Transaction) -> bool:
    package = work.sources.lock.packages.get(name)
    if package is None or not admits(specifier, package.version):
        return False
    work.packages.setdefault(name)
    return True


def _is_satisfied(
    name: str, requirement: Requirement, work: _Transaction, chain: Chain
) -> bool | None:
    """None where another version stands in the way; that is told."""
    chosen, by = work.chosen.get(name) or (work.sources.installed.get(name), ())
    if chosen is None:
        return False
    if admits(requirement.specifier, chosen):
        return True
    because = f"for {' → '.join(by)}" if by else "when the kernel starts"
    detail = f"{requirement} is asked for, and {name} {chosen} was chosen {because}"
    work.fail("conflicting-versions", chain, detail)
    return None


def _applies(requirement: Requirement, work: _Transaction, chain: Chain) -> bool:
    if requirement.marker is None:
        return True
    environment = work.platform.markers()
    try:
        return any(
            requirement.marker.evaluate({**environment, "extra": extra})
            for extra in ("", *work.extras)
        )
    except ValueError as error:
        work.fail("bad-requirement", chain, f"its marker cannot be evaluated: {error}")
        return False


def _explain(
    name: str, specifier: SpecifierSet, found: Found | None, work: _Transaction, chain: Chain
) -> tuple[str, Chain, str]:
    package = work.sources.lock.packages.get(name)
    beside = f"; the runtime has {package.version}" if package is not None else ""
    if found is None:
        code = "no-version" if package is not None else "no-project"
        return code, chain, f"no index has the project{beside}"
    code, detail = explain_absence(found.page, specifier)
    return ("no-version" if beside else code), chain, f"{detail}{beside}"


def _locked_file(package: Locked) -> ResolvedFile:
    return ResolvedFile(
        name=package.name,
        version=package.version,
        filename=package.filename,
        origin="index" if package.own else "lock",
        sha256=package.sha256 or None,
    )


def _project(text: str) -> str:
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return ""
