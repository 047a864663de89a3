"""An application that an index mounts: it asks the index what it is told to, and tells the answer."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from index_server.web.mounts import READING


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Asks the index what the query says, and tells what it was told."""
    reading = scope[READING]
    path = scope["query_string"].decode()
    try:
        status, headers, body = await reading.ask(path, {"Accept": "text/html"}, 100_000)
    except ValueError as error:
        status, headers, body = 0, {}, str(error).encode()
    told = {
        "status": status,
        "type": headers.get("content-type"),
        "body": body.decode("latin-1"),
        "who": reading.who,
        "base": reading.base,
        "inside": reading.inside,
        "serial": reading.serial,
    }
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def mount(**given: Any) -> Mapping[str, ASGIApp]:
    assert set(given) == {"home", "platforms"}
    return {"/api/echo": echo}
