"""The fields of `[tool.porter.report]`, one reader for each."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from compat_report.footprint.size import TAB_LIMIT, parse_size
from compat_report.model import Severity
from compat_report.rules import read_rules

LISTS = ("imports", "projects", "codes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Dotted imports, normalised projects and codes of rules; an import stands for all below it."""

    imports: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    def has_import(self, name: str) -> bool:
        """Whether it or a package that it is below is among the imports."""
        while name:
            if name in self.imports:
                return True
            name = name.rpartition(".")[0]
        return False

    def has_project(self, name: str) -> bool:
        """Whether it is among the projects, however it is spelt."""
        return bool(name) and canonicalize_name(name) in self.projects


class Unfit(ValueError):
    """What a value should have been."""


def _parse_size(value: Any) -> int:
    try:
        return parse_size(value)
    except ValueError as error:
        raise Unfit(f": {error}, not {value!r}") from error


def _parse_memory(value: Any) -> int:
    size = _parse_size(value)
    if not 0 < size <= TAB_LIMIT:
        raise Unfit(f": more than 0, and no more than a tab gives ({TAB_LIMIT} bytes)")
    return size


def _parse_share(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise Unfit(f": a number from 0 to 1, not {value!r}")
    return float(value)


def _parse_text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unfit(f": text, not {value!r}")
    return value


def _parse_path(value: Any) -> Path:
    return Path(_parse_text(value))


def _parse_texts(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise Unfit(": a list of texts")
    return frozenset(value)


def _parse_hosts(value: Any) -> frozenset[str]:
    hosts = _parse_texts(value)
    wrong = sorted(host for host in hosts if "/" in host or ":" in host)
    if wrong:
        raise Unfit(
            "\n".join(f': {host!r} is no host\'s name, such as "example.org"' for host in wrong)
        )
    return frozenset(host.lower() for host in hosts)


def _parse_names(value: Any) -> Names:
    if not isinstance(value, dict):
        raise Unfit(": a table of imports, projects and codes")
    mistakes: list[str] = []
    lists: dict[str, frozenset[str]] = {}
    for key, items in value.items():
        if key not in LISTS:
            mistakes.append(f".{key}: no such field{suggest(key, LISTS)}")
            continue
        try:
            lists[key] = _parse_texts(items)
        except Unfit as error:
            mistakes.append(f".{key}{error}")
    mistakes += [f".codes: {line}" for line in _unknown_codes(lists.get("codes", ()))]
    if mistakes:
        raise Unfit("\n".join(mistakes))
    projects = frozenset(str(canonicalize_name(name)) for name in lists.pop("projects", ()))
    return Names(projects=projects, **lists)


def _parse_severities(value: Any) -> Mapping[str, Severity]:
    if not isinstance(value, dict):
        raise Unfit(": a table of codes and severities")
    mistakes = [f".{line}" for line in _unknown_codes(value)]
    words = [str(severity) for severity in Severity]
    mistakes += [
        f".{code}: one of {', '.join(words)}, not {word!r}"
        for code, word in value.items()
        if word not in words
    ]
    if mistakes:
        raise Unfit("\n".join(mistakes))
    return {code: Severity(word) for code, word in value.items()}


def _unknown_codes(codes: Iterable[str]) -> Iterator[str]:
    known = read_rules()
    for code in codes:
        if code not in known:
            yield f"{code}: no such code{suggest(code, known)}"


def suggest(name: str, known: Collection[str]) -> str:
    """The known name that is most like another, as the end of a sentence; or all where they are few."""
    near = get_close_matches(name.replace("_", "-"), known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(sorted(known))}" if len(known) < 20 else ""


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "memory": _parse_memory,
    "data": _parse_size,
    "download": _parse_size,
    "confidence": _parse_share,
    "allow": _parse_names,
    "deny": _parse_names,
    "severities": _parse_severities,
    "cors-hosts": _parse_hosts,
    "mapping": _parse_path,
    "kernel": _parse_text,
    "index": _parse_text,
    "platform": _parse_text,
    "browser-kernel": _parse_text,
    "server-kernel": _parse_text,
}
"""Every field of the table, and how it is read."""
