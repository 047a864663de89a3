"""Wheels by the names people give them: a file, or a project of the index."""

from collections.abc import Mapping
from pathlib import Path

from porter.errors import SourceNotFound
from porter.home import Home
from porter.platform import Platform
from porter.pypi import fetch_file, fetch_release, parse_purl

PURL = "pkg:"


def find_wheel(text: str, platform: Platform, *, home: Home, env: Mapping[str, str]) -> Path:
    """The wheel file of a path or of `pkg:pypi/NAME@VERSION`.

    Of a project the index's best wheel for the platform is taken. Raises SourceNotFound where
    there is none, Unreachable or HashMismatch where it cannot be had.
    """
    if not text.startswith(PURL):
        if not Path(text).is_file():
            raise SourceNotFound(f"{text}: no such wheel")
        return Path(text)
    wanted = fetch_release(parse_purl(text), home=home, env=env).installable(platform)
    if wanted is None:
        raise SourceNotFound(
            f"{text}: the index has no wheel of it that Pyodide {platform.pyodide} can install",
            advice=f"`porter build {text}` makes one",
        )
    return fetch_file(wanted, home=home, env=env)
