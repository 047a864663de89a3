"""Remove from a store what nobody used for long, and never what is being written."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from porter.store.model import FILES, Entry, Stored
from porter.store.objects import Objects
from porter.store.survey import Found, list_entries

# A file is written before the entry that names it. What is younger than this may be waiting for
# its entry; who names an older one writes it anew first (`SharedStore.keep`).
BEING_WRITTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What was removed, or would be: entries, and files that no entry names, with their bytes."""

    entries: tuple[Entry, ...]
    broken: int
    files: int
    size: int
    kept: int


def sweep_store(
    objects: Objects,
    *,
    unused: timedelta,
    needed: Collection[str],
    now: datetime,
    dry_run: bool = False,
) -> Swept:
    """Remove what was last used longer than `unused` ago, but for the keys `needed`.

    An entry is written anew when it is used, to the day. What is no entry goes too, and every file
    that is left without one, unless it is so young that it may still be being written. Builds may
    run meanwhile. Raises StoreAway.
    """
    found = list_entries(objects)

    def doomed(each: Found, modified: datetime) -> bool:
        if each.entry is None:
            return now - modified > BEING_WRITTEN
        return now - modified > unused and each.entry.key not in needed

    gone = [each for each in found if doomed(each, each.stored.modified)]
    if not dry_run:
        # Somebody may have used it in between.
        gone = [
            each
            for each in gone
            if (now_there := objects.stat(each.stored.path)) is not None
            and doomed(each, now_there.modified)
        ]
        for each in gone:
            objects.delete(each.stored.path)
        left = list_entries(objects)
    else:
        paths = {each.stored.path for each in gone}
        left = [each for each in found if each.stored.path not in paths]
    named = {each.entry.file for each in left if each.entry is not None}
    files = [file for file in objects.list(FILES) if _left(file, named, now)]
    if not dry_run:
        files = [file for file in files if _delete(objects, file, named, now)]
        objects.forget_partial(now - BEING_WRITTEN)
    entries = tuple(each.entry for each in gone if each.entry is not None)
    return Swept(
        entries=entries,
        broken=len(gone) - len(entries),
        files=len(files),
        size=sum(file.size for file in files),
        kept=len(left),
    )


def _left(file: Stored, named: Collection[str], now: datetime) -> bool:
    return file.path not in named and now - file.modified > BEING_WRITTEN


def _delete(objects: Objects, file: Stored, named: Collection[str], now: datetime) -> bool:
    there = objects.stat(file.path)
    if there is None or not _left(there, named, now):
        return False
    objects.delete(file.path)
    return True
