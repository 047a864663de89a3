"""Wheels of the package index that are pinned by hash: fetched once, kept by content."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from porter.errors import ConfigurationError, HashMismatch
from porter.home import Home
from porter.pypi import fetch_file, fetch_release, parse_purl, promised_sha256


def read_pinned(name: str) -> str:
    """The package URL of a wheel that several parts of Porter need, by its project's name."""
    data = tomllib.loads(files("porter").joinpath("pinned.toml").read_text("utf-8"))
    return str(data[name])


def fetch_pinned(text: str, *, home: Home, env: Mapping[str, str]) -> Path:
    """The wheel of a package URL with the qualifier `checksum=sha256:HEX`.

    Raises ConfigurationError without that qualifier, Unreachable, or HashMismatch where the index
    has no wheel of that hash.
    """
    purl = parse_purl(text)
    sha256 = promised_sha256(purl)
    if not sha256:
        raise ConfigurationError(
            f"{text}: a wheel that is fetched is pinned by hash", advice="add ?checksum=sha256:HEX"
        )
    at_hand = list((home.downloads / sha256).glob("*.whl"))
    if at_hand:
        return at_hand[0]
    release = fetch_release(purl, home=home, env=env)
    for wheel in release.wheels:
        if wheel.sha256 == sha256:
            return fetch_file(wheel, home=home, env=env)
    raise HashMismatch(
        f"{text}: the index has no wheel of that hash",
        advice="does the index that pip is configured for rebuild wheels?",
    )
