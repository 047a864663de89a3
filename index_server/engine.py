"""Connect to the database, SQLite or PostgreSQL, and bring it to this version's schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from index_server.errors import BadSettings, DatabaseAway

# One number for all servers that migrate one PostgreSQL database at once.
MIGRATING = 0x706F7274
MIGRATIONS = Path(__file__).with_name("migrations")


def connect(url: str) -> Engine:
    """The engine of a database URL; nothing is asked of it yet.

    Raises BadSettings for a URL that SQLAlchemy cannot use.
    """
    try:
        engine = create_engine(_with_driver(url), pool_pre_ping=True)
    except Exception as error:
        raise BadSettings(f"the database's URL cannot be used: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_at_once)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to this version's; several servers may start at once.

    Raises BadSettings where the database is of a newer Porter, DatabaseAway.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with reaching(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
        now = MigrationContext.configure(connection).get_current_revision()
        if now is not None and now not in known:
            raise BadSettings(
                "the database was made by a newer Porter", advice="run that Porter, or a copy"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def reaching() -> Iterator[None]:
    """What the driver says of a database that is away, as DatabaseAway."""
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        raise _away(error) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _away(error) from error
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read with: it waits for no writer."""
    with reaching(), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction: all of it is there when the context ends, or nothing."""
    with reaching(), engine.begin() as connection:
        yield connection


def _away(error: Exception) -> DatabaseAway:
    # The driver's text may hold the password.
    return DatabaseAway(
        f"the database does not answer ({type(error).__name__})", advice="see that it runs"
    )


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by us: the driver's own begin with the first write, and may then fail.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_at_once(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
