import json
from pathlib import Path

from kernel_bridge.operations.log import KEPT, EventLog


def test_lines_of_json_in_bounds(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "deep/events.jsonl", size=1000)
    for number in range(200):
        log.write({"event": "started", "side": "browser", "seconds": number}, now=0)
    log.close()
    files = sorted((tmp_path / "deep").iterdir())
    assert len(files) == KEPT + 1
    assert all(path.stat().st_size <= 1000 for path in files)
    last = json.loads(log.path.read_text().splitlines()[-1])
    assert last == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "event": "started",
        "side": "browser",
        "seconds": 199,
    }
