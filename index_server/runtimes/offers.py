"""What a platform can install of a project: one wheel a version; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from index_server.model import File
from index_server.web.serialize import file_url
from porter.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One version of a project, and what a lock file says of it.

    `path` is where its file is, below the index's address, with a slash before it; `filename` its
    own name; `requires` are Requires-Dist lines, `imports` the names it is imported by.
    `install_dir` and `package_type` are Pyodide's: only what its release brings has others.
    """

    project: str
    version: str
    path: str
    filename: str
    sha256: str
    requires: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    install_dir: str = "site"
    package_type: str = "package"

    @property
    def parsed_version(self) -> Version:
        """The version, comparable; what is none of PEP 440's (a library's) is the oldest."""
        return parse_version(self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One requirement, as far as it holds on a platform.

    `extra` is one of a requirement's extras: it wants that extra's own requirements; `exact` the
    very offer that an extra belongs to. `text` is the requirement as it is written, `problem` why
    nothing can meet it.
    """

    project: str
    specifier: SpecifierSet
    text: str
    extra: str = ""
    exact: Offer | None = None
    problem: str = ""

    @property
    def key(self) -> str:
        """What all requirements of one thing have in common: `NAME` or `NAME[EXTRA]`."""
        return f"{self.project}[{self.extra}]" if self.extra else self.project

    def admits(self, offer: Offer) -> bool:
        """Whether an offer of this project meets it; whether pre-releases may, is said before."""
        if self.exact is not None:
            return offer is self.exact
        version = offer.parsed_version
        return not self.problem and self.specifier.contains(version, prereleases=True)


def newest_offers(files: Sequence[File], platform: Platform) -> tuple[Offer, ...]:
    """A project's offers, the newest version first.

    Of a version's wheels the one with the best tag is chosen, as micropip does, and among equals
    the one with the highest build number (the wheel specification).
    """
    versions: dict[Version, list[File]] = {}
    for file in files:
        versions.setdefault(file.parsed_version, []).append(file)
    chosen = (
        wheels[0] if len(wheels) == 1 else max(wheels, key=lambda file: _rank(file, platform))
        for _, wheels in sorted(versions.items(), reverse=True)
    )
    return tuple(_offer(file) for file in chosen)


def merge_offers(*groups: Sequence[Offer]) -> tuple[Offer, ...]:
    """Offers of one project, newest first; of one version the first group's."""
    found: dict[Version, Offer] = {}
    for offer in (offer for group in groups for offer in group):
        found.setdefault(offer.parsed_version, offer)
    return tuple(offer for _, offer in sorted(found.items(), reverse=True))


def requirements_of(offer: Offer, platform: Platform, extra: str = "") -> tuple[Wanted, ...]:
    """What an offer requires on a platform; with `extra` what that extra adds to it."""
    found: list[Wanted] = []
    for line in offer.requires:
        wanted = read_requirement(line, platform, extra)
        if not extra or wanted != read_requirement(line, platform):
            found += wanted
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def read_requirement(line: str, platform: Platform, extra: str = "") -> tuple[Wanted, ...]:
    """A requirement (PEP 508) on a platform: none where its marker does not hold there.

    With extras it is several: of the project, and of each extra.
    """
    try:
        parsed = Requirement(line)
    except InvalidRequirement:
        problem = "it is no requirement"
        return (Wanted(project=line, specifier=SpecifierSet(), text=line, problem=problem),)
    environment = {**platform.markers(), "extra": extra}
    if parsed.marker is not None and not parsed.marker.evaluate(environment):
        return ()
    name = canonicalize_name(parsed.name)
    shown = f"{parsed.name}{_extras(parsed)}{parsed.specifier}"
    problem = "a file is taken from this index alone, never from an address" if parsed.url else ""
    extras = sorted(canonicalize_name(asked) for asked in parsed.extras)
    return tuple(
        Wanted(project=name, specifier=parsed.specifier, text=shown, extra=asked, problem=problem)
        for asked in ("", *extras)
    )


@lru_cache(maxsize=1 << 16)
def parse_version(text: str) -> Version:
    """A version; what is none comes before every other."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def preferred(offers: Sequence[Offer], specifier: SpecifierSet) -> list[Offer]:
    """The offers that a specifier admits, in their order.

    Pre-releases are among them where the specifier names one, or nothing else is there (PEP 440).
    """
    admitted = set(specifier.filter([offer.parsed_version for offer in offers]))
    return [offer for offer in offers if offer.parsed_version in admitted]


def _extras(requirement: Requirement) -> str:
    return f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""


@cache
def _tag_ranks(platform: Platform) -> dict[object, int]:
    return {tag: -rank for rank, tag in enumerate(platform.tags())}


def _rank(file: File, platform: Platform) -> tuple[int, tuple[int, str]]:
    ranks = _tag_ranks(platform)
    best = max((ranks[tag] for tag in file.tags if tag in ranks), default=-len(ranks))
    return best, file.build


def _offer(file: File) -> Offer:
    return Offer(
        project=file.project,
        version=file.version,
        path=file_url(file, ""),
        filename=file.filename,
        sha256=file.sha256,
        requires=file.requires,
        # What says nothing of its imports is most likely imported by its own name.
        imports=file.imports or (file.project.replace("-", "_"),),
    )
