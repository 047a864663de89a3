"""Make an index of a backup: all of it, or nothing."""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import batched
from pathlib import Path
from typing import IO, Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, func, insert, select

from index_server.care.backup import MANIFEST, SCHEME, TABLES, Backup, load_row
from index_server.errors import Conflict, Damaged, NotHere
from index_server.holdings import Holdings
from index_server.records.engine import reading, writing
from index_server.records.schema import state
from index_server.records.storage import BESIDE
from index_server.uploads.incoming import open_incoming
from porter.progress import Reporter

CHUNK = 1 << 20
ROWS = 500


def restore_backup(index: Holdings, source: Path, report: Reporter) -> Backup:
    """Put a backup into an index that holds nothing.

    Every byte is checked against the backup's own hashes, and every file against the index's,
    before a row is written. Raises Conflict where something is there already, NotHere where there
    is no such backup, Damaged where it is not whole.
    """
    _refuse_over_something(index)
    tables: dict[str, bytes] = {}
    found: dict[str, str] = {}
    put: list[str] = []
    total = max(_size(source), 1)
    manifest: dict[str, Any] | None = None
    report.phase("restore", "copy the files")
    try:
        with _opened(source) as tar:
            for member in tar:
                content = _content(tar, member)
                if member.name == MANIFEST:
                    manifest = _parse_manifest(content.read(), source)
                elif member.name.startswith("tables/"):
                    tables[member.name] = content.read()
                    found[member.name] = hashlib.sha256(tables[member.name]).hexdigest()
                else:
                    found[member.name] = _store(index, member.name, content, put)
                report.advance("restore", min(member.offset_data / total, 1.0))
        if manifest is None:
            raise Damaged(f"{source} is cut off: it is no whole backup")
        rows = _check(index, manifest, found, tables, source)
        report.phase("restore", "write the database")
        _write(index, rows)
    except BaseException:
        for key in put:
            index.store.delete(key)
        raise
    index.refresh()
    kept = [row for row in rows["files"] if row["deleted_at"] is None]
    report.done("restore", f"{len(kept)} files")
    return Backup(
        projects=len(rows["projects"]),
        files=len(kept),
        size=sum(row["size"] for row in kept),
        serial=index.snapshot.serial,
    )


def _refuse_over_something(index: Holdings) -> None:
    with reading(index.engine) as connection:
        for table in TABLES:
            count = connection.scalar(select(func.count()).select_from(table))
            # The schema itself begins with a serial.
            if table is not state and count:
                raise Conflict(
                    f"the index has {table.name} already: nothing is restored over it",
                    advice="restore into an empty folder and an empty database",
                )


def _size(source: Path) -> int:
    try:
        return source.stat().st_size
    except OSError as error:
        raise NotHere(f"{source} cannot be read: {error.strerror}") from error


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:") as tar:
            yield tar
    except tarfile.TarError as error:
        raise Damaged(f"{source} is no whole backup: {error}") from error


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member) if member.isreg() else None
    known = member.name == MANIFEST or member.name.startswith(("files/", "tables/"))
    if content is None or not known or ".." in member.name.split("/"):
        raise Damaged(f"the backup has a member that no backup has: {member.name!r}")
    return content


def _parse_manifest(data: bytes, source: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
        return {"members": dict(manifest["members"]), **manifest}
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{source} is no backup: its list of members cannot be read") from error


def _store(index: Holdings, name: str, content: IO[bytes], put: list[str]) -> str:
    """Store a file; its key is among those `put` unless its bytes were there already."""
    key = name.removeprefix("files/")
    digest = hashlib.sha256()
    incoming = open_incoming(index.incoming)
    try:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            incoming.file.write(chunk)
        if index.store.size(key) is None:
            put.append(key)
        index.store.put(key, incoming.path)
    finally:
        incoming.discard()
    return digest.hexdigest()


def _check(
    index: Holdings,
    manifest: dict[str, Any],
    found: dict[str, str],
    tables: dict[str, bytes],
    source: Path,
) -> dict[str, list[dict[str, Any]]]:
    """The rows of a whole backup, by table; raises Damaged, Conflict."""
    if manifest.get("scheme") != SCHEME or manifest.get("revision") != _revision(index):
        raise Conflict(
            f"{source} was made by another version of Porter",
            advice="restore it with that version; this one then brings it up to date",
        )
    if manifest["members"] != found:
        wrong = [n for n, sha256 in manifest["members"].items() if found.get(n) != sha256]
        extra = [name for name in found if name not in manifest["members"]]
        raise Damaged(
            f"the backup is damaged: {', '.join((wrong + extra)[:5])} are not what was backed up",
            advice="take another backup",
        )
    rows = {
        table.name: [
            json.loads(line) for line in tables.get(f"tables/{table.name}.jsonl", b"").splitlines()
        ]
        for table in TABLES
    }
    for row in rows["files"]:
        if row["deleted_at"] is None:
            key = f"files/{row['sha256'][:2]}/{row['sha256'][2:]}/{row['filename']}"
            expected = {key: row["sha256"]}
            if row["metadata_sha256"]:
                expected[f"{key}{BESIDE[0]}"] = row["metadata_sha256"]
            for name, sha256 in expected.items():
                if found.get(name) != sha256:
                    raise Damaged(f"the backup has not the bytes of {row['filename']}")
    return rows


def _write(index: Holdings, rows: dict[str, list[dict[str, Any]]]) -> None:
    with writing(index.engine) as connection:
        connection.execute(delete(state))
        for table in TABLES:
            for batch in batched(rows[table.name], ROWS, strict=False):
                connection.execute(insert(table), [load_row(table, row) for row in batch])


def _revision(index: Holdings) -> str | None:
    with reading(index.engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()
