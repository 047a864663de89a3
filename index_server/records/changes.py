"""Changes that are about no project, and the audit log a page at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from index_server.records.database import raise_serial, write_event
from index_server.records.engine import reading, writing
from index_server.records.rows import as_utc
from index_server.records.schema import events


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit log: who did what to what, when; a later one has a higher `id`."""

    id: int
    at: datetime
    actor: str
    action: str
    project: str
    subject: str
    detail: str


@contextmanager
def changing(
    engine: Engine, actor: str, action: str, subject: str, detail: str = ""
) -> Iterator[Connection]:
    """A change with its serial and its line in the log, such as a new token.

    Changes wait for each other, and every server sees the new serial within a second.
    """
    with writing(engine) as connection:
        raise_serial(connection)
        yield connection
        write_event(connection, actor, action, "", subject, detail)


def log_event(engine: Engine, actor: str, action: str, subject: str, detail: str = "") -> None:
    """A line of the audit log about no project, and no change: such as that somebody logged in."""
    with writing(engine) as connection:
        write_event(connection, actor, action, "", subject, detail)


def read_entries(
    engine: Engine, *, project: str = "", limit: int = 100, before: int | None = None
) -> list[Entry]:
    """The newest lines of the audit log, of one project or of all, older than the one `before`."""
    query = select(events).order_by(events.c.id.desc()).limit(limit)
    if project:
        query = query.where(events.c.project == project)
    if before is not None:
        query = query.where(events.c.id < before)
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [Entry(**{**row, "at": as_utc(row["at"])}) for row in rows]
