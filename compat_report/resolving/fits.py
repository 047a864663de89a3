"""Whether a version is one that was asked for; pure."""

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion

from porter.platform import Platform


def admits(specifier: SpecifierSet, version: str) -> bool:
    """Whether a version that is there meets a specifier, pre-releases among them."""
    try:
        return specifier.contains(version, prereleases=True)
    except InvalidVersion:
        # Shared libraries have versions that are none of PEP 440's.
        return not specifier


def python_fits(requires_python: str, platform: Platform) -> bool:
    """Whether a platform's Python is one that a wheel says it needs."""
    try:
        return SpecifierSet(requires_python).contains(platform.python, prereleases=True)
    except ValueError:
        return True
