"""pytest for the runtime: pure wheels, pinned by hash, fetched once."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from porter.errors import HashMismatch
from porter.home import Home
from porter.pypi import fetch_file, fetch_release, parse_purl


def fetch_support(*, home: Home, env: Mapping[str, str]) -> tuple[Path, ...]:
    """The wheels of support.toml. Raises Unreachable, or HashMismatch where the index differs."""
    text = files("porter.check").joinpath("support.toml").read_text("utf-8")
    return tuple(
        _fetch(entry["purl"], entry["sha256"], home, env) for entry in tomllib.loads(text)["wheel"]
    )


def _fetch(purl: str, sha256: str, home: Home, env: Mapping[str, str]) -> Path:
    at_hand = list((home.downloads / sha256).glob("*.whl"))
    if at_hand:
        return at_hand[0]
    release = fetch_release(parse_purl(purl), home=home, env=env)
    for wheel in release.wheels:
        if wheel.sha256 == sha256:
            return fetch_file(wheel, home=home, env=env)
    raise HashMismatch(
        f"{purl}: the index has no wheel of the sha256 that Porter was tested with",
        advice="does the index that pip is configured for rebuild wheels?",
    )
