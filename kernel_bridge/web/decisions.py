"""`POST porter/decisions`: where a notebook is to run, by what the index has now.

The body is `{"path": …, "notebook": nbformat's JSON, "previous"?: id, "policy"?: {…}}`; the answer
is a kernel decision (docs/reference/kernel-decision.md) with the kernels of the settings.
"""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

from tornado import web

from compat_report.select import TooManyNames
from kernel_bridge.deciding import Decider, Question, parse_question
from kernel_bridge.drive import clean
from kernel_bridge.errors import BridgeError, ServiceAway, TooMuch
from kernel_bridge.operations.event import parse_events
from kernel_bridge.settings import BridgeSettings
from kernel_bridge.web.handler import BridgeHandler, Route
from kernel_bridge.web.runtime import KernelRuntime
from porter.commands.options import Machine
from porter.errors import PorterError

MOST_BYTES = 32 << 20
# Deciding is work for a processor, of which Python uses one at a time; the second is for those that
# need not wait for an index.
AT_ONCE = 2
MOST_WAITING = 64
# Decided before anybody asks: reading rules and what the index has takes longer than a person waits.
FIRST = {
    "notebook": {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "id": "first", "metadata": {}, "source": "import json"},
        ],
    }
}


class Decisions:
    """The server's decider, and the threads that it works on."""

    def __init__(self, settings: BridgeSettings, runtime: KernelRuntime) -> None:
        self._runtime = runtime
        self._decider = Decider(settings, Machine.here())
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="porter-decisions")
        self._waiting = 0
        self._closed = False

    async def decide(self, read: Callable[[], Question], contradictions: Any) -> bytes:
        """The decision as JSON, for the question that `read` reads.

        Raises what is wrong with that, TooMuch, or ServiceAway.
        """
        if self._waiting >= MOST_WAITING:
            raise ServiceAway("too many decisions are waited for", advice="ask again")
        self._waiting += 1
        try:
            lock = await self._runtime.index_lock()
            files = await self._runtime.files()
            if self._closed:
                raise ServiceAway("the server ends", advice="ask again when it is back")
            provided = frozenset(name for wheel in files.wheels for name in wheel.imports)

            def work() -> bytes:
                told = contradictions.told() if contradictions is not None else ()
                return self._decider.decide(
                    read(), state=sha256(lock.content).digest(), provided=provided, told=told
                )

            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except TooManyNames as error:
            raise TooMuch(error.message, advice=error.advice) from error
        except BridgeError:
            raise
        except PorterError as error:
            raise ServiceAway(error.message, advice=error.advice) from error
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Begin no other; those that are made are not waited for."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)


class DecisionsHandler(BridgeHandler):
    """One decision a request."""

    @web.authenticated
    async def post(self) -> None:
        """Decide; raises BadRequest, TooMuch, NotThere without an index, ServiceAway."""
        if len(self.request.body) > MOST_BYTES:
            raise TooMuch(
                f"a notebook of more than {MOST_BYTES >> 20} MiB",
                advice="send the cells alone, without what they wrote",
            )
        decisions: Decisions = self.settings["porter_decisions"]
        contradictions = self.settings.get("porter_contradictions")
        self.set_header("Cache-Control", "no-store")
        began = time.monotonic()
        told = await decisions.decide(self._read, contradictions)
        self._count(told, time.monotonic() - began)
        await self.finish(told)

    def _count(self, told: bytes, seconds: float) -> None:
        operations = self.settings.get("porter_operations")
        if operations is not None:
            decision = json.loads(told)
            event = {"event": "decision", "seconds": seconds}
            event |= {name: decision[name] for name in ("verdict", "confidence")}
            operations.take(parse_events({"events": [event]}))

    def _read(self) -> Question:
        root = getattr(self.contents_manager, "root_dir", None)
        body = dict(self.json_body())
        if isinstance(body.get("path"), str):
            body["path"] = clean(str(body["path"]))
        return parse_question(body, Path(root) if root else None)


def set_up(server: Any) -> None:
    """One decider a server."""
    settings = server.web_app.settings
    decisions = Decisions(settings["porter"], settings["porter_runtime"])
    settings["porter_decisions"] = decisions
    if settings["porter"].index is not None:
        server.io_loop.add_callback(_prepare, decisions, server.log)


async def _prepare(decisions: Decisions, log: Any) -> None:
    """Have ready what the first decision needs."""
    try:
        await decisions.decide(lambda: parse_question(FIRST, None), None)
    except BridgeError as error:
        log.warning("%s; %s", error.message, error.advice)
    else:
        log.info("the kernel bridge is ready to decide")


async def tear_down(server: Any) -> None:
    """End its threads."""
    server.web_app.settings["porter_decisions"].close()


def routes() -> list[Route]:
    """What this module adds to the server."""
    return [("/porter/decisions", DecisionsHandler, {})]
