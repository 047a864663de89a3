"""Answers made once and sent often: bodies with their headers, kept while nothing changes."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index_server.web.negotiate import WORTH, Encoding, compress

API_CACHE = "max-age=600"
FILE_CACHE = "max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole response. `path` is a file to send instead of `body`; with neither, the store has it.

    `serial` is the project's when it was made, -1 of what never changes; `route` is what metrics
    count it under.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""
    path: Path | None = None
    etag: bytes = b""
    project: str = ""
    serial: int = -1
    route: str = "simple"

    def not_modified(self) -> "Answer":
        """The 304 that says so: the headers but those of the body."""
        body = (b"content-type", b"content-length", b"content-encoding")
        kept = tuple((name, value) for name, value in self.headers if name not in body)
        return Answer(status=304, headers=kept, route=self.route)


def answer_body(
    body: bytes,
    content_type: str,
    *,
    cache: str,
    encoding: Encoding = Encoding.IDENTITY,
    vary: str = "Accept, Accept-Encoding",
    project: str = "",
    serial: int = -1,
    route: str = "simple",
) -> Answer:
    """A 200 of a body, compressed where that is worth it; its ETag names the bytes that are sent."""
    if len(body) < WORTH:
        encoding = Encoding.IDENTITY
    packed = compress(body, encoding)
    etag = f'"{hashlib.sha256(packed).hexdigest()[:32]}"'.encode()
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(packed)).encode()),
        (b"etag", etag),
        (b"cache-control", cache.encode()),
        (b"vary", vary.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if encoding is not Encoding.IDENTITY:
        headers.append((b"content-encoding", encoding.value.encode()))
    return Answer(
        status=200,
        headers=tuple(headers),
        body=packed,
        etag=etag,
        project=project,
        serial=serial,
        route=route,
    )


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether an `If-None-Match` header names an ETag, weakly compared (RFC 9110, 13.1.2)."""
    if if_none_match == etag:
        return True
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return b"*" in tags or etag in tags


class Kept:
    """The newest answers by request, at most so many bytes of them."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self._answers: OrderedDict[Any, Answer] = OrderedDict()
        self._limit = limit
        self._size = 0
        self.get = self._answers.get

    def keep(self, key: Any, answer: Answer) -> None:
        """Remember an answer, and forget the oldest where there is no room."""
        self.drop(key)
        self._answers[key] = answer
        self._size += _cost(answer)
        while self._size > self._limit:
            _, oldest = self._answers.popitem(last=False)
            self._size -= _cost(oldest)

    def drop(self, key: Any) -> None:
        """Forget an answer."""
        if (old := self._answers.pop(key, None)) is not None:
            self._size -= _cost(old)


def _cost(answer: Answer) -> int:
    # Headers and the key weigh about this much.
    return len(answer.body) + 2000
