import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from labs import Lab
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from kernel_bridge.web.stdin import Questions

MESSAGE = {"header": {"msg_type": "input_request"}, "content": {"prompt": "name? "}}


class Page:
    """A logged-in page: its socket, and the worker that waits in a thread."""

    def __init__(self, lab: Lab) -> None:
        self.client, options = lab.log_in()
        self.context = str(options["context"])
        self.lab = lab
        self.threads = ThreadPoolExecutor(4)

    async def listen(self, context: str = "") -> WebSocketClientConnection:
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        address = f"ws{self.lab.url[4:]}/porter/stdin?context={context or self.context}"
        return await websocket_connect(HTTPRequest(address, headers={"Cookie": cookies}))

    def input(self) -> Any:
        """What a worker gets."""
        body = json.dumps({"browsingContextId": self.context, "data": MESSAGE})
        client = httpx.Client(base_url=self.lab.url, cookies=self.client.cookies, timeout=60)
        with client:
            answer = client.post("/api/stdin/kernel", content=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def asks(self) -> Any:
        return asyncio.get_running_loop().run_in_executor(self.threads, self.input)


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    made = Page(lab)
    yield made
    made.client.close()
    made.threads.shutdown()


async def read(socket: WebSocketClientConnection) -> Any:
    message = await socket.read_message()
    assert message is not None
    return json.loads(message)


async def close(socket: WebSocketClientConnection) -> None:
    """Close it, and wait until it is: it would be found open when the test is over."""
    socket.close()
    while await socket.read_message() is not None:
        pass


def test_a_worker_gets_what_the_page_answers(page: Page) -> None:
    async def run() -> None:
        # The worker may ask before the page listens.
        waiting = page.asks()
        socket = await page.listen()
        asked = await read(socket)
        assert asked["message"] == MESSAGE
        for dropped in ("x", "[]", json.dumps({"id": "none", "value": "x"})):
            await socket.write_message(dropped)
        await socket.write_message(json.dumps({"id": asked["id"], "value": "Ada"}))
        assert (await waiting)["content"]["value"] == "Ada"
        waiting = page.asks()
        asked = await read(socket)
        await socket.write_message(json.dumps({"id": asked["id"], "error": "interrupted"}))
        assert await waiting == {"error": "interrupted"}
        await close(socket)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_page_that_is_closed_answers_nothing_any_more(page: Page) -> None:
    async def run() -> None:
        socket = await page.listen()
        waiting = page.asks()
        await read(socket)
        await close(socket)
        assert await waiting == {"error": "the page was closed"}

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_worker_that_is_gone_is_told_of(page: Page) -> None:
    async def run() -> None:
        socket = await page.listen()
        body = json.dumps({"browsingContextId": page.context, "data": MESSAGE})
        async with httpx.AsyncClient(base_url=page.lab.url, cookies=page.client.cookies) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/api/stdin/kernel", content=body, timeout=2)
        asked = await read(socket)
        assert await read(socket) == {"id": asked["id"], "gone": True}
        await close(socket)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_socket_is_opened_by_the_pages_own_user(page: Page, lab: Lab) -> None:
    another = Page(lab)

    async def run() -> None:
        for context in ("x.y", another.context):
            with pytest.raises(HTTPClientError) as refused:
                await page.listen(context)
            assert refused.value.code == 403

    asyncio.run(asyncio.wait_for(run(), 60))
    another.client.close()


def test_where_no_page_listens_the_worker_is_told() -> None:
    told = asyncio.run(Questions(connecting=0.1).ask("a page's", MESSAGE))
    assert "does not listen" in str(told["error"])
