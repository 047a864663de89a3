"""Pyodide's lock file of what was resolved; pure.

`loadPackage` and `loadPackagesFromImports` read of each package: `name`, `file_name`, `sha256`
(which browsers check as subresource integrity), `install_dir`, `package_type`, `imports`, `depends`.
"""

import json
from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from index_server.runtimes.offers import Offer
from index_server.runtimes.resolve import depends_of
from porter.platform import Platform

type Packages = dict[str, dict[str, object]]


def make_packages(
    pins: Mapping[str, Offer],
    platform: Platform,
    extras: Mapping[str, Collection[str]] | None = None,
) -> Packages:
    """The packages of a lock file by name; `file_name` is a path below the index's address.

    `extras` are those of each project that were asked for: what they need is loaded with it.
    """
    asked = extras or {}
    depends = {
        name: depends_of(offer, pins, platform, asked.get(name, ()))
        for name, offer in sorted(pins.items())
    }
    packages = {
        name: _package(pins[name], needs, pins[name].imports) for name, needs in depends.items()
    }
    return packages | _open_circles(packages, depends, pins)


def render_lock(
    info: Mapping[str, str], packages: Packages, *, base: str, relative: bool = False
) -> bytes:
    """The lock file. `file_name` is an absolute address, or `relative` a bare file name.

    Absolute ones are the same wherever the lock file is copied to. Node cannot use them: Pyodide
    looks there for a file of that name first, then for it below `packageBaseUrl`.
    """
    placed = {
        name: {**package, "file_name": _place(str(package["file_name"]), base, relative=relative)}
        for name, package in packages.items()
    }
    document = {"info": dict(info), "packages": placed}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _place(path: str, base: str, *, relative: bool) -> str:
    return path.rpartition("/")[2] if relative else f"{base}{path}"


def _package(offer: Offer, depends: Collection[str], imports: Collection[str]) -> dict[str, object]:
    # micropip looks the names of what was loaded up among the keys: a name is its own key.
    return {
        "name": offer.project,
        "version": offer.version,
        "file_name": offer.path,
        "install_dir": offer.install_dir,
        "sha256": offer.sha256,
        "package_type": offer.package_type,
        "imports": list(imports),
        "depends": list(depends),
        "unvendored_tests": False,
    }


def _open_circles(
    packages: Packages, depends: Mapping[str, Collection[str]], pins: Mapping[str, Offer]
) -> Packages:
    """Let no package wait for itself: `loadPackage` would never end.

    It installs a package when all it depends on is installed. So where projects need each other,
    each waits for second entries of the others, which wait for nobody of the circle. They have the
    same `name`, by which Pyodide knows what is loaded.
    """
    added: Packages = {}
    for circle in find_circles(depends):
        second = {name: _free_name(name, packages) for name in circle}
        outside = sorted({need for name in circle for need in depends[name]} - circle)
        for name in sorted(circle):
            others = sorted(second[other] for other in circle - {name})
            packages[name]["depends"] = [*outside, *others]
            added[second[name]] = _package(pins[name], outside, ())
    return added


def find_circles(depends: Mapping[str, Collection[str]]) -> list[frozenset[str]]:
    """The sets of projects that all need each other, directly or through others."""
    try:
        TopologicalSorter(depends).prepare()
    except CycleError:
        reach = {name: _reachable(name, depends) for name in depends}
        circles = {
            frozenset(other for other in found if name in reach.get(other, ()))
            for name, found in reach.items()
        }
        return sorted((circle for circle in circles if circle), key=sorted)
    return []


def _reachable(start: str, depends: Mapping[str, Collection[str]]) -> set[str]:
    seen: set[str] = set()
    open_ends = [*depends[start]]
    while open_ends:
        name = open_ends.pop()
        if name not in seen:
            seen.add(name)
            open_ends += depends.get(name, ())
    return seen


def _free_name(name: str, taken: Collection[str]) -> str:
    """A name that no project has."""
    free = f"{name}-again"
    while free in taken:
        free += "-again"
    return free
