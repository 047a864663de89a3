"""What tests need in the runtime beside the wheel: pure wheels, pinned by hash, fetched once."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from porter.home import Home
from porter.pinned import fetch_pinned, read_pinned


def fetch_support(*, home: Home, env: Mapping[str, str], hosted: bool = False) -> tuple[Path, ...]:
    """pytest's and micropip's wheels, of support.toml; raises what `fetch_pinned` does.

    `hosted`: what pytest-pyodide loads into the runtime, too.
    """
    data = tomllib.loads(files("porter.check").joinpath("support.toml").read_text("utf-8"))
    purls = [*data["wheels"], read_pinned("micropip"), *(data["hosted"] if hosted else [])]
    return tuple(fetch_pinned(purl, home=home, env=env) for purl in purls)
