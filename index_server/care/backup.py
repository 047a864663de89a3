"""Back an index up into one file, and make an index of one.

The file is a tar: `files/KEY` are the stored bytes, `tables/NAME.jsonl` the rows, and
`backup.json`, its last member, says what must be there with which sha256. Rows are written by
column, so that what SQLite gave PostgreSQL takes.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, DateTime, Table, select

from index_server.errors import Damaged, NotHere
from index_server.holdings import Holdings
from index_server.model import file_key
from index_server.records.engine import reading, viewing
from index_server.records.rows import as_utc
from index_server.records.schema import environments, events, files, projects, state, tokens
from index_server.records.storage import BESIDE
from porter.progress import Reporter

SCHEME = 1
MANIFEST = "backup.json"
# In an order in which each refers to those before it alone. Claims on uploads are of the server
# that made them.
TABLES: tuple[Table, ...] = (state, projects, files, tokens, events, environments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What is in a backup: of how many files, at which serial."""

    projects: int
    files: int
    size: int
    serial: int


def make_backup(index: Holdings, target: Path, report: Reporter) -> Backup:
    """Write a backup to `target`, which only its owner may read; a server may run meanwhile.

    The rows are those of one moment, and every file of that moment is in it. Raises Damaged where
    stored bytes are not what they should be, DatabaseAway, StorageAway.
    """
    report.phase("backup", "read the database")
    with viewing(index.engine) as connection:
        rows = {table.name: [_dump(r) for r in _read(connection, table)] for table in TABLES}
        revision = MigrationContext.configure(connection).get_current_revision()
    members: dict[str, str] = {}
    size = 0
    with _private_file(target) as out, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:  # fmt: skip
        report.phase("backup", f"copy {len(rows['files'])} files")
        for number, row in enumerate(rows["files"]):
            if row["deleted_at"] is None:
                size += _add_file(index, tar, row, members)
            report.advance("backup", number / len(rows["files"]))
        for name, entries in rows.items():
            lines = "".join(f"{json.dumps(entry, separators=(',', ':'))}\n" for entry in entries)
            _add_bytes(tar, f"tables/{name}.jsonl", lines.encode(), members)
        manifest = {
            "scheme": SCHEME,
            "revision": revision,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "members": members,
        }
        _add_bytes(tar, MANIFEST, json.dumps(manifest, indent=1).encode(), {})
    serial = next((int(row["value"]) for row in rows["state"] if row["name"] == "serial"), 0)
    kept = sum(row["deleted_at"] is None for row in rows["files"])
    report.done("backup", f"{kept} files")
    return Backup(projects=len(rows["projects"]), files=kept, size=size, serial=serial)


def _add_file(
    index: Holdings, tar: tarfile.TarFile, row: dict[str, Any], members: dict[str, str]
) -> int:
    """A file with what lies beside it; how many bytes it has."""
    key = file_key(row["sha256"], row["filename"])
    try:
        beside = [f"{key}{suffix}" for suffix in BESIDE if _has(row, suffix)]
        for name in (key, *beside):
            _copy(index, tar, name, members)
    except NotHere as error:
        gone = _deleted_at(index, row["filename"])
        if gone is None:
            raise Damaged(
                f"the bytes of {row['filename']} are not in the store",
                advice="porter index verify says what else is missing",
            ) from error
        # Deleted since the database was read: so it is in the backup.
        row["deleted_at"] = gone
        return 0
    for name, expected in ((key, row["sha256"]), (f"{key}.metadata", row["metadata_sha256"])):
        if expected and members[f"files/{name}"] != expected:
            raise Damaged(
                f"the stored bytes of {name} are not what they were",
                advice="porter index verify says what else is damaged",
            )
    return int(row["size"])


def _copy(index: Holdings, tar: tarfile.TarFile, key: str, members: dict[str, str]) -> None:
    # Whole, before the member is begun: what ends in the middle would break the archive.
    with tempfile.TemporaryFile(dir=index.settings.folder) as scratch:
        found = hashlib.sha256()
        for chunk in index.store.read_chunks(key):
            found.update(chunk)
            scratch.write(chunk)
        info = tarfile.TarInfo(f"files/{key}")
        info.size = scratch.tell()
        scratch.seek(0)
        tar.addfile(info, scratch)
    members[info.name] = found.hexdigest()


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes, members: dict[str, str]) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
    members[name] = hashlib.sha256(data).hexdigest()


def _has(row: Mapping[str, Any], suffix: str) -> bool:
    return bool(row["metadata_sha256"] if suffix == ".metadata" else row["attested"])


def _deleted_at(index: Holdings, filename: str) -> str | None:
    query = select(files.c.deleted_at).where(files.c.filename == filename)
    with reading(index.engine) as connection:
        moment = connection.scalar(query)
    return as_utc(moment).isoformat() if moment else None


def _read(connection: Connection, table: Table) -> Iterator[Mapping[str, Any]]:
    for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings():
        yield {str(name): value for name, value in row.items()}


def _dump(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: as_utc(value).isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def load_row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a backup as the database takes it.

    Numbers that a database counts are left out: it counts on from its own.
    """
    counted = {c.name for c in table.primary_key.columns if c.type.python_type is int}
    moments = {c.name for c in table.columns if isinstance(c.type, DateTime)}
    return {
        name: datetime.fromisoformat(value) if name in moments and value else value
        for name, value in row.items()
        if name not in counted
    }


@contextmanager
def _private_file(target: Path) -> Iterator[BinaryIO]:
    """A file beside `target`, then renamed onto it; it holds keys and the hashes of tokens."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
