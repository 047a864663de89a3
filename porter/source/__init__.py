"""Sources: named, fetched by their hash, laid out and patched."""

from porter.source.fetch import fetch_source
from porter.source.lay import lay_source
from porter.source.model import Address, Debian, Fetched, Git, Source
from porter.source.parse import parse_source, recipe_source

__all__ = [
    "Address",
    "Debian",
    "Fetched",
    "Git",
    "Source",
    "fetch_source",
    "lay_source",
    "parse_source",
    "recipe_source",
]
