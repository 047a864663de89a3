"""A runtime's lock file: what `loadPackage` can load, by project and by import name.

The format is pyodide-lock.json's: `packages` by name with `version`, `file_name`, `imports`,
`depends`, `package_type` and `sha256` (https://pyodide.org, "pyodide-lock.json specification").
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.utils import canonicalize_name

TESTS = "-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One package. `url` is where its file is, "" where that depends on who serves the runtime.

    `own` says that an index brings it, and not the release. `tests_apart`: its tests are a
    package of their own.
    """

    name: str
    version: str
    filename: str
    url: str = ""
    sha256: str = ""
    depends: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    kind: str = "package"
    tests_apart: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """All packages, by normalised name, and which of them an import name belongs to."""

    packages: Mapping[str, Locked] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)

    def closure(self, names: Iterable[str], loaded: Iterable[str] = ()) -> tuple[Locked, ...]:
        """What `loadPackage(names)` loads, each after what it depends on; not what is loaded."""
        seen = set(loaded)
        found: list[Locked] = []
        # A name is met twice: before what it depends on, and after.
        waiting = [(name, False) for name in reversed(list(names))]
        while waiting:
            name, done = waiting.pop()
            package = self.packages.get(name)
            if package is None:
                continue
            if done:
                found.append(package)
            elif name not in seen:
                seen.add(name)
                waiting.append((name, True))
                waiting += [(need, False) for need in reversed(package.depends)]
        return tuple(found)


def add_own(release: Lock, index: Lock) -> Lock:
    """A release's packages, and what an index has beside them, marked as `own`.

    An index lists of a release's packages those that it serves itself; the others are where the
    release has them.
    """
    own = {
        name: replace(package, own=True)
        for name, package in index.packages.items()
        if name not in release.packages
    }
    imports = {name: project for name, project in index.imports.items() if project in own}
    return Lock(packages={**own, **release.packages}, imports={**imports, **release.imports})


def parse_lock(body: bytes) -> Lock:
    """A lock file's packages; raises ValueError for anything that is no lock file."""
    try:
        data = json.loads(body)
        packages = [_parse_package(fields) for fields in data["packages"].values()]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a lock file: {error}") from error
    by_name: dict[str, Locked] = {}
    for package in packages:
        # A circle of packages is opened with second entries of the same name, without imports.
        if package.name not in by_name or package.imports:
            by_name[package.name] = package
    imports: dict[str, str] = {}
    for package in packages:
        if package.name.endswith(TESTS) and package.name.removesuffix(TESTS) in by_name:
            continue
        for name in package.imports:
            imports.setdefault(name, package.name)
    return Lock(packages=by_name, imports=imports)


def _parse_package(fields: Mapping[str, Any]) -> Locked:
    place = str(fields["file_name"])
    name = canonicalize_name(str(fields["name"]))
    filename = place.rpartition("/")[2]
    return Locked(
        name=name,
        version=str(fields["version"]),
        filename=filename,
        url=place if "://" in place else "",
        sha256=str(fields.get("sha256", "")),
        depends=tuple(canonicalize_name(str(need)) for need in fields["depends"]),
        imports=tuple(str(one) for one in fields["imports"]),
        kind=str(fields.get("package_type", "package")),
        tests_apart=bool(fields.get("unvendored_tests", False)),
    )
