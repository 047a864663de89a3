"""What a notebook uses that a browser cannot do: rules of rules.toml met by resolved names."""

import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from compat_report.model import (
    NOT_CONSTANT,
    CellFacts,
    Facts,
    Finding,
    Guard,
    Import,
    Location,
    Severity,
    Use,
)
from compat_report.rules import About, Case, Rule, find, read_rules

ORDER = (Severity.SERVER, Severity.UNKNOWN, Severity.WARNING, Severity.INFO)
# What a guard leaves of a severity at most.
CAPS = {
    Guard.OPTIONAL: Severity.INFO,
    Guard.ELSEWHERE: Severity.INFO,
    Guard.TYPING: Severity.INFO,
    Guard.LAZY: Severity.WARNING,
}
MISSING = object()
SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What else decides.

    The kernel's name, projects that are installed, names that are called, hosts that are known
    to send CORS headers, top-level names that are the notebook's own modules, and those of
    packages without which the notebook goes on: every import of them is guarded.
    """

    kernel: str = "pyodide"
    installed: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()


def find_apis(
    facts: Facts,
    *,
    kernel: str = "pyodide",
    installed: Collection[str] = (),
    hosts: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Findings of a whole notebook, cell by cell, each at its cell's location.

    `installed` are projects that would be there, beside those that the notebook asks for
    itself; `hosts` allow pages of other origins to read their answers ("*.example.org" stands
    for all below).
    """
    around = read_surroundings(facts, kernel=kernel, installed=installed, hosts=hosts)
    return tuple(found for cell in facts.cells for found in find_cell_apis(cell, around))


def read_surroundings(
    facts: Facts,
    *,
    kernel: str = "pyodide",
    installed: Collection[str] = (),
    hosts: Collection[str] = (),
) -> Surroundings:
    """What all cells of a notebook together say of each one."""
    asked = {r.name for cell in facts.cells for r in cell.requirements if r.name}
    imported = {i.name.partition(".")[0] for cell in facts.cells for i in cell.imports}
    return Surroundings(
        kernel=re.split(r"[\s=@/]", kernel, maxsplit=1)[0],
        installed=frozenset(canonicalize_name(n) for n in {*installed, *asked, *imported} if n),
        called=frozenset(u.name for cell in facts.cells for u in cell.uses if u.called),
        hosts=frozenset(host.lower() for host in hosts),
        spared=_spared(facts),
        local=frozenset(_top(path, facts.notebook.folder) for path in facts.modules),
    )


def _spared(facts: Facts) -> frozenset[str]:
    guarded: set[str] = set()
    needed = set(sys.stdlib_module_names)
    for cell in facts.cells:
        for imported in cell.imports:
            spares = imported.guard in {Guard.OPTIONAL, Guard.ELSEWHERE, Guard.TYPING}
            (guarded if spares else needed).add(imported.name.partition(".")[0])
    return frozenset(guarded - needed)


def find_cell_apis(cell: CellFacts, around: Surroundings) -> tuple[Finding, ...]:
    """Findings of one cell, by place; what is said twice of one place is said once."""
    found = [f for imported in cell.imports for f in _judge_import(imported, around)]
    found += [f for use in cell.uses for f in _judge_use(use, around)]
    places: dict[tuple[Location, str, str], Finding] = {}
    for finding in found:
        place = (finding.location, finding.code, finding.subject)
        known = places.get(place)
        if known is None or ORDER.index(finding.severity) < ORDER.index(known.severity):
            places[place] = finding
    return tuple(
        sorted(places.values(), key=lambda f: (f.location.line, f.location.column, f.code))
    )


def is_portable(name: str) -> bool:
    """Whether a port of the package that a dotted import names could help at all."""
    return all(rule.portable for rule, _ in _below(name))


@cache
def _tables() -> tuple[
    dict[str, tuple[tuple[Rule, Case], ...]], dict[str, tuple[tuple[Rule, Case], ...]]
]:
    """Cases by exact name, and by package."""
    exact: dict[str, tuple[tuple[Rule, Case], ...]] = {}
    below: dict[str, tuple[tuple[Rule, Case], ...]] = {}
    for rule in read_rules().values():
        for case in rule.cases:
            for name in case.names:
                table, key = (below, name[:-2]) if name.endswith(".*") else (exact, name)
                table[key] = (*table.get(key, ()), (rule, case))
    return exact, below


def _below(name: str) -> Iterator[tuple[Rule, Case]]:
    """Cases of the packages that a dotted name is or is below, the longest first."""
    below = _tables()[1]
    while name:
        yield from below.get(name, ())
        name = name.rpartition(".")[0]


def _judge_import(imported: Import, around: Surroundings) -> Iterator[Finding]:
    if imported.name.partition(".")[0] in around.local:
        return
    said: set[str] = set()
    for rule, case in _below(imported.name):
        if case.pattern is None and not case.leaf and case.uncalled and rule.code not in said:
            said.add(rule.code)
            package = _package(case, imported.name)
            subject = package if rule.about is About.PACKAGE else imported.name
            severity = _soften(rule, case.uncalled, imported.guard, around)
            yield _tell(rule, imported.location, subject, severity, name=subject)


def _judge_use(use: Use, around: Surroundings) -> Iterator[Finding]:
    if use.name.partition(".")[0] in around.local:
        return
    said: set[str] = set()
    # What is said of a name itself stands before what is said of its package.
    for rule, case in (*_tables()[0].get(use.name, ()), *_below(use.name)):
        if rule.code in said:
            continue
        value = _argument(use, case)
        severity = _decide(use, case, value)
        if severity is None:
            continue
        said.add(rule.code)
        guard = use.guard
        if guard is Guard.NONE and use.name.partition(".")[0] in around.spared:
            # It is not there, so what uses it is where the notebook does not go.
            guard = Guard.LAZY
        if guard in (Guard.NONE, Guard.LAZY) and not use.caught.isdisjoint(case.caught_by):
            guard = Guard.OPTIONAL
        severity = _soften(rule, severity, guard, around)
        subject = _subject(rule, case, use.name, value)
        if rule.about is About.HOST and _is_known(subject, around.hosts):
            severity = Severity.INFO
        told = "" if value is MISSING else _shown(value)
        name = use.name.removeprefix("builtins.")
        yield _tell(rule, use.location, subject, severity, name=name, value=told)


def _argument(use: Use, case: Case) -> Any:
    for keyword in case.keywords or ("",):
        value = use.argument(-1, keyword, MISSING)
        if value is not MISSING:
            return value
    return use.argument(case.argument, "", MISSING)


def _decide(  # noqa: PLR0911 # one for each thing that a case says
    use: Use, case: Case, value: Any
) -> Severity | None:
    if case.leaf and use.name.rpartition(".")[2] != case.leaf:
        return None
    if not use.called:
        return case.uncalled
    if case.pattern is None:
        return case.severity
    if value is MISSING:
        return case.missing
    if value is NOT_CONSTANT:
        return case.unread
    values = value if isinstance(value, tuple | list) else (value,)
    if any(v is NOT_CONSTANT for v in values):
        return case.unread
    return case.severity if any(case.pattern.search(_text(v)) for v in values) else None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _soften(rule: Rule, severity: Severity, guard: Guard, around: Surroundings) -> Severity:
    """A severity in its kernel, behind its guard, with what cures it at hand."""
    limits = [severity]
    if around.kernel in rule.kernels:
        limits.append(rule.kernels[around.kernel])
    if guard in CAPS and not (rule.silent and guard is Guard.OPTIONAL):
        limits.append(CAPS[guard])
    if not around.installed.isdisjoint(rule.cures) or not around.called.isdisjoint(rule.cures):
        limits.append(Severity.INFO)
    return max(limits, key=ORDER.index)


def _subject(rule: Rule, case: Case, name: str, value: Any) -> str:
    match rule.about:
        case About.PACKAGE:
            return _package(case, name)
        case About.VALUE if value is not MISSING and value is not NOT_CONSTANT:
            return _shown(value)
        case About.HOST if isinstance(value, str):
            return _host(value)
        case About.HOST:
            return "a host that is not told"
    return name.removeprefix("builtins.")


def _package(case: Case, name: str) -> str:
    """The package of a case that a name is or is below."""
    for pattern in case.names:
        package = pattern.removesuffix(".*")
        if name == package or name.startswith(f"{package}."):
            return package
    return name


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "a host that is not told").lower()
    except ValueError:
        return "a host that is not told"


def _is_known(host: str, hosts: Collection[str]) -> bool:
    if host in hosts:
        return True
    parts = host.split(".")
    return any(f"*.{'.'.join(parts[i:])}" in hosts for i in range(1, len(parts)))


def _shown(value: Any) -> str:
    """An argument as a person can read it; addresses without what may be a password."""
    if value is NOT_CONSTANT:
        return "a value that is not told"
    text = re.sub(r"(://[^/@\s:]*):[^/@\s]*@", r"\1:…@", _text(value))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _tell(
    rule: Rule, location: Location, subject: str, severity: Severity, *, name: str, value: str = ""
) -> Finding:
    return find(
        rule.code,
        location,
        subject,
        severity=severity,
        name=name,
        value=value,
        detail=rule.details.get(name, ""),
    )


def _top(path: str, folder: str | None) -> str:
    """The top-level name of a local module, by its path."""
    inside = PurePath(path)
    if folder is not None and inside.is_relative_to(folder):
        inside = inside.relative_to(folder)
    return inside.parts[0].removesuffix(".py") if inside.parts else ""
