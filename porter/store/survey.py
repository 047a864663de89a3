"""What is in a store: every entry, whether each is sound, and the files that nobody names."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from porter.errors import StoreDamaged
from porter.store.check import write_checked
from porter.store.model import ENTRIES, FILES, LIMIT, Entry, Stored, entry_key, parse_entry
from porter.store.objects import Objects

# Each waits for an answer; none needs a processor.
AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object below `entries/`: the entry, or what is wrong with it."""

    stored: Stored
    entry: Entry | None
    flaw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What all bytes of a store are like. `flaws` are sentences; `unused` files nobody names."""

    entries: int
    size: int
    flaws: tuple[str, ...]
    unused: int


def list_entries(objects: Objects) -> list[Found]:
    """Every entry of a store, by its path. Raises StoreAway."""
    listed = sorted(objects.list(ENTRIES), key=lambda stored: stored.path)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        found = list(pool.map(lambda stored: _read(objects, stored), listed))
    # What another removed in between is not there any more.
    return [each for each in found if each is not None]


def verify_store(objects: Objects) -> Verified:
    """Read every byte of a store, and say what is not as it should be. Raises StoreAway."""
    found = list_entries(objects)
    flaws = [each.flaw for each in found if each.flaw]
    entries = [each.entry for each in found if each.entry is not None]
    flaws += [flaw for entry in entries if (flaw := _verify(objects, entry))]
    named = {entry.file for entry in entries}
    files = list(objects.list(FILES))
    return Verified(
        entries=len(found),
        size=sum(file.size for file in files),
        flaws=tuple(flaws),
        unused=sum(file.path not in named for file in files),
    )


def _read(objects: Objects, stored: Stored) -> Found | None:
    key = entry_key(stored.path)
    if not key:
        return Found(stored=stored, entry=None, flaw=f"{stored.path} is no entry of a store")
    try:
        data = objects.read(stored.path, limit=LIMIT)
        return Found(stored=stored, entry=parse_entry(data, key)) if data is not None else None
    except StoreDamaged as error:
        return Found(stored=stored, entry=None, flaw=error.message)


def _verify(objects: Objects, entry: Entry) -> str:
    with tempfile.TemporaryDirectory(prefix="porter-store-") as folder:
        try:
            write_checked(entry, objects.chunks(entry.file), Path(folder) / entry.filename)
        except StoreDamaged as error:
            return error.message
    return ""
