"""Which project an address is about: what a token limited to some may read; pure."""

import re

from packaging.utils import canonicalize_name

PROJECT = re.compile(
    r"(?:(?:/staging)?(?:/r/[^/]+)?/simple/+|/integrity/|/project/)(?P<name>[^/]+)(?:/.*)?",
    re.DOTALL,
)
FILE = re.compile(r"/(?:files|upstream)/[^/]+/[^/]+/(?P<name>[^/-]+)-[^/]*", re.DOTALL)
# What tells nothing of any project, or has code of its own that looks who asks.
FREE = re.compile(r"/api(?:/.*)?|/tokens|(?:/staging)?/r/[^/]+/runtime/.*", re.DOTALL)


def read_subject(path: str) -> str | None:
    """The project of a path, normalised; empty for what is about all, None for what is about none."""
    match = PROJECT.fullmatch(path) or FILE.fullmatch(path)
    if match is not None:
        return canonicalize_name(match["name"])
    return None if FREE.fullmatch(path) else ""
