"""pip's own configuration: which index it asks, and whom it trusts."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from threading import Lock

ASKING = Lock()


def read_pip_config(env: Mapping[str, str]) -> dict[str, str]:
    """pip's settings by bare name, the environment's over the files'; pip is asked once a process."""
    # One thread asks, and the others hear it too.
    with ASKING:
        return dict(_ask(tuple(sorted(env.items()))))


@lru_cache(maxsize=8)
def _ask(env: tuple[tuple[str, str], ...]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    return dict(parse_pip_config(done.stdout))


def parse_pip_config(listing: str) -> Iterator[tuple[str, str]]:
    """(name, value) pairs of `pip config list`, later ones over earlier ones."""
    from_environment: list[tuple[str, str]] = []
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        section, _, name = key.rpartition(".")
        # pip prints what Python's repr makes of a value.
        try:
            text = ast.literal_eval(value) if separator else None
        except (ValueError, SyntaxError):
            continue
        if not isinstance(text, str) or not text:
            continue
        if section == ":env:":
            from_environment.append((name, text))
        elif section in ("global", "install", "download"):
            yield name, text
    yield from from_environment
