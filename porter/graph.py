"""Which recipes are built, in which order, and what is there already. Pure: no disk, no network."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from packaging.version import InvalidVersion, Version

from porter.errors import ConfigurationError
from porter.pypi import IndexFile
from porter.recipe.model import Kind, Recipe

ARROW = " → "
# Of the missing, the first many tell as much as all.
SHOWN = 20


class Role(StrEnum):
    """Why a project is asked for."""

    NAMED = "named"
    """By its name: it is built, whoever else has it."""
    LISTED = "listed"
    """As one of a folder of recipes."""
    HOST = "host"
    """To compile another against."""
    RUN = "run"
    """For another to import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """A project that somebody has: `by` says who.

    `at_build`: its headers and libraries can be had too, so that others can be compiled against
    it; `file` is the wheel that has them, None where they lie in the toolchain.
    """

    version: str
    by: str
    at_build: bool
    file: IndexFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A recipe that is built.

    Of its host requirements it waits for the nodes `host`; those of `given` are there. The
    libraries that its libraries need are among them, each before its users.
    """

    recipe: Recipe
    role: Role
    host: tuple[str, ...]
    given: tuple[str, ...]

    @property
    def name(self) -> str:
        """The project's normalised name."""
        return self.recipe.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A project that is not built, because `provided` has it."""

    name: str
    provided: Provided


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A recipe that is not built, because the last of `path` is disabled."""

    name: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """`nodes` in the order of their builds; `outside` are run requirements nobody here has.

    Whoever installs the wheel asks the public index for those. `above` says of every name which
    other asked for it first, empty for what was asked for itself.
    """

    nodes: tuple[Node, ...]
    reused: tuple[Reused, ...]
    skipped: tuple[Skipped, ...]
    outside: tuple[str, ...]
    above: Mapping[str, str]

    @property
    def provided(self) -> dict[str, Provided]:
        """Who has what is not built, by name."""
        return {reused.name: reused.provided for reused in self.reused}

    def way(self, name: str) -> tuple[str, ...]:
        """The names from what was asked for down to `name`, itself the last."""
        return _way(name, self.above)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """How a name was first come to; `above` is who asked."""

    role: Role
    above: str


def plan_graph(
    wanted: Mapping[str, Role],
    recipes: Mapping[str, Recipe],
    *,
    provided: Mapping[str, Provided],
    tried: bool = False,
) -> Graph:
    """What to build for the projects `wanted`, each by its normalised name.

    Host requirements come before their users. What is `provided` in the recipe's own version is
    not built, but for what is wanted by name, or at build time of somebody who has only its wheel.
    Nor is it enough for who is `tried`, and imports it, that its wheel is somewhere.
    Raises ConfigurationError that shows the path to every requirement that nobody has, or the
    circle in which recipes wait for each other.
    """
    built: dict[str, _Visit] = {}
    reused: dict[str, _Visit] = {}
    outside: dict[str, _Visit] = {}
    missing: dict[str, str] = {}
    # Breadth first: of several ways to a project the shortest is told.
    waiting = deque((name, _Visit(role=role, above="")) for name, role in wanted.items())
    while waiting:
        name, visit = waiting.popleft()
        if name in built:
            continue
        recipe = recipes.get(name)
        if _is_there(recipe, provided.get(name), visit.role, tried=tried):
            reused.setdefault(name, visit)
        elif recipe is None and visit.role is Role.RUN:
            outside.setdefault(name, visit)
        elif recipe is None:
            missing.setdefault(name, _no_recipe(name, provided.get(name)))
            built[name] = visit
        else:
            if visit.role is Role.RUN and recipe.kind is Kind.STATIC_LIBRARY:
                missing[f"{visit.above}:{name}"] = (
                    f"{visit.above} needs the static library {name} at run time: "
                    "it is a host requirement"
                )
            built[name] = visit
            if not recipe.disabled:
                waiting += _needs(recipe)
    if missing:
        raise _missing(missing, _above(built))
    skipped = _disabled({name: recipes[name] for name in built})
    kept = {name: visit for name, visit in built.items() if name not in skipped}
    order = _order({name: recipes[name].host for name in kept}, kept)
    host = _with_libraries(order, recipes)
    return Graph(
        nodes=tuple(
            Node(
                recipe=recipes[name],
                role=kept[name].role,
                host=tuple(below for below in host[name] if below in kept),
                given=tuple(below for below in host[name] if below not in kept),
            )
            for name in order
        ),
        reused=tuple(
            Reused(name=name, provided=provided[name]) for name in reused if name not in built
        ),
        skipped=tuple(Skipped(name=name, path=path) for name, path in sorted(skipped.items())),
        outside=tuple(outside),
        above=_above({**outside, **reused, **built}),
    )


def same_version(one: str, other: str) -> bool:
    """Whether two versions are the same (PEP 440), or the same text where they are none."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _is_there(recipe: Recipe | None, provided: Provided | None, role: Role, *, tried: bool) -> bool:
    if provided is None or role is Role.NAMED:
        return False
    # A release's lock file names wheels; whoever needs one in hand has to have it built.
    in_hand = role is Role.HOST or (role is Role.RUN and tried and recipe is not None)
    if in_hand and not provided.at_build:
        return False
    version = recipe.told_version if recipe is not None else ""
    return not version or same_version(version, provided.version)


def _needs(recipe: Recipe) -> Iterator[tuple[str, _Visit]]:
    for role, names in ((Role.HOST, recipe.host), (Role.RUN, recipe.run)):
        for name in names:
            yield name, _Visit(role=role, above=recipe.key)


def _no_recipe(name: str, provided: Provided | None) -> str:
    if provided is not None:
        return (
            f"{provided.by} has {name} to import, not to compile against: a recipe has to build it"
        )
    return f"no recipe for {name}"


def _above(visits: Mapping[str, _Visit]) -> dict[str, str]:
    return {name: visit.above for name, visit in visits.items()}


def _way(name: str, above: Mapping[str, str]) -> tuple[str, ...]:
    way = [name]
    while up := above.get(way[-1]):
        way.append(up)
    return tuple(reversed(way))


def _missing(missing: Mapping[str, str], above: Mapping[str, str]) -> ConfigurationError:
    lines = []
    for name, text in missing.items():
        way = _way(name, above) if name in above else ()
        lines.append(f"{ARROW.join(way)}: {text}" if len(way) > 1 else text)
    more = f"\n  and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    text = (
        lines[0]
        if len(lines) == 1
        else "requirements are missing:" + "".join(f"\n  {line}" for line in lines[:SHOWN]) + more
    )
    return ConfigurationError(
        text, advice="name the folder that has it with --recipes, or write one: porter new"
    )


def _disabled(recipes: Mapping[str, Recipe]) -> dict[str, tuple[str, ...]]:
    """Recipes that are disabled, and those that wait for one: each with the path to it."""
    users: dict[str, list[str]] = {}
    for name, recipe in recipes.items():
        for host in recipe.host:
            users.setdefault(host, []).append(name)
    found: dict[str, tuple[str, ...]] = {
        name: (name,) for name, recipe in recipes.items() if recipe.disabled
    }
    waiting = [*found]
    while waiting:
        name = waiting.pop()
        for user in users.get(name, ()):
            if user not in found:
                found[user] = (user, *found[name])
                waiting.append(user)
    return found


def _with_libraries(
    order: Sequence[str], recipes: Mapping[str, Recipe]
) -> dict[str, tuple[str, ...]]:
    """Host requirements with those of the libraries among them: a linker wants them all."""
    found: dict[str, tuple[str, ...]] = {}
    for name in order:
        below: dict[str, None] = {}
        for host in recipes[name].host:
            if host in found and recipes[host].kind.is_library:
                below |= dict.fromkeys(found[host])
            below[host] = None
        found[name] = tuple(below)
    return found


def _order(hosts: Mapping[str, Sequence[str]], kept: Collection[str]) -> list[str]:
    sorter = TopologicalSorter(
        {name: [host for host in below if host in kept] for name, below in hosts.items()}
    )
    try:
        return [*sorter.static_order()]
    except CycleError as error:
        # graphlib tells a circle from the one that is waited for to the one that waits.
        circle = ARROW.join(reversed(error.args[1]))
        raise ConfigurationError(
            f"{circle}: they wait for each other", advice="take one out of requirements.host"
        ) from error
