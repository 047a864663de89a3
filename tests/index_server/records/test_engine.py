"""Databases of both kinds: the schema, several servers at once, and what is said when one is away."""

import re
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from services import Postgres, free_port
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from index_server.errors import BadSettings, DatabaseAway, StorageFull
from index_server.records.changes import log_event
from index_server.records.database import read_serial
from index_server.records.engine import connect, migrate, reading, viewing, writing
from index_server.records.schema import metadata

MIGRATE = "import sys; from index_server.records.engine import *; migrate(connect(sys.argv[1]))"


def test_the_migrations_make_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_names_of_constraints_are_the_schemas(engine: Engine) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
            found = set(re.findall(r"CONSTRAINT (\w+)", " ".join(connection.scalars(text(query)))))
        else:
            query = "SELECT conname FROM pg_constraint WHERE conname ~ '^(pk|uq|fk)_'"
            found = set(connection.scalars(text(query)))
    named = {str(c.name) for table in metadata.tables.values() for c in table.constraints if c.name}
    assert named <= found


def test_to_migrate_twice_changes_nothing(engine: Engine) -> None:
    log_event(engine, "tests", "token", "kept")
    migrate(engine)
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM events")) == 1
        assert connection.scalar(text("SELECT count(*) FROM state")) == 1


@pytest.mark.journey
def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", MIGRATE, database_url]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    engine = connect(database_url)
    assert read_serial(engine) == 0
    engine.dispose()


def test_a_database_of_a_newer_porter_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadSettings) as refused:
        migrate(engine)
    assert refused.value.message == "the database was made by a newer Porter"
    assert refused.value.advice


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "mysql://u:secret@h/n",
        "postgresql+psycopg2://u:secret@h/n",
        "postgresql://u:secret@h:port/n",
    ],
)
def test_an_unusable_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSettings) as refused:
        connect(url)
    assert "secret" not in f"{refused.value.message}{refused.value.advice}"


def test_what_is_read_at_one_moment_stays(engine: Engine) -> None:
    query = text("SELECT count(*) FROM events")
    with viewing(engine) as connection:
        assert connection.scalar(query) == 0
        # Nobody waits for who reads.
        log_event(engine, "tests", "token", "later")
        assert connection.scalar(query) == 0
    with reading(engine) as connection:
        assert connection.scalar(query) == 1


def test_a_mistake_is_no_database_that_is_away(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(text("INSERT INTO state (name, value) VALUES ('serial', '1')"))


def test_what_fails_leaves_nothing(engine: Engine) -> None:
    def write_half() -> None:
        with writing(engine) as connection:
            connection.execute(text("UPDATE state SET value = '7'"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert read_serial(engine) == 0


def test_nothing_listens_there() -> None:
    engine = connect(f"postgresql://porter:secret@127.0.0.1:{free_port()}/index")
    begun = time.monotonic()
    with pytest.raises(DatabaseAway) as away:
        read_serial(engine)
    assert time.monotonic() - begun < 5
    assert "secret" not in f"{away.value.message}{away.value.advice}"
    assert away.value.status == 503


@pytest.mark.journey
def test_a_postgresql_that_went_and_came_back(postgres: Postgres) -> None:
    engine = connect(postgres.new_database())
    migrate(engine)
    assert read_serial(engine) == 0
    with reading(engine), reading(engine):
        pass  # so that the pool has two
    postgres.stop("immediate")
    try:
        for _ in range(3):
            with pytest.raises(DatabaseAway):
                read_serial(engine)
            with pytest.raises(DatabaseAway):
                log_event(engine, "tests", "token", "lost")
    finally:
        postgres.start()
    assert read_serial(engine) == 0
    log_event(engine, "tests", "token", "kept")
    engine.dispose()


def test_a_connection_that_was_cut(postgres: Postgres) -> None:
    engine = connect(postgres.new_database())
    migrate(engine)

    def cut_itself() -> None:
        with writing(engine) as connection:
            number = connection.scalar(text("SELECT pg_backend_pid()"))
            with writing(engine) as other:
                other.execute(text(f"SELECT pg_terminate_backend({number})"))
            connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAway):
        cut_itself()
    assert read_serial(engine) == 0
    engine.dispose()


def test_more_threads_than_connections(engine: Engine) -> None:
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            for _ in range(3):
                log_event(engine, "tests", "token", str(number))
                read_serial(engine)
        except Exception as error:  # noqa: BLE001 # told below
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM events")) == 120


def test_a_locked_sqlite_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index_server.records.engine.WAITING", 0.2)
    path = tmp_path / "index.sqlite"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseAway, match="SQLITE_BUSY"):
            log_event(engine, "tests", "token", "late")
        assert read_serial(engine) == 0
        holder.execute("ROLLBACK")
    holder.close()
    log_event(engine, "tests", "token", "in time")
    engine.dispose()


def test_a_full_sqlite_says_so(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'index.sqlite'}")
    migrate(engine)
    with writing(engine) as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageFull) as full:
        log_event(engine, "tests", "token", "x" * 100_000)
    assert full.value.status == 507
    assert read_serial(engine) == 0
    log_event(engine, "tests", "token", "small")
    engine.dispose()
