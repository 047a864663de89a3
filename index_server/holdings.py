"""One server's view of an index: its settings, database and store, and the newest snapshot."""

import math
import os
import socket
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from index_server.model import Snapshot
from index_server.records.database import read_changes, read_serial
from index_server.records.engine import connect
from index_server.records.storage import Store, open_store
from index_server.settings import Settings
from porter.home import Home
from porter.platform import Platform, read_platform, read_platforms


@dataclass(slots=True, kw_only=True)
class Holdings:
    """What every part of a server works with. `snapshot` is replaced, never changed.

    `refreshed` is when, by the monotonic clock, it was last known to be the newest.
    """

    settings: Settings
    engine: Engine
    store: Store
    home: Home
    snapshot: Snapshot = field(default_factory=Snapshot)
    refreshed: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self) -> bool:
        """See what was changed here or by other servers; whether anything was.

        Raises DatabaseAway; the snapshot stays as it was.
        """
        asked = time.monotonic()
        if read_serial(self.engine) == self.snapshot.serial:
            self.refreshed = max(self.refreshed, asked)
            return False
        with self.lock:
            known = self.snapshot
            serial, changed = read_changes(self.engine, known.serial)
            if serial < known.serial:
                # The database is an older one than we knew: it was restored from a backup.
                serial, changed = read_changes(self.engine, 0)
                known = Snapshot()
            projects = {**known.projects, **changed}
            self.snapshot = replace(known, serial=serial, projects=projects)
        self.refreshed = max(self.refreshed, asked)
        return True

    @property
    def age(self) -> float:
        """For how many seconds the snapshot was not compared with the database."""
        return time.monotonic() - self.refreshed

    @property
    def incoming(self) -> Path:
        """Where uploads lie until they are validated: on this machine."""
        return self.settings.folder / "incoming"

    @property
    def platforms(self) -> dict[str, Platform]:
        """The Pyodide releases served, by short name: those of the settings, else all known."""
        if self.settings.platforms:
            chosen = [read_platform(name) for name in self.settings.platforms]
        else:
            chosen = list(read_platforms().values())
        return {platform.name: platform for platform in chosen}


def open_holdings(settings: Settings, home: Home) -> Holdings:
    """Open an index; its database has been brought to this version's schema before."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    return Holdings(
        settings=settings,
        engine=connect(settings.database_url),
        store=open_store(settings.storage, settings.storage_options, settings.folder / "files"),
        home=home,
    )


def process_name() -> str:
    """This process among those of all machines: HOST:PID."""
    return f"{socket.gethostname()}:{os.getpid()}"
