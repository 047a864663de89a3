"""What a port needs beyond its source, as its owner wrote it down: three forms, one value."""

from porter.recipe.fields import FIELDS, FLAGS, parse_recipe
from porter.recipe.folder import find_own_recipe, find_recipe, read_recipe, read_recipes
from porter.recipe.model import Kind, Recipe

__all__ = [
    "FIELDS",
    "FLAGS",
    "Kind",
    "Recipe",
    "find_own_recipe",
    "find_recipe",
    "parse_recipe",
    "read_recipe",
    "read_recipes",
]
