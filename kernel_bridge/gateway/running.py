"""The queries that run: how many of whom, and how one is ended."""

import asyncio
import re
from dataclasses import dataclass, field

from kernel_bridge.errors import BadRequest, BridgeError, NotThere
from kernel_bridge.gateway.errors import Busy, Cancelled
from kernel_bridge.gateway.services import Service

ID = re.compile(r"[A-Za-z0-9-]{16,64}")
# Of all users and services together.
MOST = 16


@dataclass(slots=True, kw_only=True)
class Running:
    """One query; `reason` says why it was ended before its end."""

    id: str
    user: str
    service: str
    task: asyncio.Task[bytes | None] | None = None
    reason: BridgeError | None = None

    def stop(self, reason: BridgeError) -> None:
        """End it; the first reason is kept."""
        if self.reason is None:
            self.reason = reason
        if self.task is not None:
            self.task.cancel()


@dataclass(slots=True)
class Queries:
    """Those of one server."""

    _running: dict[str, Running] = field(default_factory=dict)

    def admit(self, query: str, user: str, service: Service) -> Running:
        """Take one in; raises Busy and BadRequest."""
        if not ID.fullmatch(query) or query in self._running:
            raise BadRequest(
                "the query's id cannot be taken",
                advice="send 16 to 64 letters, digits and -, new for each query",
            )
        mine = [
            one
            for one in self._running.values()
            if one.user == user and one.service == service.name
        ]
        if len(mine) >= service.queries or len(self._running) >= MOST:
            raise Busy(
                f"{len(mine)} of your queries run on service {service.name!r}, as many as may",
                advice="wait for one to end, or interrupt it",
            )
        running = Running(id=query, user=user, service=service.name)
        self._running[query] = running
        return running

    def leave(self, running: Running) -> None:
        """It ended."""
        self._running.pop(running.id, None)

    def cancel(self, query: str, user: str) -> None:
        """End a user's query; raises NotThere for another's as for none."""
        running = self._running.get(query)
        if running is None or running.user != user:
            raise NotThere("no such query runs", advice="it may have ended")
        running.stop(Cancelled("the query was cancelled", advice="run the cell again"))
