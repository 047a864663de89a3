"""The journey of a wheel back to its source: built again as it says it was, and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packageurl import PackageURL

from porter.changes import Change, explain_changes
from porter.compare import Difference, compare_wheels
from porter.disclosed import Disclosed, read_disclosed
from porter.errors import ConfigurationError, SourceNotFound
from porter.graph import Role
from porter.home import Home, hash_file
from porter.platform import Platform, read_platform
from porter.portfolio import Portfolio, build_portfolio
from porter.progress import Reporter
from porter.recipe import Recipe, read_recipes
from porter.retell import host_parts, retell_recipe
from porter.source import Source, parse_source, recipe_source
from porter.store.shared import SharedStore
from porter.toolchain.select import have_toolchain
from porter.wanted import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilding:
    """How wheels are built again, into `out`.

    `recipes` are folders of recipes, for patches and for what a wheel was compiled against;
    `source` is given for a wheel of a folder; the rest is as of `Portfolio`.
    """

    out: Path
    recipes: Sequence[Path]
    home: Home
    env: Mapping[str, str]
    jobs: int
    report: Reporter
    source: str = ""
    index: str | None = None
    sources: Path | None = None
    store: SharedStore | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """A wheel, and the one that its own account gave.

    `changes` are inputs that are not what it tells, such as another compiler; `differences` are
    the members that came out otherwise.
    """

    wheel: Path
    sha256: str
    again: Path
    again_sha256: str
    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether both are the same bytes."""
        return self.sha256 == self.again_sha256


def rebuild_wheel(wheel: Path, making: Rebuilding) -> Rebuilt:
    """Build a wheel again from what its bill of materials tells, and compare.

    Source, patches, flags, scripts, platform and the toolchain's provider are as told there.
    Raises ConfigurationError where it does not tell, or a patch is not at hand, and what a build
    raises.
    """
    told = read_disclosed(wheel)
    if not told.inputs or not told.properties.get("porter:platform"):
        raise ConfigurationError(
            f"{wheel.name} does not tell what went into it",
            advice="it was built by an older Porter: build it anew",
        )
    platform = read_platform(told.properties["porter:platform"])
    toolchain = have_toolchain(
        platform,
        told.properties.get("porter:toolchain:provider", "auto"),
        home=making.home,
        env=making.env,
        report=making.report,
    )
    read = read_recipes([folder for folder in making.recipes if folder.is_dir()])
    recipes = {name: recipe.on(platform) for name, recipe in read.items()}
    source = find_source(told, recipes, making, platform=platform)
    name = source.name
    built, failures = build_portfolio(
        Wanted(
            roles={name: Role.NAMED},
            recipes={**recipes, name: source.recipe},
            sources={name: source},
            names={},
        ),
        Portfolio(
            out=making.out,
            platform=platform,
            toolchain=toolchain,
            home=making.home,
            env=making.env,
            jobs=making.jobs,
            report=making.report,
            audit=told.properties.get("porter:audit") != "skipped",
            index=making.index,
            sources=making.sources,
            store=making.store,
            again=frozenset({name}),
        ),
    )
    for failure in failures:
        if not failure.blocked_by:
            raise failure.error
    again = next(item.wheel for item in built if item.name == name)
    return Rebuilt(
        wheel=wheel,
        sha256=hash_file(wheel),
        again=again,
        again_sha256=hash_file(again),
        changes=explain_changes(told.inputs, read_disclosed(again).inputs),
        differences=compare_wheels(wheel, again),
    )


def find_source(
    told: Disclosed, recipes: Mapping[str, Recipe], making: Rebuilding, *, platform: Platform
) -> Source:
    """The source that a wheel tells of, with the recipe that it tells.

    Of a folder the wheel tells only the hash: `making.source` names it, or the recipe of that
    name does. Raises SourceNotFound, ConfigurationError.
    """
    name = told.inputs.get("name", "")
    known = recipes.get(name, Recipe(name=name, host=tuple(host_parts(told.inputs))))
    if making.source:
        named = parse_source(making.source, recipes=making.recipes, platform=platform)
        known = named.recipe if name not in recipes else known
    elif told.source:
        named = parse_source(_pinned(told), recipes=making.recipes, platform=platform)
    elif name in recipes:
        named = recipe_source(known)
    else:
        raise SourceNotFound(
            f"{told.name} {told.version} was built of a folder, or a file, of another machine",
            advice="give it: --source SOURCE, or the folder of its recipe: --recipes DIR",
        )

    def find(file: str, sha256: str) -> Path:
        folders = [recipe.folder for recipe in (known, named.recipe) if recipe.folder is not None]
        for folder in folders:
            for path in sorted(folder.rglob(file)):
                if path.is_file() and hash_file(path) == sha256:
                    return path
        raise ConfigurationError(
            f"{file} of sha256 {sha256}, which went into it, is not beside the recipe of {name}",
            advice="name the folder of recipes that has it: --recipes DIR",
        )

    recipe = retell_recipe(told.inputs, known, find=find)
    return replace(named, recipe=replace(recipe, version=known.told_version or told.version))


def _pinned(told: Disclosed) -> str:
    """Its source as the command line names it, with the hash of its bytes."""
    text, sha256 = told.source, told.source_sha256
    if text.startswith("pkg:"):
        purl = PackageURL.from_string(text)
        return purl._replace(qualifiers={"checksum": f"sha256:{sha256}"}).to_string()
    return text if text.startswith("git+") else f"{text}#sha256={sha256}"
