"""Whether a report on a notebook that was made before still holds."""

import hashlib
import os
import time
from pathlib import Path

from compat_report.catalog.simple import FRESH
from compat_report.company.sources import STDIN, Source, folder_of, suffix_of
from compat_report.company.store import Kept, Store
from compat_report.company.trace import Answers, Beside
from compat_report.company.work import Made, Setup, identify, key_of
from compat_report.report import Reporter

# Two changes of a file within so many nanoseconds may have the same time.
SETTLED = 2_000_000_000


class Memory:
    """What was kept of earlier runs, for one that has begun; without a store it knows nothing."""

    def __init__(self, setup: Setup, reporter: Reporter, store: Store | None) -> None:
        self._store = store
        self._beside = Beside()
        self._answers = Answers(reporter.catalog)
        self._agreed: list[bytes] = []
        self._now = time.time()
        if store is not None:
            self._identity = identify(setup, reporter, reporter.catalog.identity)

    def recall(self, source: Source) -> tuple[str, Kept | None]:
        """The source's stamp, empty where its bytes may change without it; what is known of it."""
        if self._store is None or source.place == STDIN:
            return "", None
        stamp = source.stamp or _stamp(source.place)
        if self._store.is_empty:
            return stamp, None
        sha256 = self._store.sha256_of(source.place, stamp) if stamp else None
        if sha256 is None and "://" not in source.place:
            sha256 = _hash(source.place)
            if sha256 is not None and stamp:
                self._store.put_stamp(source.place, stamp, sha256)
        return stamp, None if sha256 is None else self._find(source, sha256)

    def keep(self, source: Source, stamp: str, made: Made) -> None:
        """Remember one that was made."""
        if self._store is None or not made.sha256 or source.place == STDIN:
            return
        folder = "" if made.trace.is_apart else folder_of(source.place) or ""
        kept = Kept(trace=made.trace, summary=made.summary, body=made.body, asked=self._now)
        key = key_of(self._identity, made.sha256, suffix_of(source.place), folder)
        self._store.put(key, kept)
        if stamp:
            self._store.put_stamp(source.place, stamp, made.sha256)

    def commit(self) -> None:
        """Make it last."""
        if self._store is not None:
            self._store.agree(self._agreed, self._now)
            self._agreed.clear()
            self._store.commit()

    def _find(self, source: Source, sha256: bytes) -> Kept | None:
        assert self._store is not None  # noqa: S101
        folder, suffix = folder_of(source.place), suffix_of(source.place)
        for place in dict.fromkeys(("", folder or "")):
            key = key_of(self._identity, sha256, suffix, place)
            kept = self._store.find(key)
            if kept is not None and self._holds(key, kept, folder):
                return kept
        return None

    def _holds(self, key: bytes, kept: Kept, folder: str | None) -> bool:
        if not self._beside.holds(kept.trace, folder):
            return False
        # As long as a page of an index is not asked for again, neither is what followed from it.
        if not kept.trace.answers or 0 <= self._now - kept.asked < FRESH:
            return True
        if not self._answers.holds(kept.trace):
            return False
        self._agreed.append(key)
        return True


def _stamp(place: str) -> str:
    """What changes when a file does; empty where it changed too short a time ago, or is not there."""
    try:
        status = os.stat(place)  # noqa: PTH116 — asked for each notebook there is
    except (OSError, ValueError):
        return ""
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    if changed > time.time_ns() - SETTLED:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def _hash(place: str) -> bytes | None:
    try:
        with Path(place).open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except (OSError, ValueError):
        return None
