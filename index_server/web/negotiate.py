"""Which representation a client gets, and how it is compressed (RFC 9110, 12); pure."""

import gzip
from collections.abc import Collection, Iterator
from enum import StrEnum

import brotli
import zstandard

from index_server.web.serialize import HTML, JSON, LEGACY_HTML

# What a client may ask for (PEP 691), and what it is then told it got.
TYPES = {
    JSON: JSON,
    "application/vnd.pypi.simple.latest+json": JSON,
    HTML: HTML,
    "application/vnd.pypi.simple.latest+html": HTML,
    LEGACY_HTML: LEGACY_HTML,
}
# Who takes anything gets what everything reads.
DEFAULT = LEGACY_HTML
# Below this, compression only adds bytes and work.
WORTH = 1024


class Encoding(StrEnum):
    """Content codings, the best first."""

    ZSTD = "zstd"
    BROTLI = "br"
    GZIP = "gzip"
    IDENTITY = "identity"


def choose_type(accept: str) -> str | None:
    """The content type for an `Accept` header; None where no type of ours will do (a 406)."""
    if not accept:
        return DEFAULT
    weights = dict(_parse(accept))
    best: tuple[float, str | None] = (0.0, None)
    for asked, given in TYPES.items():
        # A more specific range has precedence, whatever its weight (RFC 9110, 12.5.1).
        ranges = (asked, f"{asked.partition('/')[0]}/*", "*/*")
        found = next((name for name in ranges if name in weights), None)
        if found is None:
            continue
        weight = weights[found] + (1e-6 if found == "*/*" and given == DEFAULT else 0.0)
        if weights[found] > 0 and weight > best[0]:
            best = weight, given
    return best[1]


def choose_encoding(accept: str) -> Encoding:
    """The coding for an `Accept-Encoding` header: ours in our order, but those of weight 0."""
    weights = dict(_parse(accept))
    for encoding in Encoding:
        if weights.get(encoding.value, weights.get("*", 0.0)) > 0:
            return encoding
    return Encoding.IDENTITY


def choose_among(accept: str, there: Collection[Encoding]) -> Encoding:
    """The coding for an `Accept-Encoding` header among those that are there."""
    weights = dict(_parse(accept))
    for encoding in Encoding:
        if encoding in there and weights.get(encoding.value, weights.get("*", 0.0)) > 0:
            return encoding
    return Encoding.IDENTITY


def compress(body: bytes, encoding: Encoding) -> bytes:
    """The body in a coding, at a level that costs about as much as it saves on a local network."""
    match encoding:
        case Encoding.ZSTD:
            return zstandard.compress(body, 6)
        case Encoding.BROTLI:
            return bytes(brotli.compress(body, quality=5))
        case Encoding.GZIP:
            return gzip.compress(body, 6, mtime=0)
        case Encoding.IDENTITY:
            return body


def _parse(header: str) -> Iterator[tuple[str, float]]:
    for part in header.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    weight = min(1.0, max(0.0, float(value)))
                except ValueError:
                    weight = 0.0
        if name:
            yield name, weight
