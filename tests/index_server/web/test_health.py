"""What those are told that start the server again, send it requests, or watch it."""

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from servers import Served
from services import free_port
from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings
from index_server.records.engine import connect
from index_server.records.storage import open_store
from index_server.web import metrics
from index_server.web.health import find_away


def test_a_server_that_is_well(served: Served) -> None:
    with served.client as client:
        assert client.get("/healthz").text == "ok\n"
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True, "away": {}})
        assert ready.headers["cache-control"] == "no-store"
        client.get("/simple/")
        time.sleep(0.6)
        told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    found = samples(told)
    assert found["porter_index_requests_total", "simple"] == 1
    assert found["porter_index_requests_total", "health"] >= 2
    assert found["porter_index_request_seconds_count", "simple"] == 1
    assert found["porter_index_refresh_age_seconds", ""] < 5
    assert found["porter_index_files", ""] == 0


def samples(told: httpx.Response) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(told.text):
        for sample in family.samples:
            key = (sample.name, sample.labels.get("route", ""))
            found[key] = found.get(key, 0) + sample.value
    return found


def test_nothing_is_away(index: Holdings) -> None:
    assert asyncio.run(find_away(index)) == {}


def test_each_part_that_is_away_is_named(index: Holdings, tmp_path: Path) -> None:
    port = free_port()
    options = {
        "endpoint": f"http://127.0.0.1:{port}",
        "access_key_id": "x" * 12,
        "secret_access_key": "y" * 12,
        "allow_http": "true",
        "region": "us-east-1",
    }
    away = replace(
        index,
        engine=connect(f"postgresql://porter:secret@127.0.0.1:{port}/index"),
        store=open_store("s3://wheels", options, tmp_path),
        refreshed=time.monotonic() - 60,
    )
    begun = time.monotonic()
    found = asyncio.run(find_away(away))
    assert time.monotonic() - begun < 10
    assert sorted(found) == ["database", "snapshot", "store"]
    assert re.fullmatch(r"last refreshed 6\d seconds ago", found["snapshot"])
    assert "secret" not in str(found)


def test_what_is_there_is_weighed(index: Holdings, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    put_wheel(index, wheel)
    shown = metrics.expose(index)
    assert shown.get_sample_value("porter_index_files") == 1
    assert shown.get_sample_value("porter_index_projects") == 1
    assert shown.get_sample_value("porter_index_bytes") == wheel.stat().st_size
    assert shown.get_sample_value("porter_index_serial") == index.snapshot.serial


def test_requests_are_counted_in_bulk(index: Holdings) -> None:
    for seconds in (0.0001, 0.0007, 0.3, 3600.0):
        metrics.observe("bulk", "GET", 200, seconds)
    metrics.observe("bulk", "BREW", 405, 0.002)
    metrics.observe("bulk", "BREW", 405, 0.002)
    metrics.count_upload("Bulk")
    metrics.flush()
    metrics.flush()
    shown = metrics.expose(index)

    def value(name: str, **labels: str) -> float | None:
        return shown.get_sample_value(f"porter_index_{name}", labels)

    assert value("requests_total", route="bulk", method="GET", status="200") == 4
    assert value("requests_total", route="bulk", method="other", status="405") == 2
    assert value("uploads_total", outcome="Bulk") == 1
    assert value("request_seconds_count", route="bulk") == 6
    assert value("request_seconds_sum", route="bulk") == pytest.approx(3600.3048)
    buckets = [
        value("request_seconds_bucket", route="bulk", le=le)
        for le in ("0.0005", "0.001", "0.0025", "0.25", "0.5", "60.0", "+Inf")
    ]
    assert buckets == [1, 2, 4, 4, 5, 5, 6]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "page"),
        ("/legacy/", "upload"),
        ("/legacy", "upload"),
        ("/api/tokens", "api"),
        ("/project/acme-tools/", "page"),
        ("/wp-admin/x", "other"),
        ("//", "page"),
        ("", "page"),
    ],
)
def test_there_are_few_routes(path: str, route: str) -> None:
    assert metrics.route_of(path) == route
