"""What pages tell a real server: counted, logged, and learnt from."""

import json
from pathlib import Path
from typing import Any

import pytest
from labs import Lab

CELL, CATALOGUE = "a" * 64, "b" * 64
FAILURE = {
    "event": "failure", "side": "browser", "failed": "import", "subject": "acme.tools",
    "judged": "browser", "cell": CELL, "catalogue": CATALOGUE,
}  # fmt: skip


@pytest.fixture
def folder(lab: Lab) -> Path:
    return lab.folder.parent


def test_events_are_counted_logged_and_learnt_from(lab: Lab, folder: Path) -> None:
    events: list[dict[str, Any]] = [
        {"event": "decision", "verdict": "browser", "confidence": 0.9, "seconds": 0.01},
        {"event": "started", "side": "browser", "seconds": 6.5},
        {"event": "switch", "to": "server", "why": "failure", "outcome": "done", "seconds": 1.5,
         "carried": 3, "replayed": 1, "left": 1},
        FAILURE,
        FAILURE,
        {**FAILURE, "judged": "server"},
        {"event": "farmed", "outcome": "done", "seconds": 3, "bytes": 10},
        {"event": "magic", "name": "sql", "side": "browser", "outcome": "failed"},
    ]  # fmt: skip
    with lab.client as client:
        assert client.post("/porter/events", json={"events": events}).status_code == 204
        metrics = client.get("/porter/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    for line in [
        'porter_decisions_total{verdict="browser"} 1.0',
        'porter_kernel_start_seconds_sum{side="browser"} 6.5',
        'porter_switches_total{outcome="done",to="server",why="failure"} 1.0',
        'porter_switch_items_total{became="carried"} 3.0',
        'porter_failures_total{failed="import",side="browser"} 3.0',
        'porter_contradictions_total{failed="import"} 2.0',
        'porter_farmed_total{outcome="done"} 1.0',
        'porter_magics_total{name="sql",outcome="failed",side="browser"} 1.0',
    ]:
        assert line in metrics.text, line
    lines = (folder / "operations/events.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == [one["event"] for one in events]
    assert all(json.loads(line)["time"].endswith("+00:00") for line in lines)
    kept = json.loads((folder / "operations/contradictions.json").read_text())["told"]
    assert [(one["subject"], one["count"]) for one in kept] == [("acme.tools", 2)]


def test_what_is_no_event_changes_nothing(lab: Lab) -> None:
    with lab.client as client:
        before = client.get("/porter/metrics").text
        good = {"event": "started", "side": "server", "seconds": 1}
        wrong: tuple[Any, ...] = (
            [{}], [{"event": "other"}], [good, {**good, "side": "moon"}], [{**good, "code": "x"}],
            [{**good, "seconds": -1}], [{**good, "seconds": 1e9}], [{**good, "seconds": "1"}],
            [{"event": ["started"]}], ["started"], [None], "started", [good] * 101,
            [{"event": "seconds"}], [{"event": "side"}],
            [{**FAILURE, "subject": "a b"}], [{**FAILURE, "subject": "x" * 200}],
            [{**FAILURE, "cell": "A" * 64}], [{**FAILURE, "subject": "a\nb"}],
        )  # fmt: skip
        for events in wrong:
            answer = client.post("/porter/events", json={"events": events})
            assert (answer.status_code, answer.json()["error"]) == (400, "BadRequest"), events
        assert client.post("/porter/events", content=b"[]").status_code == 400
        assert client.post("/porter/events", content=b"{").status_code == 400
        nan = b'{"events": [{"event": "started", "side": "server", "seconds": NaN}]}'
        assert client.post("/porter/events", content=nan).status_code == 400
        assert client.get("/porter/metrics").text == before
    with lab.stranger as stranger:
        assert stranger.post("/porter/events", json={"events": []}).status_code == 403
        assert stranger.get("/porter/metrics").status_code == 403
