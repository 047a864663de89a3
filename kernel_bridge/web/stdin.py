"""`input()` in a browser kernel: its worker waits here until the page has an answer.

The worker asks with a synchronous `POST api/stdin/kernel`, `{"browsingContextId": …, "data": the
message input_request}`, and stands still until it is answered: with `{"content": {"value": …}}`, or
with `{"error": why}`, which it raises.

The page has a websocket open at `porter/stdin?context=CONTEXT`. Messages are objects of JSON:

- the server sends `{"id": …, "message": the message input_request}`; its `parent_header` names the
  request of the kernel that it belongs to;
- the page sends `{"id": …, "value": the text}`, or `{"id": …, "error": why}` to have it raised;
- the server sends `{"id": …, "gone": true}` where the worker does not wait any more: it was
  terminated, or the kernel was started anew.

Of several sockets of one page each is asked; the first answer counts.
"""

import asyncio
import json
import secrets
from collections import defaultdict
from typing import Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from kernel_bridge.contexts import Contexts
from kernel_bridge.errors import TooMuch
from kernel_bridge.web.context import ContextHandler
from kernel_bridge.web.handler import Route

# Seconds for a page to open its socket, and for a person to answer.
CONNECTING = 10.0
ANSWERING = 3600.0
MOST_WAITING = 32
MOST_BYTES = 1 << 20


class Questions:
    """Who waits for an answer, and which pages can give one."""

    def __init__(self, *, connecting: float = CONNECTING) -> None:
        self._connecting = connecting
        self._sockets: defaultdict[str, list[StdinSocket]] = defaultdict(list)
        self._waiting: dict[str, tuple[str, asyncio.Future[dict[str, object]]]] = {}
        self._opened = asyncio.Condition()

    async def ask(self, context: str, message: object) -> dict[str, object]:
        """The answer, as the worker takes it; raises TooMuch."""
        if sum(one == context for one, _ in self._waiting.values()) >= MOST_WAITING:
            raise TooMuch(
                f"{MOST_WAITING} kernels of this page wait for input", advice="answer one first"
            )
        number = secrets.token_hex(8)
        answer: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (context, answer)
        try:
            async with asyncio.timeout(self._connecting), self._opened:
                await self._opened.wait_for(lambda: bool(self._sockets.get(context)))
        except TimeoutError:
            del self._waiting[number]
            return {"error": "the page does not listen for input: load it again"}
        self._tell(context, {"id": number, "message": message})
        try:
            async with asyncio.timeout(ANSWERING):
                return await answer
        except TimeoutError:
            return {"error": "nobody answered in an hour"}
        finally:
            del self._waiting[number]
            if not answer.done() or answer.cancelled():
                self._tell(context, {"id": number, "gone": True})

    def answer(self, context: str, number: object, answer: dict[str, object]) -> None:
        """Give an answer to who waits for it; one that nobody waits for is dropped."""
        asked, waiting = self._waiting.get(str(number), ("", None))
        if waiting is not None and asked == context and not waiting.done():
            waiting.set_result(answer)

    async def open(self, context: str, socket: "StdinSocket") -> None:
        """A page listens."""
        async with self._opened:
            self._sockets[context].append(socket)
            self._opened.notify_all()

    def close(self, context: str, socket: "StdinSocket") -> None:
        """A page listens no more: where it was the last socket, who waits for it is told."""
        sockets = self._sockets[context]
        sockets.remove(socket)
        if sockets:
            return
        del self._sockets[context]
        for number, (asked, _) in list(self._waiting.items()):
            if asked == context:
                self.answer(context, number, {"error": "the page was closed"})

    def _tell(self, context: str, message: object) -> None:
        for socket in self._sockets.get(context, ()):
            socket.send(message)


class AskHandler(ContextHandler):
    """The worker's end."""

    _task: asyncio.Task[dict[str, object]] | None = None

    @web.authenticated
    async def post(self) -> None:
        """Wait for the page's answer."""
        context, message = self.page_body()
        if len(self.request.body) > MOST_BYTES:
            raise TooMuch(f"a question of more than {MOST_BYTES} bytes", advice="ask less")
        await self.check_may("execute", "kernels")
        questions: Questions = self.settings["porter_questions"]
        self._task = asyncio.create_task(questions.ask(context, message))
        try:
            answer = await self._task
        except asyncio.CancelledError:
            # Nobody is there to be answered.
            return
        await self.send_json(answer)

    def on_connection_close(self) -> None:
        """The worker is gone."""
        if self._task is not None:
            self._task.cancel()


class StdinSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The page's end."""

    _context = ""
    _sending: set[asyncio.Future[None]]

    def set_default_headers(self) -> None:
        """A websocket has none."""

    @ws_authenticated
    async def get(self, *arguments: Any, **named: Any) -> None:
        """Open the socket of a page, which is known by its context."""
        context = self.get_query_argument("context", "")
        contexts: Contexts = self.settings["porter_contexts"]
        if not contexts.is_of(context, self.current_user.username):
            raise web.HTTPError(403)
        self._context = context
        await super().get(*arguments, **named)

    async def open(self) -> None:
        """The page listens."""
        super().open()
        self._sending = set()
        await self._questions.open(self._context, self)

    def on_message(self, message: str | bytes) -> None:
        """An answer of the page's; what is none is dropped."""
        try:
            told = json.loads(message) if len(message) <= MOST_BYTES else None
        except (ValueError, RecursionError):
            return
        if not isinstance(told, dict):
            return
        if isinstance(told.get("value"), str):
            answer: dict[str, object] = {"content": {"status": "ok", "value": told["value"]}}
        else:
            answer = {"error": str(told.get("error", "the page has no answer"))}
        self._questions.answer(self._context, told.get("id"), answer)

    def on_close(self) -> None:
        """The page listens no more."""
        super().on_close()
        self._questions.close(self._context, self)

    def send(self, message: object) -> None:
        """Send without waiting; a socket that closes meanwhile is told of by `on_close`."""
        try:
            sent = asyncio.ensure_future(self.write_message(json.dumps(message)))
        except WebSocketClosedError:
            return
        self._sending.add(sent)
        sent.add_done_callback(self._sent)

    def _sent(self, sent: "asyncio.Future[None]") -> None:
        self._sending.discard(sent)
        if not sent.cancelled():
            sent.exception()

    @property
    def _questions(self) -> Questions:
        questions: Questions = self.settings["porter_questions"]
        return questions


def set_up(server: Any) -> None:
    """One table of questions a server."""
    server.web_app.settings["porter_questions"] = Questions()


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [("/api/stdin/kernel", AskHandler, {}), ("/porter/stdin", StdinSocket, {})]
