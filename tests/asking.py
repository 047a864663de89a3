"""Ask an application of the index in this process: every layer, and no network."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
from anyio.from_thread import start_blocking_portal

from index_server.app import create_app
from index_server.holdings import Holdings

BASE = "http://index.test"


class Ask(Protocol):
    """Sends one request; arguments are httpx's. Nothing is kept from one to the next."""

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response: ...


@contextmanager
def asking(index: Holdings) -> Iterator[Ask]:
    """The application of an open index, until the context ends."""
    transport = httpx.ASGITransport(create_app(index))

    async def send(method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, **more)

    with start_blocking_portal() as portal:

        def ask(method: str, path: str, **more: Any) -> httpx.Response:
            response: httpx.Response = portal.call(send, method, path, more)
            return response

        yield ask
