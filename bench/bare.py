"""The least that an ASGI application on the index's own server can do: kept bytes, two headers.

What is left between it and nginx is the server's, what is between it and the index is ours.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

EXPORT = "PORTER_BENCH_EXPORT"


async def app(scope: Any, _receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    accept = dict(scope["headers"]).get(b"accept", b"")
    body = read(scope["path"], b"json" in accept)
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"application/octet-stream")
    await send({"type": "http.response.start", "status": 200, "headers": [kind, length]})
    await send({"type": "http.response.body", "body": body})


@cache
def read(path: str, json: bool) -> bytes:  # noqa: FBT001 # the key of a cache
    page = "index.json" if json else "index.html"
    return Path(os.environ[EXPORT], path[1:], page if path.endswith("/") else "").read_bytes()
