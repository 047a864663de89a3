"""Choose one wheel of a project, as micropip does; pure.

After `find_wheel` in micropip/transaction.py and `ProjectInfo` in micropip/package_index.py
(micropip 0.11.1): it looks at tags and never at Requires-Python.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from compat_report.catalog.page import IndexedWheel, Page


def choose_wheel(
    page: Page, specifier: SpecifierSet, ranks: Mapping[Tag, int]
) -> IndexedWheel | None:
    """The wheel of the newest version that has one for these tags; what was yanked comes last."""
    wheels: dict[str, list[IndexedWheel]] = {}
    for wheel in page.wheels:
        wheels.setdefault(wheel.version, []).append(wheel)
    late: list[IndexedWheel] = []
    for version in _newest_first(tuple(page.versions), specifier):
        ranked = [
            (rank, wheel)
            for wheel in wheels.get(version, ())
            if (rank := _best_rank(wheel.filename, ranks)) is not None
        ]
        if not ranked:
            continue
        best = min(ranked, key=lambda pair: pair[0])[1]
        # Only the first wheel of a version is asked whether it was yanked.
        if not ranked[0][1].yanked:
            return best
        late.append(best)
    return late[0] if late else None


@lru_cache(maxsize=8192)
def _newest_first(versions: tuple[str, ...], specifier: SpecifierSet) -> tuple[str, ...]:
    return tuple(map(str, sorted(admitted_versions(versions, specifier), reverse=True)))


def admitted_versions(versions: Iterable[str], specifier: SpecifierSet) -> list[Version]:
    """The versions that a specifier admits.

    As packaging before 26 decides, which is in micropip: pre-releases (PEP 440) count where the
    specifier names one, or where it says nothing and there is no other version.
    """
    parsed = _parse_versions(tuple(versions))
    if not specifier:
        return [version for version in parsed if not version.is_prerelease] or list(parsed)
    pre = any(_names_prerelease(one.operator, one.version) for one in specifier)
    return [
        version
        for version in parsed
        if (pre or not version.is_prerelease) and specifier.contains(version, prereleases=True)
    ]


@lru_cache(maxsize=4096)
def _parse_versions(versions: tuple[str, ...]) -> tuple[Version, ...]:
    return tuple(Version(version) for version in versions)


def _names_prerelease(operator: str, version: str) -> bool:
    if operator == "!=":
        return False
    try:
        return Version(version.removesuffix(".*")).is_prerelease
    except InvalidVersion:
        return False


def _best_rank(filename: str, ranks: Mapping[Tag, int]) -> int | None:
    found = [ranks[tag] for tag in wheel_tags(filename) if tag in ranks]
    return min(found) if found else None


@lru_cache(maxsize=1 << 16)
def wheel_tags(filename: str) -> frozenset[Tag]:
    """The tags of a wheel's file name, none where it is none."""
    try:
        return parse_wheel_filename(filename)[3]
    except (InvalidWheelFilename, InvalidVersion):
        return frozenset()


def explain_absence(page: Page, specifier: SpecifierSet) -> tuple[str, str]:
    """The rule and the words for why no wheel of a page can be installed."""
    if not page.wheels and not page.kinds:
        # An index lists for a platform what that can install, and nothing else.
        return "no-wheel", "no files for this platform"
    admitted = {str(version) for version in admitted_versions(page.versions, specifier)}
    if not admitted:
        newest = sorted(_parse_versions(tuple(page.versions)), reverse=True)[:3]
        has = ", ".join(map(str, newest)) or "no files"
        return "no-version", f"no version is {specifier or 'there'}: the index has {has}"
    kinds = {kind for version in admitted for kind in page.versions[version].split()}
    if kinds == {"sdist"} and not any(wheel.version in admitted for wheel in page.wheels):
        return "sdist-only", "sdist only"
    if not kinds and not any(wheel.version in admitted for wheel in page.wheels):
        return "no-version", "what was asked for has no files"
    return "no-wheel", "wheels for other platforms only"
