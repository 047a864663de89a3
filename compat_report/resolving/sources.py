"""What a resolution asks, and how the answers are named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from compat_report.catalog.contents import Contents
from compat_report.catalog.lock import Lock
from compat_report.catalog.page import IndexedWheel, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A project's page, and where it was: "kernel", "index" or "pypi"."""

    page: Page
    origin: str


class Sources(Protocol):
    """The lock file, what is installed already, and the indexes in their order."""

    @property
    def lock(self) -> Lock:
        """What `loadPackage` can load."""
        ...

    @property
    def lock_first(self) -> bool:
        """Whether the lock file is asked before the indexes: where these are micropip's own."""
        ...

    @property
    def installed(self) -> Mapping[str, str]:
        """Versions by normalised name of what is there before anything is asked for."""
        ...

    def find(self, name: str) -> Found | None:
        """The page of the first index that has the project; raises SourceAway."""
        ...

    def requirements(self, found: Found, wheel: IndexedWheel) -> Contents:
        """What a wheel requires; raises SourceAway."""
        ...

    def prefetch(self, names: list[str]) -> None:
        """These will be asked for soon: several may be fetched at once."""
        ...
