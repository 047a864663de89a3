"""Failures that proved a verdict wrong, kept for the decisions that come; on disk, and bounded."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from compat_report.deciding.contradicted import Contradiction, Failed
from kernel_bridge.operations.event import Event
from porter.home import new_file

MOST = 1000
KEEP = 90 * 86400.0
NEEDED = ("cell", "catalogue", "judged")


def parse_contradiction(event: Event) -> Contradiction | None:
    """What an event of the schema says against a verdict, None where it says nothing.

    Only a failure in a browser of a cell that was judged to run there does.
    """
    if event["event"] != "failure" or event["side"] != "browser":
        return None
    if any(name not in event for name in NEEDED) or event["judged"] != "browser":
        return None
    failed = Failed(event["failed"])
    if failed is not Failed.MEMORY and "subject" not in event:
        return None
    return Contradiction(
        cell=event["cell"],
        catalogue=event["catalogue"],
        failed=failed,
        subject="" if failed is Failed.MEMORY else event["subject"],
    )


class Contradictions:
    """Those in a file that several servers may share; the oldest give way to new ones."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._told: tuple[Contradiction, ...] = ()

    def told(self) -> tuple[Contradiction, ...]:
        """All of them; none where the file cannot be read."""
        try:
            found = self.path.stat()
        except OSError:
            return ()
        seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self._told = tuple(_parse(one) for one in self._read(time.time()))
            self._seen = seen
        return self._told

    def add(self, one: Contradiction, *, now: float | None = None) -> None:
        """One more failure, counted with those that it is like."""
        now = time.time() if now is None else now
        fresh = {**asdict(one), "count": 1, "time": now}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f"{self.path.name}.lock")):
            kept = []
            for old in self._read(now):
                if _key(old) == _key(fresh):
                    fresh["count"] = old["count"] + 1
                else:
                    kept.append(old)
            told = {"version": 1, "told": [*kept, fresh][-MOST:]}
            with new_file(self.path) as beside:
                beside.write_text(json.dumps(told), "utf-8")

    def _read(self, now: float) -> list[dict[str, Any]]:
        try:
            told = json.loads(self.path.read_bytes())["told"]
            found = [one for one in told if _parse(one) and one["time"] > now - KEEP]
        except (OSError, ValueError, KeyError, TypeError):
            return []  # nothing was learnt, then
        return found


def _key(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["cell"], one["catalogue"], one["failed"], one["subject"]


def _parse(one: Mapping[str, Any]) -> Contradiction:
    fields = {name: value for name, value in one.items() if name != "time"}
    return Contradiction(**{**fields, "failed": Failed(fields["failed"])})
