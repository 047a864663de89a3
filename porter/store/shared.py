"""The store as builds use it: asked before, filled after; where it is away, they do without."""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from porter.artefact import Artefact, keep_artefact
from porter.errors import NoSpace, PorterError, StoreAway, StoreDamaged
from porter.home import Home
from porter.store.check import write_checked
from porter.store.model import (
    LIMIT,
    Entry,
    Stored,
    artefact_entry,
    entry_path,
    parse_entry,
    serialize_entry,
)
from porter.store.objects import Objects

# Whoever cleans up goes by when an object was last written: what is used is written anew this often.
RENEWED = timedelta(days=1)


class SharedStore:
    """A store for one run, safe for several threads, and for many machines at the same time.

    `warn` is told once that the store is away, or cannot be written to, and of each entry that is
    damaged. Nothing here raises for what is wrong with the store.
    """

    def __init__(self, objects: Objects, warn: Callable[[str], None]) -> None:
        self._objects = objects
        self._warn = warn
        self._lock = threading.Lock()
        self._away = self._closed = False
        self._damaged: set[str] = set()

    def look(self, key: str) -> Entry | None:
        """What the store says of a key, None where it has nothing, or nothing that can be used."""
        if self._away or key in self._damaged:
            return None
        try:
            data = self._objects.read(entry_path(key), limit=LIMIT)
            return parse_entry(data, key) if data is not None else None
        except StoreDamaged as error:
            self._tell_damage(key, error)
        except StoreAway as error:
            self._tell_away(error)
        return None

    def fetch(self, key: str, home: Home) -> Artefact | None:
        """The artefact of a key, checked and kept on this machine; the caller holds the key's lock.

        None where there is none that can be used.
        """
        entry = self.look(key)
        if entry is None:
            return None
        scratch = home.work / f".store-{key[:16]}-{secrets.token_hex(4)}"
        scratch.mkdir(parents=True)
        file = scratch / entry.filename
        try:
            write_checked(entry, self._objects.chunks(entry.file), file)
            kept = keep_artefact(
                home,
                key,
                file,
                seconds=entry.seconds,
                inputs=entry.inputs,
                audit=entry.audit,
            )
        except StoreDamaged as error:
            self._tell_damage(key, error)
            return None
        except StoreAway as error:
            self._tell_away(error)
            return None
        finally:
            file.unlink(missing_ok=True)
            scratch.rmdir()
        self.keep(key, kept)
        return kept

    def keep(self, key: str, artefact: Artefact) -> None:
        """Have an artefact in the store, for others; what is there already is renewed.

        Of two that differ the first stays, unless it was found to be damaged.
        """
        if self._away or self._closed:
            return
        try:
            self._keep(artefact_entry(key, artefact), artefact)
        except (StoreAway, NoSpace) as error:
            with self._lock:
                first, self._closed = not self._closed, True
            if first:
                self._warn(f"{type(error).__name__}: nothing is put there: {error.message}")

    def _keep(self, entry: Entry, artefact: Artefact) -> None:
        objects, replace = self._objects, entry.key in self._damaged
        there = None if replace else objects.stat(entry.path)
        if there is not None:
            if _fresh(there):
                return
            if (other := self.look(entry.key)) is not None and other.sha256 != entry.sha256:
                self._tell_other(entry)
                return
        # Its bytes before the entry that tells of them.
        file = objects.stat(entry.file)
        if replace or file is None or file.size != entry.size or not _fresh(file):
            objects.put(entry.file, artefact.wheel)
        content = serialize_entry(entry)
        if replace or there is not None:
            objects.put(entry.path, content)
        elif not objects.create(entry.path, content):
            other = self.look(entry.key)
            if other is not None and other.sha256 != entry.sha256:
                self._tell_other(entry)
            return
        # Whoever cleans up may have had it in hand in between.
        if objects.stat(entry.file) is None:
            objects.put(entry.file, artefact.wheel)
        self._damaged.discard(entry.key)

    def _tell_damage(self, key: str, error: PorterError) -> None:
        with self._lock:
            self._damaged.add(key)
        self._warn(f"StoreDamaged: {error.message}; it is not used")

    def _tell_other(self, entry: Entry) -> None:
        self._warn(
            f"StoreDiffers: the store has other bytes of {entry.filename}, built of the same inputs; "
            "they stay there: `porter rebuild` says what differs"
        )

    def _tell_away(self, error: PorterError) -> None:
        with self._lock:
            first, self._away = not self._away, True
        if first:
            self._warn(f"StoreAway: {error.message}; it is done without")


def _fresh(stored: Stored) -> bool:
    return datetime.now(UTC) - stored.modified < RENEWED
