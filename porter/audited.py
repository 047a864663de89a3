"""Audit a wheel file as its recipe asks for."""

from collections.abc import Sequence
from pathlib import Path

from porter.audit.judge import audit_wheel, refused
from porter.audit.model import Audit
from porter.audit.surface import LinkSurface
from porter.audit.wheel import Contents, read_wheel
from porter.errors import ConfigurationError
from porter.platform import Platform
from porter.recipe import Recipe


def audit_file(
    wheel: Path,
    *,
    platform: Platform,
    surface: LinkSurface,
    recipe: Recipe,
    others: Sequence[Contents] = (),
    extensions: Sequence[str] = (),
) -> Audit:
    """The audit of a wheel file; the recipe says its budget and what it allows."""
    contents, findings = read_wheel(wheel)
    if contents is None:
        return refused(wheel.name, platform, findings)
    return audit_wheel(
        contents,
        platform=platform,
        surface=surface,
        others=others,
        budget=recipe.size,
        allow=recipe.allow,
        extensions=extensions,
    )


def open_wheel(wheel: Path) -> Contents:
    """A wheel that others need; raises ConfigurationError where it is none."""
    contents, findings = read_wheel(wheel)
    if contents is None:
        raise ConfigurationError(f"{wheel}: {findings[0].message}")
    return contents


def summarise(audit: Audit) -> str:
    """`clean`, or how many findings of each severity: `1 link-error, 2 warning`."""
    counts: dict[str, int] = {}
    for finding in audit.problems:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    parts = [f"{count} {severity}" for severity, count in counts.items()]
    if allowed := sum(bool(finding.allowed) for finding in audit.findings):
        parts.append(f"{allowed} allowed")
    return ", ".join(parts) if audit.problems else ", ".join(["clean", *parts])
