"""Where an import comes from: one question after the other, until one is answered."""

from dataclasses import dataclass, replace

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from compat_report.catalog.indexes import Indexes, Placed
from compat_report.catalog.kernel import Kernel
from compat_report.catalog.lock import Lock
from compat_report.catalog.mapping import Names, prefixes
from compat_report.catalog.model import Origin, Provided, State
from compat_report.catalog.stdlib import Stdlib
from compat_report.errors import SourceAway
from compat_report.resolving.choose import choose_wheel, explain_absence
from compat_report.resolving.environment import tag_ranks
from porter.platform import Platform

LONGEST = 256
ANY = SpecifierSet()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """All sources, in the order in which they are asked.

    The company's mapping, the kernel, the standard library, the lock file and the known names
    (the longest prefix first, and the lock file first of two that are as long), then a project
    that is named like the import and holds it.
    """

    platform: Platform
    kernel: Kernel
    loaded: frozenset[str]
    stdlib: Stdlib
    lock: Lock
    mapping: Names
    names: Names
    indexes: Indexes

    def look_up(self, name: str) -> Provided:
        """What is known of a dotted import."""
        if len(name) > LONGEST or not all(part.isidentifier() for part in name.split(".")):
            return Provided(name=name, state=State.UNKNOWN, detail="not the name of a module")
        mapped = self.mapping.find(name)
        if mapped is not None:
            return self._mapped(*mapped)
        return (
            self.kernel.look_up(name)
            or self._standard(name)
            or self._known(name)
            or self._guessed(name)
        )

    def _mapped(self, prefix: str, project: str) -> Provided:
        if not project:
            return Provided(
                name=prefix, state=State.WORKS, origin=Origin.MAPPING, detail="nothing to install"
            )
        return self._provide(prefix, project, Origin.MAPPING)

    def _standard(self, name: str) -> Provided | None:
        found = self.stdlib.look_up(name)
        if found is None or found.state is not State.MISSING:
            return found
        # Parts of the standard library that the runtime loads when they are asked for.
        for prefix in prefixes(name):
            package = self.lock.imports.get(prefix)
            if package is not None:
                return self._locked(prefix, package)
        return found

    def _known(self, name: str) -> Provided | None:
        shared = self.mapping.namespaces | self.names.namespaces
        for prefix in prefixes(name):
            if prefix in shared and prefix != name:
                continue
            package = self.lock.imports.get(prefix)
            if package is not None:
                return self._tested(name, prefix, package) or self._locked(prefix, package)
            project = self.names.imports.get(prefix)
            if project is not None:
                return self._provide(prefix, project, None)
        return None

    def _tested(self, name: str, prefix: str, package: str) -> Provided | None:
        """A package's tests, where they are a package of their own."""
        parts = name.removeprefix(prefix).split(".")
        apart = f"{package}-tests"
        if not {"test", "tests"} & set(parts) or apart not in self.lock.packages:
            return None
        return Provided(name=name, state=State.WORKS, origin=Origin.LOCK, project=apart)

    def _locked(self, prefix: str, package: str) -> Provided:
        if package in self.loaded:
            return Provided(name=prefix, state=State.WORKS, origin=Origin.KERNEL, project=None)
        own = self.lock.packages[package].own
        return Provided(
            name=prefix,
            state=State.WORKS,
            origin=Origin.INDEX if own else Origin.LOCK,
            project=package,
        )

    def _provide(self, prefix: str, project: str, origin: Origin | None) -> Provided:
        """What becomes of an import whose project is known."""
        if project in self.loaded:
            return Provided(name=prefix, state=State.WORKS, origin=origin or Origin.KERNEL)
        if project in self.lock.packages:
            found = self._locked(prefix, project)
            return found if origin is None else replace(found, origin=origin)
        try:
            placed = self.indexes.find(project)
        except SourceAway as error:
            return Provided(
                name=prefix,
                state=State.UNKNOWN,
                origin=origin,
                project=project,
                detail=error.message,
            )
        if placed is None:
            return Provided(
                name=prefix,
                state=State.MISSING,
                origin=origin,
                project=project,
                detail="no index has the project",
            )
        return self._judge(prefix, placed, origin)

    def _judge(self, prefix: str, placed: Placed, origin: Origin | None) -> Provided:
        wheel = choose_wheel(placed.page, ANY, tag_ranks(self.platform))
        return Provided(
            name=prefix,
            state=State.WORKS if wheel is not None else State.MISSING,
            origin=origin or placed.shelf.origin,
            project=placed.page.name,
            detail="" if wheel is not None else explain_absence(placed.page, ANY)[1],
        )

    def _guessed(self, name: str) -> Provided:
        """A project that is named like the import, where one of its wheels has the import in it."""
        shared = self.mapping.namespaces | self.names.namespaces
        parts = name.split(".")
        depth = 1
        while depth < len(parts) and ".".join(parts[:depth]) in shared:
            depth += 1
        unknown = Provided(
            name=".".join(parts[:depth]), state=State.UNKNOWN, detail="nobody knows its project"
        )
        if parts[0] in self.mapping.own | self.names.own:
            return replace(unknown, detail="most often a module of one's own, and it is not here")
        for length in range(depth, 0, -1):
            prefix = ".".join(parts[:length])
            if prefix in shared and length < depth:
                break
            try:
                found = self._guess(prefix)
            except SourceAway as error:
                return Provided(name=prefix, state=State.UNKNOWN, detail=error.message)
            if found is not None:
                return found
        return unknown

    def _guess(self, prefix: str) -> Provided | None:
        project = canonicalize_name(prefix.strip("_")) if prefix.strip("_") else ""
        if project in self.loaded:
            return Provided(name=prefix, state=State.WORKS, origin=Origin.KERNEL)
        # What is in the lock file is imported by the names it has there.
        if not project or not project.isascii() or project in self.lock.packages:
            return None
        placed = self.indexes.find(project)
        return self._look_into(prefix, placed) if placed is not None else None

    def _look_into(self, prefix: str, placed: Placed) -> Provided:
        page = placed.page
        found = self._judge(prefix, placed, None)
        wheel = choose_wheel(page, ANY, tag_ranks(self.platform)) or page.other
        if wheel is None and placed.shelf.origin is Origin.INDEX:
            # Whose index it is named it so.
            return found
        if wheel is None:
            # Nobody can tell what an sdist would hold, and in public names are anybody's.
            detail = f"it may be {page.name}, of which there is no wheel to look into"
            return replace(found, state=State.UNKNOWN, detail=detail)
        if not placed.shelf.wheels.contents(wheel).holds(prefix):
            detail = f"nobody knows its project: {page.name} does not hold it"
            return Provided(name=prefix, state=State.UNKNOWN, detail=detail)
        return found
