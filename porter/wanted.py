"""What a command line asks for: sources, recipes by name or tag, whole folders of recipes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name

from porter.errors import SourceNotFound, UsageError
from porter.graph import Role
from porter.platform import Platform
from porter.recipe import Recipe, read_recipes
from porter.recipe.folder import recipe_folders
from porter.source import Source, parse_source, recipe_source

TAG = "tag:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for.

    `roles` are by normalised name, in the order asked for; `recipes` all that may be needed;
    `sources` of those named by their source, and `names` what each of the texts named.
    """

    roles: Mapping[str, Role]
    recipes: Mapping[str, Recipe]
    sources: Mapping[str, Source]
    names: Mapping[str, str]

    def source(self, recipe: Recipe) -> Source:
        """Where the bytes of a recipe's project come from. Raises as `recipe_source`."""
        return self.sources.get(recipe.key) or recipe_source(recipe)

    @property
    def alone(self) -> bool:
        """Whether nothing but what was named is asked for."""
        return all(role is Role.NAMED for role in self.roles.values()) and not any(
            self.recipes[name].host or self.recipes[name].run for name in self.roles
        )


def read_wanted(texts: Sequence[str], *, recipes: Sequence[Path], platform: Platform) -> Wanted:
    """The projects that are asked for on a platform, and the recipes of all that these may need.

    Besides what `parse_source` takes: the name of a recipe, `tag:WORD` for all recipes with that
    tag, and a folder of recipes; without any, every recipe of `recipes`. What a folder or a tag
    lists is built only where nobody has it. Raises what reading recipes and sources raises, and
    UsageError for two sources of one project.
    """

    @cache
    def known() -> dict[str, Recipe]:
        # Whoever needs no other project is not kept from building by another's mistake.
        return _on(platform, recipes)

    roles: dict[str, Role] = {} if texts else dict.fromkeys(known(), Role.LISTED)
    listed: dict[str, Recipe] = {}
    sources: dict[str, Source] = {}
    names: dict[str, str] = {}
    for text in texts:
        if text.startswith(TAG):
            for name in _tagged(text.removeprefix(TAG), known()):
                roles.setdefault(name, Role.LISTED)
        elif is_portfolio(Path(text)):
            listed = {**_on(platform, [Path(text)]), **listed}
            for name in listed:
                roles.setdefault(name, Role.LISTED)
        elif _is_name(text) and canonicalize_name(text) in known():
            roles[canonicalize_name(text)] = Role.NAMED
        else:
            source = parse_source(text, recipes=recipes, platform=platform)
            if source.name in sources:
                raise UsageError(f"{text}: {source.name} is asked for twice, from two sources")
            sources[source.name] = source
            names[text] = source.name
            roles[source.name] = Role.NAMED
    found = {**listed, **{name: _told(source) for name, source in sources.items()}}
    if any(name not in found or found[name].host or found[name].run for name in roles):
        found = {**known(), **found}
    return Wanted(roles=roles, recipes=found, sources=sources, names=names)


def is_portfolio(folder: Path) -> bool:
    """Whether it is a folder of recipes: no project and no recipe, but folders with recipes."""
    if not folder.is_dir():
        return False
    files = ("pyproject.toml", "setup.py", "recipe.toml", "meta.yaml")
    return not any((folder / file).is_file() for file in files) and any(recipe_folders(folder))


def _on(platform: Platform, folders: Sequence[Path]) -> dict[str, Recipe]:
    return {name: recipe.on(platform) for name, recipe in read_recipes(folders).items()}


def _is_name(text: str) -> bool:
    return not Path(text).exists() and not any(mark in text for mark in ":/#")


def _told(source: Source) -> Recipe:
    """The source's recipe, with the version that the source's own name tells."""
    version = getattr(source.origin, "version", None)
    return replace(source.recipe, version=version) if isinstance(version, str) else source.recipe


def _tagged(tag: str, recipes: Mapping[str, Recipe]) -> list[str]:
    found = [name for name, recipe in recipes.items() if tag in recipe.tags]
    if not found:
        known = sorted({word for recipe in recipes.values() for word in recipe.tags})
        raise SourceNotFound(
            f"no recipe has the tag {tag}", advice=f"there are {', '.join(known)}" if known else ""
        )
    return found
