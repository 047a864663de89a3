"""What a resolution asks, answered by the kernel, the lock file and the indexes."""

from collections.abc import Mapping
from dataclasses import dataclass

from compat_report.catalog.contents import Contents
from compat_report.catalog.indexes import ORIGINS, Indexes
from compat_report.catalog.kernel import Kernel
from compat_report.catalog.lock import Lock
from compat_report.catalog.page import IndexedWheel, Page
from compat_report.errors import SourceAway
from compat_report.resolving.sources import Found

KERNEL = "kernel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """See compat_report.resolving.sources.Sources.

    The kernel's own wheels come before every index, as piplite has them.
    """

    kernel: Kernel
    lock: Lock
    indexes: Indexes
    lock_first: bool
    installed: Mapping[str, str]

    def find(self, name: str) -> Found | None:
        """The page of the first source that has the project; raises SourceAway."""
        own = self.kernel.wheels.get(name)
        if own is not None:
            return Found(page=_kernel_page(name, own.versions), origin=KERNEL)
        placed = self.indexes.find(name)
        if placed is None:
            return None
        return Found(page=placed.page, origin=ORIGINS[placed.shelf.origin])

    def requirements(self, found: Found, wheel: IndexedWheel) -> Contents:
        """What a wheel requires; raises SourceAway."""
        name = found.page.name
        if found.origin == KERNEL:
            return Contents(requires=self.kernel.wheels[name].requires)
        placed = self.indexes.find(name)
        if placed is None:
            raise SourceAway(f"no index has {name} any more")
        return placed.shelf.wheels.requirements(wheel)

    def prefetch(self, names: list[str]) -> None:
        """Ask for several at once, but for what no index will be asked for."""
        near = {*self.kernel.wheels, *self.installed}
        if self.lock_first:
            near |= self.lock.packages.keys()
        self.indexes.prefetch(name for name in names if name not in near)


def _kernel_page(name: str, versions: tuple[str, ...]) -> Page:
    plain = name.replace("-", "_")
    wheels = [
        IndexedWheel(filename=f"{plain}-{version}-py3-none-any.whl", url="", version=version)
        for version in versions
    ]
    return Page(name=name, wheels=tuple(wheels), versions=dict.fromkeys(versions, ""))
