"""What is kept of projects and files: every change in one transaction, with a serial and an event.

The serial is one number for the whole index. Each change raises it and marks its project with it,
so that a server sees what others changed by asking for what is newer than it knows.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from sqlalchemy import Connection, Engine, Integer, cast, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from index_server.errors import Conflict, FileExists, NotHere
from index_server.model import File, ProjectDetail, Stage, Status, file_key
from index_server.records.engine import reading, viewing, writing
from index_server.records.rows import as_utc, file_identity, file_row, read_file, read_project
from index_server.records.schema import events, files, pending, projects, state

# PostgreSQL takes 65,535 parameters a statement, SQLite 32,766.
AT_ONCE = 10_000
# Of this index among whatever else locks in the database.
UPLOADING = 0x706F72
SERIAL = select(state.c.value).where(state.c.name == "serial")


def read_serial(engine: Engine) -> int:
    """The index's serial: it is higher after every change."""
    with reading(engine) as connection:
        return int(connection.scalar(SERIAL) or 0)


def read_changes(engine: Engine, since: int) -> tuple[int, dict[str, ProjectDetail]]:
    """The serial, and the projects that changed after the serial `since`, as they were with it.

    Changes wait for each other (`raise_serial`): what has a lower serial was there before.
    """
    with viewing(engine) as connection:
        serial = int(connection.scalar(SERIAL) or 0)
        rows = connection.execute(select(projects).where(projects.c.serial > since)).mappings()
        changed = {row["name"]: dict(row) for row in rows}
        found: dict[str, list[File]] = {name: [] for name in changed}
        query = select(files).where(files.c.deleted_at.is_(None)).order_by(files.c.id)
        # All of them where a server starts, else those of what changed.
        parts = [query]
        if since > 0:
            some = batched(changed, AT_ONCE, strict=False)
            parts = [query.where(files.c.project.in_(names)) for names in some]
        columns = [column.name for column in files.c]
        known: dict[str, dict[str, Any]] = {}
        for part in parts:
            for values in connection.execute(part):
                # Of a hundred thousand rows, a dict each is read the soonest.
                row = dict(zip(columns, values, strict=True))
                if row["project"] in found:
                    found[row["project"]].append(read_file(row, known))
    return serial, {name: read_project(row, found[name]) for name, row in changed.items()}


def add_file(engine: Engine, file: File, *, shown: str, actor: str, claim: int) -> None:
    """Make a file visible, whose bytes are in the store under the `claim` of `begin_upload`.

    Raises FileExists where its name, in any spelling, was used before, by a deleted file too;
    Conflict where the claim is gone, and the bytes with it.
    """
    try:
        with writing(engine) as connection:
            serial = raise_serial(connection)
            _touch(connection, file.project, serial, shown=shown)
            connection.execute(insert(files).values(**file_row(file)))
            done = connection.execute(delete(pending).where(pending.c.id == claim))
            if done.rowcount == 0:
                raise Conflict(
                    f"{file.filename}: this upload was given up meanwhile", advice="upload it again"
                )
            write_event(connection, actor, "upload", file.project, file.filename, file.sha256)
    except IntegrityError as error:
        # Which constraint it was, the two databases say in different words.
        if is_name_taken(engine, file.filename):
            raise name_taken(file.filename) from error
        raise


def name_taken(filename: str) -> FileExists:
    """The refusal of a name that was used before; clients look for "already exists"."""
    return FileExists(
        f"{filename}: a file of this name already exists, or did and was deleted",
        advice="raise the version, or give the wheel a build number",
    )


def is_name_taken(engine: Engine, filename: str) -> bool:
    """Whether a file of this name, in any spelling, is or was there."""
    query = select(files.c.id).where(files.c.identity == file_identity(filename))
    with reading(engine) as connection:
        return connection.scalar(query) is not None


def begin_upload(engine: Engine, key: str, owner: str) -> int:
    """Note, before the bytes go to the store under `key`, that they are about to; the claim."""
    values = {"key": key, "owner": owner, "started_at": datetime.now(UTC)}
    with writing(engine) as connection:
        _lock_key(connection, key)
        return int(connection.scalar(insert(pending).values(**values).returning(pending.c.id)))


def read_pending(engine: Engine) -> list[Mapping[str, Any]]:
    """Uploads that were begun and not ended: `id`, `key`, `owner`, `started_at`."""
    with reading(engine) as connection:
        rows = [dict(row) for row in connection.execute(select(pending)).mappings()]
    return [{**row, "started_at": as_utc(row["started_at"])} for row in rows]


def end_upload(engine: Engine, claim: int, key: str, forget: Callable[[str], object]) -> bool:
    """Give a claim up; where nobody else has one or owns the bytes, `forget` takes them away.

    Whether it did. Nobody begins with this key meanwhile, and when `forget` fails the claim stays,
    so that the next one to look for what was left behind finds it.
    """
    sha256, name = key.replace("/", "", 1).split("/")
    mine = (files.c.filename == name, files.c.sha256 == sha256, files.c.deleted_at.is_(None))
    with writing(engine) as connection:
        _lock_key(connection, key)
        connection.execute(delete(pending).where(pending.c.id == claim))
        # In this order: a claim that becomes a file between the two is seen as one of them.
        if connection.scalar(select(pending.c.id).where(pending.c.key == key).limit(1)) is not None:
            return False
        if connection.scalar(select(files.c.id).where(*mine)) is not None:
            return False
        forget(key)
    return True


def change_file(
    engine: Engine, filename: str, *, actor: str, action: str, detail: str = "", **values: object
) -> None:
    """Change columns of a file that is there; raises NotHere."""
    with writing(engine) as connection:
        _change(connection, filename, actor=actor, action=action, detail=detail, **values)


def yank(engine: Engine, filename: str, reason: str, *, actor: str) -> None:
    """Withdraw a file (PEP 592): it stays for those who pinned it."""
    change_file(engine, filename, actor=actor, action="yank", detail=reason, yanked=reason)


def unyank(engine: Engine, filename: str, *, actor: str) -> None:
    """Take a yank back."""
    change_file(engine, filename, actor=actor, action="unyank", yanked=None)


def release(engine: Engine, filename: str, *, actor: str, reason: str) -> None:
    """Let a file out of quarantine."""
    change_file(engine, filename, actor=actor, action="release", detail=reason, quarantine="")


def promote(engine: Engine, filename: str, *, actor: str) -> None:
    """From staging to production; raises NotHere, Conflict where it is there already."""
    stage = Stage.PRODUCTION.value
    with writing(engine) as connection:
        before = _change(connection, filename, actor=actor, action="promote", stage=stage)
        if before["stage"] == stage:
            raise Conflict(f"{filename} is in production already")


def delete_file(engine: Engine, filename: str, *, actor: str, reason: str = "") -> tuple[int, str]:
    """Take a file away for good. Its tombstone stays: the name is never used again.

    The claim and the key under which its bytes are in the store still, for `end_upload`; its owner
    is nobody, so whoever looks for what was left behind ends it too. Raises NotHere.
    """
    now = datetime.now(UTC)
    with writing(engine) as connection:
        row = _change(
            connection, filename, actor=actor, action="delete", detail=reason, deleted_at=now
        )
        key = file_key(row["sha256"], filename)
        claim = insert(pending).values(key=key, owner="", started_at=now).returning(pending.c.id)
        return int(connection.scalar(claim)), key


def set_status(engine: Engine, project: str, status: Status, reason: str, *, actor: str) -> None:
    """Change a project's status (PEP 792); raises NotHere."""
    with writing(engine) as connection:
        serial = raise_serial(connection)
        done = connection.execute(
            update(projects)
            .where(projects.c.name == project)
            .values(status=status.value, status_reason=reason, serial=serial)
        )
        if done.rowcount == 0:
            raise NotHere(f"there is no project {project}")
        write_event(connection, actor, "status", project, status.value, reason)


def read_state(engine: Engine, name: str, default: str) -> str:
    """A value that the index made for itself; `default` is kept where there is none yet."""
    query = select(state.c.value).where(state.c.name == name)
    with reading(engine) as connection:
        kept = connection.scalar(query)
    if kept is None:
        try:
            with writing(engine) as connection:
                connection.execute(insert(state).values(name=name, value=default))
        except IntegrityError:
            # Another server was first.
            return read_state(engine, name, default)
        return default
    return str(kept)


def known_names(engine: Engine) -> Iterable[str]:
    """Every name that is or ever was a project here."""
    with reading(engine) as connection:
        return list(connection.scalars(select(projects.c.name)))


def _change(
    connection: Connection,
    filename: str,
    *,
    actor: str,
    action: str,
    detail: str = "",
    **values: Any,
) -> Mapping[str, Any]:
    """Change a file that is there, and say so; the row as it was before."""
    serial = raise_serial(connection)
    query = select(files).where(files.c.filename == filename, files.c.deleted_at.is_(None))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotHere(f"there is no file {filename}")
    connection.execute(update(files).where(files.c.id == row["id"]).values(**values))
    _touch(connection, row["project"], serial)
    write_event(connection, actor, action, row["project"], filename, detail)
    return dict(row)


def raise_serial(connection: Connection) -> int:
    """The next serial. The row stays locked until the transaction ends, so serials come in order."""
    serial = int(connection.scalar(SERIAL.with_for_update()) or 0) + 1
    connection.execute(update(state).where(state.c.name == "serial").values(value=str(serial)))
    return serial


def _lock_key(connection: Connection, key: str) -> None:
    """Until this transaction ends, no other one passes here with the key; SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        number = cast(int(key.replace("/", "")[:8], 16) - (1 << 31), Integer)
        connection.execute(select(func.pg_advisory_xact_lock(cast(UPLOADING, Integer), number)))


def _touch(connection: Connection, name: str, serial: int, *, shown: str = "") -> None:
    """Mark a project as changed; with `shown` it is made where there is none."""
    done = connection.execute(update(projects).where(projects.c.name == name).values(serial=serial))
    if done.rowcount == 0:
        row = {"name": name, "shown": shown, "serial": serial, "status": Status.ACTIVE.value}
        connection.execute(insert(projects).values(**row, status_reason=""))


def write_event(
    connection: Connection, actor: str, action: str, project: str, subject: str, detail: str
) -> None:
    """A line of the audit log."""
    connection.execute(
        insert(events).values(
            at=datetime.now(UTC),
            actor=actor,
            action=action,
            project=project,
            subject=subject,
            detail=detail,
        )
    )
