"""`porter/events` and `porter/metrics`: what pages tell, and what came of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.serverapp import ServerApp
from tornado import web
from traitlets import Unicode
from traitlets.config import Configurable

from kernel_bridge.errors import BadSettings
from kernel_bridge.operations.contradictions import Contradictions, parse_contradiction
from kernel_bridge.operations.event import Event, parse_events
from kernel_bridge.operations.log import EventLog
from kernel_bridge.operations.metrics import CONTENT_TYPE, Metrics
from kernel_bridge.web.handler import BridgeHandler, Route

SETTING = "porter_operations"
# What `kernel_bridge.web.decisions` tells its selector.
CONTRADICTIONS = "porter_contradictions"


class PorterOperations(Configurable):
    """`c.PorterOperations.…` in a Jupyter configuration."""

    folder = Unicode("", help="Where the log of events and what runs taught are kept.").tag(
        config=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Where an event goes."""

    metrics: Metrics
    log: EventLog
    contradictions: Contradictions

    def take(self, events: Sequence[Event]) -> None:
        """Count them, keep them, learn from them."""
        for event in events:
            self.metrics.count(event)
            self.log.write(event)
            contradiction = parse_contradiction(event)
            if contradiction is not None:
                self.contradictions.add(contradiction)
                self.metrics.count_contradiction(contradiction.failed)


class Events(BridgeHandler):
    """`porter/events`."""

    @web.authenticated
    async def post(self) -> None:
        """All events of a request, or none where one of them is none."""
        operations: Operations = self.settings[SETTING]
        events = parse_events(self.json_body())
        await asyncio.to_thread(operations.take, events)
        self.set_status(204)
        self.finish()


class MetricsHandler(BridgeHandler):
    """`porter/metrics`."""

    @web.authenticated
    async def get(self) -> None:
        """The text that Prometheus reads."""
        operations: Operations = self.settings[SETTING]
        self.finish(operations.metrics.render(), set_content_type=CONTENT_TYPE)


def set_up(server: ServerApp) -> None:
    """Where it is kept; raises BadSettings."""
    given = PorterOperations(parent=server).folder
    folder = Path(given) if given else Path(jupyter_data_dir()) / "porter-operations"
    if not folder.is_absolute():
        raise BadSettings(
            f"c.PorterOperations.folder is {given!r}", advice="it is a folder by its whole path"
        )
    contradictions = Contradictions(folder / "contradictions.json")
    server.web_app.settings[CONTRADICTIONS] = contradictions
    server.web_app.settings[SETTING] = Operations(
        metrics=Metrics(), log=EventLog(folder / "events.jsonl"), contradictions=contradictions
    )


async def tear_down(server: ServerApp) -> None:
    """Close the log."""
    operations: Operations = server.web_app.settings[SETTING]
    operations.log.close()


def routes() -> list[Route]:
    """Events, and metrics."""
    return [("/porter/events", Events, {}), ("/porter/metrics", MetricsHandler, {})]
