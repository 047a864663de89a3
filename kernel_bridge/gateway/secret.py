"""Secrets of services: read where they are used, and never told."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kernel_bridge.errors import ServiceAway

LONGEST = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPlace:
    """Where a secret is: a file, or else a variable of the Jupyter server's environment."""

    file: Path | None = None
    variable: str = ""


def read_secret(place: SecretPlace, service: str, env: Mapping[str, str] | None = None) -> str:
    """The secret, without white space around it; raises ServiceAway, which does not tell it."""
    env = os.environ if env is None else env
    if place.file is None:
        found, where = env.get(place.variable, ""), f"the variable {place.variable}"
    else:
        where = "its file"
        try:
            with place.file.open("rb") as opened:
                found = opened.read(LONGEST).decode()
        except (OSError, UnicodeDecodeError):
            found = ""
    found = found.strip()
    if not found or any(character.isspace() for character in found):
        raise ServiceAway(
            f"service {service!r}: its secret cannot be read from {where}",
            advice="ask who runs this Jupyter server to put one line there, which it may read",
        )
    return found


def hide(text: str, secret: str) -> str:
    """A text in which neither a secret, nor what an address that is secret has, can be read."""
    hidden = {secret}
    if "://" in secret:
        try:
            parts = urlsplit(secret)
            hidden |= {part for part in (parts.password, parts.netloc) if part}
            hidden |= {unquote(part) for part in hidden}
        except ValueError:
            pass
    for part in sorted(hidden, key=len, reverse=True):
        if len(part) > 3:
            text = text.replace(part, "…")
    return re.sub(r"(?i)(password\s*=\s*)\S+", r"\1…", text)
