"""Events as metrics of Prometheus, in a registry of their own; every label has few values."""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from kernel_bridge.operations.event import Event

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160)


class Metrics:
    """What was counted since the server started."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._decisions = self._counter("decisions", "Notebooks judged", "verdict")
        self._deciding = self._times("decision", "Time to judge a notebook")
        self._starts = self._times("kernel_start", "Time until a kernel answers", "side")
        self._switches = self._counter("switches", "Notebooks that moved", "to", "why", "outcome")
        self._switching = self._times("switch", "Time to move a notebook", "to")
        self._moved = self._counter("switch_items", "What became of their state", "became")
        self._failures = self._counter(
            "failures", "Cells that failed because of where they ran", "side", "failed"
        )
        self._contradictions = self._counter(
            "contradictions", "Failures in a browser of cells judged to run there", "failed"
        )
        self._farmed = self._counter(
            "farmed", "Cells that ran on a server by themselves", "outcome"
        )
        self._magics = self._counter("magics", "Magics used", "name", "side", "outcome")
        self._jobs = self._counter("jobs", "Jobs of uploads that ended", "status")
        self._rows = self._counter("job_rows", "Rows that jobs wrote")
        self._counting: Mapping[str, Callable[[Event], None]] = {
            "decision": self._decision,
            "started": self._started,
            "switch": self._switch,
            "failure": self._failure,
            "farmed": lambda event: self._farmed.labels(event["outcome"]).inc(),
            "magic": self._magic,
        }

    def count(self, event: Event) -> None:
        """One event, which is as the schema says."""
        self._counting[event["event"]](event)

    def count_contradiction(self, failed: str) -> None:
        """A verdict that a run proved wrong."""
        self._contradictions.labels(failed).inc()

    def count_job(self, status: str, rows: int) -> None:
        """A job that ended."""
        self._jobs.labels(status).inc()
        self._rows.inc(rows)

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)

    def _decision(self, event: Event) -> None:
        self._decisions.labels(event["verdict"]).inc()
        self._deciding.observe(event["seconds"])

    def _started(self, event: Event) -> None:
        self._starts.labels(event["side"]).observe(event["seconds"])

    def _switch(self, event: Event) -> None:
        self._switches.labels(event["to"], event["why"], event["outcome"]).inc()
        self._switching.labels(event["to"]).observe(event["seconds"])
        for became in ("carried", "replayed", "left"):
            self._moved.labels(became).inc(event.get(became, 0))

    def _failure(self, event: Event) -> None:
        self._failures.labels(event["side"], event["failed"]).inc()

    def _magic(self, event: Event) -> None:
        self._magics.labels(event["name"], event["side"], event["outcome"]).inc()

    def _counter(self, name: str, what: str, *labels: str) -> Any:
        return Counter(f"porter_{name}", what, labels, registry=self.registry)

    def _times(self, name: str, what: str, *labels: str) -> Any:
        name = f"porter_{name}_seconds"
        return Histogram(name, what, labels, registry=self.registry, buckets=SECONDS)
