"""May a project come from upstream? Pure: a name, the settings, and which names are private.

Whoever registers a private project's name at the public index must not be able to put code of
theirs in its place. So the answer is no unless it is certainly yes.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from index_server.errors import BadSettings
from index_server.settings import Settings

# PEP 508's names. ASCII only: lower-casing maps some other letters onto ASCII ones.
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
PATTERN = re.compile(r"[A-Za-z0-9._*-]+")
LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which names may come from upstream, and which never do, as expressions of normalised names."""

    allow: re.Pattern[str]
    reserved: re.Pattern[str]

    def admits(self, name: str, private: Container[str]) -> bool:
        """Whether a project may come from upstream.

        `private` are the normalised names that are or ever were projects of this index. What is no
        name of a project (PEP 508) may not.
        """
        normal = normalise(name)
        return (
            normal is not None
            and self.allow.fullmatch(normal) is not None
            and self.reserved.fullmatch(normal) is None
            and normal not in private
        )


def parse_policy(settings: Settings) -> Policy:
    """The policy of the settings; raises BadSettings for a pattern that is none.

    One that matched nothing by mistake would open what it was to close.
    """
    return Policy(
        allow=_expression(settings.upstream.allow, "upstream.allow"),
        reserved=_expression(settings.reserved, "reserved"),
    )


def normalise(name: str) -> str | None:
    """A project's normalised name (PEP 503), None of what is no name (PEP 508)."""
    if len(name) > LONGEST or NAME.fullmatch(name) is None:
        return None
    return canonicalize_name(name)


def _expression(patterns: tuple[str, ...], where: str) -> re.Pattern[str]:
    parts = []
    for pattern in patterns:
        if PATTERN.fullmatch(pattern) is None:
            raise BadSettings(
                f"{where}: {pattern!r} is no pattern of project names",
                advice="letters, digits, `-`, `_`, `.`, and `*` for any text",
            )
        normal = re.sub(r"[-_.]+", "-", pattern).lower()
        first, *others = (re.escape(text) for text in re.split(r"\*+", normal))
        # Where a star stood for separators, the one after it is part of their run: one is left.
        others = [re.sub(r"^\\-", r"(?:-|(?<=-))", text) for text in others]
        parts.append(".*".join([first, *others]))
    return re.compile("|".join(f"(?:{part})" for part in parts) or r"(?!)")
