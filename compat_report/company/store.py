"""Reports that were made before, in one SQLite file: whoever asks again need not make them again.

One process writes at a time; others wait, and what is committed survives a kill. A store that
cannot be used costs time, no answers: it is begun anew.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from compat_report.company.trace import Trace, parse_trace

NAME = "reports.sqlite"
SCHEME = 1
# Reports that nobody asked for in so many days are forgotten.
KEPT_DAYS = 30
WAIT = 60.0
DAY = 86_400

SCHEMA = """
CREATE TABLE IF NOT EXISTS report (
    key BLOB PRIMARY KEY, asked REAL NOT NULL, used INTEGER NOT NULL, trace BLOB NOT NULL,
    summary BLOB NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS stamp (
    place TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 BLOB NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One report as it is kept: `body` compressed JSON, `asked` when the catalogue last agreed.

    `summary` is what a ranking counts of it.
    """

    trace: Trace
    summary: bytes
    body: bytes
    asked: float


class Store:
    """Kept reports by key, and files' hashes by their stamps. Not for several threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / NAME
        self._today = int(time.time() // DAY)
        self._used: list[tuple[int, bytes]] = []
        try:
            self._base = self._open()
        except sqlite3.DatabaseError:
            # Not ours, of another scheme, or broken by a disk: there is nothing in it to lose.
            for end in ("", "-wal", "-shm"):
                self._path.with_name(f"{NAME}{end}").unlink(missing_ok=True)
            self._base = self._open()
        [[count]] = self._base.execute("SELECT EXISTS (SELECT 1 FROM report)")
        self.is_empty = not count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sha256_of(self, place: str, stamp: str) -> bytes | None:
        """The hash of the bytes that a file had when it had that stamp."""
        row = self._base.execute(
            "SELECT sha256 FROM stamp WHERE place = ? AND stamp = ?", (place, stamp)
        ).fetchone()
        return None if row is None else row[0]

    def find(self, key: bytes) -> Kept | None:
        """A report by its key."""
        row = self._base.execute(
            "SELECT trace, summary, body, asked, used FROM report WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        try:
            trace = parse_trace(row[0])
        except (ValueError, TypeError):
            return None
        if row[4] != self._today:
            self._used.append((self._today, key))
        return Kept(trace=trace, summary=row[1], body=row[2], asked=row[3])

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep one; `commit` makes it last."""
        self.is_empty = False
        self._base.execute(
            "INSERT OR REPLACE INTO report VALUES (?, ?, ?, ?, ?, ?)",
            (key, kept.asked, self._today, kept.trace.dump(), kept.summary, kept.body),
        )

    def agree(self, keys: Iterable[bytes], now: float) -> None:
        """Note that the catalogue still says what it said."""
        self._base.executemany(
            "UPDATE report SET asked = ? WHERE key = ?", [(now, key) for key in keys]
        )

    def put_stamp(self, place: str, stamp: str, sha256: bytes) -> None:
        """Remember the hash of a file's bytes."""
        self._base.execute(
            "INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, ?)",
            (place, stamp, sha256, self._today),
        )

    def commit(self) -> None:
        """Make what was put last."""
        if self._used:
            self._base.executemany("UPDATE report SET used = ? WHERE key = ?", self._used)
            self._used.clear()
        self._base.commit()

    def close(self) -> None:
        """Commit and close."""
        with contextlib.suppress(sqlite3.Error):
            self.commit()
        self._base.close()

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(self._path, timeout=WAIT)
        try:
            base.execute("PRAGMA journal_mode = WAL")
            # A power cut may lose the last reports, never the file.
            base.execute("PRAGMA synchronous = NORMAL")
            [[scheme]] = base.execute("PRAGMA user_version")
            if scheme not in (0, SCHEME):
                raise sqlite3.DatabaseError(f"scheme {scheme}")
            base.executescript(SCHEMA)
            base.execute(f"PRAGMA user_version = {SCHEME}")
            for table in ("report", "stamp"):
                base.execute(
                    f"DELETE FROM {table} WHERE used < ?",  # noqa: S608 — one of two names
                    (self._today - KEPT_DAYS,),
                )
            base.commit()
        except BaseException:
            base.close()
            raise
        return base
