"""What the server counts, for Prometheus.

A request costs one look-up and a few additions; what was added up goes to prometheus-client in
bulk, a few times a second, and from there to a file that all server processes of this machine share
(its multiprocess mode, in the folder `PROMETHEUS_MULTIPROC_DIR`).
"""

import os
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from index_server.holdings import Holdings
from index_server.model import Snapshot

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# In seconds: from a kept answer to an upload of a large wheel.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
LABELS = (*map(str, BOUNDS), "+Inf")

# The first part of a path that no other layer has named a route for.
ROUTES = {
    "legacy": "upload",
    "api": "api",
    "healthz": "health",
    "readyz": "health",
    "metrics": "health",
    "static": "static",
    "integrity": "integrity",
    "r": "platform",
    "": "page",
    "project": "page",
    "tokens": "page",
    "log": "page",
    "login": "login",
}

registry = CollectorRegistry()
requests = Counter(
    "porter_index_requests",
    "Requests answered; the status is 0 where the client was gone.",
    ("route", "method", "status"),
    registry=registry,
)
uploads = Counter(
    "porter_index_uploads",
    "Uploads by what became of them: accepted, or the name of the error.",
    ("outcome",),
    registry=registry,
)
# The two halves of a histogram, which prometheus-client itself cannot add to in bulk.
within = Counter("porter_index_within", "Requests by bucket.", ("route", "le"), registry=registry)
seconds_spent = Counter("porter_index_spent", "Seconds.", ("route",), registry=registry)

_cells: dict[tuple[str, str, int], list[float]] = {}


def route_of(path: str) -> str:
    """The route that a path is counted under: one of few, whatever clients ask for."""
    return ROUTES.get(path[1:].partition("/")[0], "other")


def observe(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; called by the event loop's thread alone, as `flush` is."""
    cell = _cells.get((route, method, status))
    if cell is None:
        if method not in METHODS:
            # Made up by the client: each would be a series of its own.
            method = "other"
        cell = _cells.setdefault((route, method, status), [0.0] * (len(LABELS) + 1))
    cell[-1] += seconds
    cell[bisect_left(BOUNDS, seconds)] += 1


def count_upload(outcome: str) -> None:
    """Count an upload: `accepted`, or the name of the error's class."""
    uploads.labels(outcome).inc()


def flush() -> None:
    """Add what was observed since to what Prometheus is told."""
    for (route, method, status), cell in _cells.items():
        *counts, spent = cell
        if not any(counts):
            continue
        cell[:] = [0.0] * len(cell)
        requests.labels(route, method, str(status)).inc(sum(counts))
        seconds_spent.labels(route).inc(spent)
        for label, count in zip(LABELS, counts, strict=True):
            if count:
                within.labels(route, label).inc(count)


def expose(index: Holdings) -> CollectorRegistry:
    """Everything counted, by all server processes of this machine, and the state of the index."""
    shown = CollectorRegistry()
    folder = os.environ.get(FOLDER)
    inner: Collector = registry
    if folder:
        inner = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]
    shown.register(_Counted(inner))
    shown.register(_State(index))
    return shown


class _Counted(Collector):
    """What is counted, its buckets put together to a histogram."""

    def __init__(self, inner: Collector) -> None:
        self._inner = inner

    def collect(self) -> Iterable[Metric]:
        counts: dict[str, dict[str, float]] = {}
        spent: dict[str, float] = {}
        for family in self._inner.collect():
            totals = [sample for sample in family.samples if sample.name.endswith("_total")]
            if family.name == "porter_index_within":
                for sample in totals:
                    counts.setdefault(sample.labels["route"], {})[sample.labels["le"]] = (
                        sample.value
                    )
            elif family.name == "porter_index_spent":
                spent = {sample.labels["route"]: sample.value for sample in totals}
            else:
                yield family
        text = "Seconds from a request to the end of its answer."
        histogram = HistogramMetricFamily("porter_index_request_seconds", text, labels=["route"])
        for route, found in counts.items():
            summed = accumulate(found.get(label, 0.0) for label in LABELS)
            buckets = list(zip(LABELS, summed, strict=True))
            histogram.add_metric([route], buckets, spent.get(route, 0.0))
        yield histogram


class _State(Collector):
    """The state of the index, as the process that answers sees it."""

    def __init__(self, index: Holdings) -> None:
        self._index = index

    def collect(self) -> Iterable[Metric]:
        snapshot = self._index.snapshot
        count, size = _weigh(snapshot)
        for name, text, value in (
            ("serial", "The serial of the newest change seen.", snapshot.serial),
            ("projects", "Projects, empty ones too.", len(snapshot.projects)),
            ("files", "Files, staged and quarantined ones too.", count),
            ("bytes", "Bytes of these files.", size),
            ("refresh_age_seconds", "Seconds since the database last answered.", self._index.age),
        ):
            yield GaugeMetricFamily(f"porter_index_{name}", text, value=value)


def _weigh(snapshot: Snapshot) -> tuple[int, int]:
    files = [file.size for project in snapshot.projects.values() for file in project.files]
    return len(files), sum(files)
