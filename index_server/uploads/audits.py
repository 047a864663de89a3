"""Porter's link audit of an uploaded wheel, on every platform that would install it."""

import os
import threading
from collections.abc import Iterable, Sequence

from index_server.model import AuditSummary
from index_server.views import platform_tags
from porter.audit.judge import audit_wheel
from porter.audit.model import Audit, Finding, Severity
from porter.audit.module import is_compiled
from porter.audit.surface import LinkSurface
from porter.audit.wheel import Contents
from porter.environment import tool_env
from porter.home import Home
from porter.platform import Platform
from porter.runtime import fetch_runtime, read_surface

NOTHING = LinkSurface(symbols={})
# Findings are shown on a page; a wheel whose every import fails has thousands.
MOST_SHOWN = 50


class Surfaces:
    """The link surfaces of runtimes, each read once a process."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[str, LinkSurface] = {}
        self._lock = threading.Lock()

    def of(self, platform: Platform) -> LinkSurface:
        """The surface of a platform; its runtime is fetched the first time.

        Raises PorterError where it cannot be, or where there is no Node to ask it.
        """
        with self._lock:
            if platform.pyodide not in self._known:
                env = tool_env(os.environ, self._home)
                runtime = fetch_runtime(platform, home=self._home, env=env)
                surface = read_surface(runtime, home=self._home, env=env)
                self._known[platform.pyodide] = surface
            return self._known[platform.pyodide]


def audit_contents(
    contents: Contents,
    tags: Iterable[object],
    *,
    structure: Sequence[Finding],
    platforms: Iterable[Platform],
    surfaces: Surfaces,
) -> tuple[AuditSummary, ...]:
    """The audits of a wheel on the platforms that its tags fit; raises as `Surfaces.of` does.

    `structure` is what `check_structure` found.
    """
    compiled = any(is_compiled(name) for name in contents.members)
    found = []
    for platform in platforms:
        if platform_tags(platform).isdisjoint(tags):
            continue
        # Without compiled modules there is nothing to link.
        surface = surfaces.of(platform) if compiled else NOTHING
        audit = audit_wheel(contents, platform=platform, surface=surface, structure=structure)
        found.append(summarise(audit, platform))
    return tuple(found)


def summarise(audit: Audit, platform: Platform) -> AuditSummary:
    """What the index keeps of an audit."""
    lines = [
        f"{finding.severity}: {finding.code}: {finding.message}"
        for finding in audit.findings
        if finding.severity is not Severity.NOTE
    ]
    more = len(lines) - MOST_SHOWN
    if more > 0:
        lines = [*lines[:MOST_SHOWN], f"and {more} more"]
    return AuditSummary(
        platform=platform.name,
        clean=audit.clean,
        blocked=bool(audit.blocking),
        findings=tuple(lines),
    )
