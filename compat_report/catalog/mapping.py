"""Which project an import belongs to: the company's own table, and the well-known one."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from packaging.utils import InvalidName, canonicalize_name

from compat_report.errors import BadPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """`imports` maps dotted names to normalised projects; "" where nothing is to be installed.

    `namespaces` are packages that many projects share: what one project has of them says nothing
    of the others. `own` are names that people give to modules of their own.
    """

    imports: Mapping[str, str] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    def find(self, name: str) -> tuple[str, str] | None:
        """(prefix, project) of the longest prefix that is known."""
        for prefix in prefixes(name):
            if prefix in self.imports:
                return prefix, self.imports[prefix]
        return None


def prefixes(name: str) -> Iterator[str]:
    """`a.b.c`, `a.b`, `a`."""
    while name:
        yield name
        name = name.rpartition(".")[0]


@cache
def read_names() -> Names:
    """The well-known names of names.toml."""
    text = files("compat_report.catalog").joinpath("names.toml").read_text("utf-8")
    return parse_names(tomllib.loads(text), "names.toml")


def read_mapping(path: Path) -> Names:
    """A company's mapping file: TOML whose table `imports` has a project, or "", by import name.

    Raises BadPolicy for a file that cannot be read as such.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadPolicy(
            f"the mapping file {path} cannot be read: {error}",
            advice='it is TOML, with a table [imports] of "import.name" = "project"',
        ) from error
    return parse_names(data, str(path))


def parse_names(data: Mapping[str, Any], place: str) -> Names:
    """The names of a parsed file; raises BadPolicy, which names `place` and the entry."""
    imports = data.get("imports", {})
    namespaces, own = data.get("namespaces", []), data.get("own", [])
    unknown = sorted(set(data) - {"imports", "namespaces", "own"})
    if unknown:
        raise BadPolicy(
            f"{place}: {unknown[0]!r} is not known here",
            advice="a mapping file has `imports`, `namespaces` and `own`",
        )
    if not isinstance(imports, dict) or not _are_names(namespaces) or not _are_names(own):
        raise BadPolicy(
            f"{place}: `imports` is a table, `namespaces` and `own` are lists of names",
            advice='write [imports], and below it "import.name" = "project"',
        )
    return Names(
        imports={name: _parse_entry(name, project, place) for name, project in imports.items()},
        namespaces=frozenset(namespaces),
        own=frozenset(own),
    )


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _parse_entry(name: str, project: object, place: str) -> str:
    advice = 'write the import name in quotes: "acme.core" = "acme-core"'
    if not all(part.isidentifier() for part in name.split(".")):
        raise BadPolicy(f"{place}: {name!r} is not the name of a module", advice=advice)
    if not isinstance(project, str):
        raise BadPolicy(f"{place}: {name!r} has no project's name", advice=advice)
    if not project:
        return ""
    try:
        return str(canonicalize_name(project, validate=True))
    except InvalidName as error:
        raise BadPolicy(
            f"{place}: {project!r} is not the name of a project (PEP 508)", advice=advice
        ) from error
