"""Host requirements: what a recipe is compiled against, as files of this machine."""

from dataclasses import dataclass
from pathlib import Path

from porter.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFile:
    """One host requirement.

    `path` is a wheel or a library's archive, None where the toolchain has its files; `recipe` is
    what it was built by, None where somebody else did; `identity` tells it from any other.
    """

    name: str
    identity: str
    path: Path | None = None
    recipe: Recipe | None = None
