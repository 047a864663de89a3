"""One server's view of an index: its settings, database and store, and the newest snapshot."""

import os
import socket
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from index_server.database import read_changes, read_serial
from index_server.engine import connect
from index_server.model import Snapshot
from index_server.settings import Settings
from index_server.storage import Store, open_store
from porter.home import Home
from porter.platform import Platform, read_platform, read_platforms


@dataclass(slots=True, kw_only=True)
class Holdings:
    """What every part of a server works with. `snapshot` is replaced, never changed."""

    settings: Settings
    engine: Engine
    store: Store
    home: Home
    snapshot: Snapshot = field(default_factory=Snapshot)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self) -> bool:
        """See what was changed here or by other servers; whether anything was."""
        if read_serial(self.engine) == self.snapshot.serial:
            return False
        with self.lock:
            serial, changed = read_changes(self.engine, self.snapshot.serial)
            projects = {**self.snapshot.projects, **changed}
            self.snapshot = replace(self.snapshot, serial=serial, projects=projects)
        return True

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
