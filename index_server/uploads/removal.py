"""Take a file away: from what is listed first, then its bytes."""

from contextlib import suppress

from index_server.errors import StorageAway
from index_server.holdings import Holdings
from index_server.records.database import delete_file, end_upload


def remove_file(index: Holdings, filename: str, *, actor: str, reason: str) -> None:
    """Delete a file for good, but for the tombstone that keeps its name; raises NotHere.

    Where the store is away its bytes stay behind, unlisted, until a server that starts sweeps them.
    """
    claim, key = delete_file(index.engine, filename, actor=actor, reason=reason)
    index.refresh()
    with suppress(StorageAway):
        end_upload(index.engine, claim, key, index.store.forget)
