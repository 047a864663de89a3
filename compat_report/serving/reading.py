"""What the index hands to an application that it mounts, in the scope of each request."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.types import Scope

KEY = "porter.reading"

type Ask = Callable[[str, Mapping[str, str], int], Awaitable[tuple[int, dict[str, str], bytes]]]


class Reading(Protocol):
    """What a request may read.

    `who` is the same for those whom the index tells the same, `serial` rises with each change,
    `base` is its address as the client sees it. `ask` answers a GET of a path, with headers, as it
    would answer this client, in at most so many bytes (else ValueError); addresses in answers are
    below `inside`.
    """

    who: str
    serial: int
    base: str
    inside: str
    ask: Ask


def reading_of(scope: Scope) -> Reading:
    """The reading of a request."""
    found: Any = scope[KEY]
    reading: Reading = found
    return reading
