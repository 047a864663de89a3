"""Events as lines of JSON in a file that never grows beyond its bounds."""

import json
import logging
import time
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from kernel_bridge.operations.event import Event

BYTES = 8 << 20
KEPT = 3


class EventLog:
    """Appends to `path`, whose older lines are in `path.1` and on.

    Only what the schema knows is in an event, so that there is no code and no secret in the log.
    """

    def __init__(self, path: Path, *, size: int = BYTES) -> None:
        self.path = path
        self._size = size
        self._writer: RotatingFileHandler | None = None

    def write(self, event: Event, *, now: float | None = None) -> None:
        """One line; a disk that is full stops nobody."""
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = RotatingFileHandler(
                self.path, maxBytes=self._size, backupCount=KEPT, encoding="utf-8"
            )
        moment = datetime.fromtimestamp(time.time() if now is None else now, UTC)
        told = json.dumps({"time": moment.isoformat(timespec="milliseconds"), **event})
        record = logging.makeLogRecord({"msg": told, "levelno": logging.INFO})
        self._writer.handle(record)

    def close(self) -> None:
        """Write no more."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
