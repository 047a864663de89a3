"""What those who run a platform have decided: `[tool.porter.report]` of a pyproject.toml."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from compat_report.catalog.model import Resolution
from compat_report.errors import BadPolicy
from compat_report.model import Facts, Finding, Location, Severity
from compat_report.policy_fields import FIELDS, LISTS, Names, Unfit, suggest
from compat_report.rules import find

TABLE = "[tool.porter.report]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All of it; None where nothing is decided, sizes in bytes.

    `memory`, `data` and `download` are the most that a notebook may need, read and fetch,
    `confidence` the least that an estimate must be worth. What is in `allow` is not told of,
    what is in `deny` sinks a notebook, `severities` gives rules others than their own.
    `cors_hosts` allow pages of other origins to read their answers. `browser_kernel` and
    `server_kernel` are the kernelspecs that are started where a notebook is to run.
    """

    memory: int | None = None
    data: int | None = None
    download: int | None = None
    confidence: float | None = None
    allow: Names = field(default_factory=Names)
    deny: Names = field(default_factory=Names)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    cors_hosts: frozenset[str] = frozenset()
    mapping: Path | None = None
    kernel: str | None = None
    index: str | None = None
    platform: str | None = None
    browser_kernel: str = "python"
    server_kernel: str = "python3"


def parse_policy(data: Mapping[str, Any], *, where: str = "", folder: Path | None = None) -> Policy:
    """The policy of a parsed `[tool.porter.report]`.

    Raises BadPolicy with every mistake at once, each with its field.
    """
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    for key, value in data.items():
        name = key.replace("-", "_")
        parse = FIELDS.get(key)
        if parse is None:
            mistakes.append(f"{key}: no such field{suggest(key, FIELDS)}")
            continue
        try:
            values[name] = parse(value)
        except Unfit as error:
            mistakes += [f"{key}{line}" for line in str(error).splitlines()]
    mistakes += _contradictions(values.get("allow", Names()), values.get("deny", Names()))
    if mistakes:
        at = f"{where}: " if where else ""
        raise BadPolicy(
            f"{at}{TABLE} cannot be used: " + "; ".join(mistakes),
            advice="docs/reference/report-policy.md has every field",
        )
    if folder is not None and "mapping" in values:
        values["mapping"] = folder / values["mapping"]
    return Policy(**values)


def read_policy(path: Path) -> Policy:
    """The policy of a pyproject.toml, or of a file that holds the table alone.

    Raises BadPolicy where it cannot be read, or a field is wrong.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise BadPolicy(
            f"{path}: the policy cannot be read: {error}", advice="give another file"
        ) from error
    table = _table(data)
    if table is None:
        if "tool" in data or "project" in data or "build-system" in data:
            raise BadPolicy(f"{path}: it has no {TABLE}", advice="add the table, or name another")
        table = data
    return parse_policy(table, where=str(path), folder=path.parent)


def find_policy(notebooks: Iterable[Path]) -> Path | None:
    """The nearest pyproject.toml with the table, from each notebook upwards; the first that has.

    A pyproject.toml without it, or that cannot be read, is passed by.
    """
    asked: set[Path] = set()
    for notebook in notebooks:
        for folder in notebook.absolute().parents:
            if folder in asked:
                break
            asked.add(folder)
            candidate = folder / "pyproject.toml"
            try:
                if candidate.is_file() and (
                    _table(tomllib.loads(candidate.read_text("utf-8-sig"))) is not None
                ):
                    return candidate
            except (OSError, UnicodeError, tomllib.TOMLDecodeError):
                continue
    return None


def apply_policy(finding: Finding, policy: Policy) -> Finding | None:
    """A finding as the policy has it: another severity, or None where it is not to be told.

    What is denied is told whatever else allows it.
    """
    if finding.code in policy.deny.codes:
        return replace(finding, severity=Severity.SERVER)
    if finding.code == "denied":
        return finding
    if finding.code in policy.allow.codes:
        return None
    named = (finding.subject, *finding.chain)
    if any(policy.allow.has_import(name) or policy.allow.has_project(name) for name in named):
        return None
    severity = policy.severities.get(finding.code)
    return finding if severity is None else replace(finding, severity=severity)


def find_denied(facts: Facts, resolution: Resolution, policy: Policy) -> tuple[Finding, ...]:
    """Imports, requirements and packages to be installed that the policy denies."""
    found: dict[tuple[Location, str], Finding] = {}
    for location, name in _denied(facts, resolution, policy.deny):
        found.setdefault((location, name), find("denied", location, name))
    return tuple(found.values())


def _denied(facts: Facts, resolution: Resolution, deny: Names) -> Iterator[tuple[Location, str]]:
    for cell in facts.cells:
        for imported in cell.imports:
            if deny.has_import(imported.name):
                yield imported.location, imported.name
        for requirement in cell.requirements:
            if deny.has_project(requirement.name):
                yield requirement.location, requirement.name
    for file in resolution.files:
        if deny.has_project(file.name):
            yield Location(path=facts.notebook.path), file.name


def _table(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for key in ("tool", "porter", "report"):
        inner = data.get(key)
        if not isinstance(inner, dict):
            return None
        data = inner
    return data


def _contradictions(allow: Names, deny: Names) -> Iterator[str]:
    for name in LISTS:
        for both in sorted(getattr(allow, name) & getattr(deny, name)):
            yield f"allow.{name}: {both} is in deny.{name} too"
