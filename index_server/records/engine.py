"""Connect to the database, SQLite or PostgreSQL, and bring it to this version's schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from index_server.errors import BadSettings, DatabaseAway, IndexServerError, StorageFull

# One number for all servers that migrate one PostgreSQL database at once.
MIGRATING = 0x706F7274
MIGRATIONS = Path(__file__).with_name("migrations")
DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
# In seconds. A request whose database is away is to be told so, not kept.
CONNECTING = 5
WAITING = 10
# A statement that takes longer than this is stuck; the migration of a large index is none.
STATEMENT = 30
FULL = ("SQLITE_FULL", "53100")
POSTGRESQL = {
    "connect_timeout": CONNECTING,
    # A server that vanished without a word is given up after about fifteen seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "porter-index",
    "options": f"-c statement_timeout={STATEMENT}s -c timezone=UTC",
}


def connect(url: str) -> Engine:
    """The engine of a database URL; nothing is asked of it yet.

    Raises BadSettings for a URL that is not one of SQLite's or PostgreSQL's. The URL may hold a
    password: no message shows it.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        # Each of the process's threads may hold one; they wait in SQLite, not for the pool.
        engine = create_engine(parsed, pool_size=8, max_overflow=56, pool_timeout=WAITING)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_at_once)
        return engine
    given = {name: value for name, value in POSTGRESQL.items() if name not in parsed.query}
    return create_engine(
        parsed,
        connect_args=given,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        pool_timeout=WAITING,
        pool_recycle=1800,
    )


def migrate(engine: Engine) -> None:
    """Bring the schema to this version's; several servers may start at once.

    Raises BadSettings where the database is of a newer Porter, DatabaseAway.
    """
    # The server's processes, which do not migrate, start sooner without it.
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with reaching(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
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
    """What the driver says of a database that is away or full, as an error of ours."""
    try:
        yield
    except (OperationalError, PoolTimeout, InterfaceError, InternalError) as error:
        raise _away(error) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _away(error) from error
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read with, each statement what is there then: it waits for no writer."""
    with reaching(), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def viewing(engine: Engine) -> Iterator[Connection]:
    """A connection whose statements all read what was there at one moment."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if engine.dialect.name == "sqlite":
        options = {"porter_begin": "BEGIN"}
    with reaching(), engine.connect() as connection:
        yield connection.execution_options(**options)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction: all of it is there when the context ends, or nothing."""
    with reaching(), engine.begin() as connection:
        yield connection


def _away(error: Exception) -> IndexServerError:
    # The driver's text may hold the password; its codes do not.
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorname", "") or getattr(original, "sqlstate", "") or ""
    if code in FULL:
        return StorageFull("the database's disk is full", advice="free some space")
    return DatabaseAway(
        f"the database does not answer ({code or type(error).__name__})", advice="see that it runs"
    )


def _parse(url: str) -> URL:
    advice = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
    try:
        parsed = make_url(url)
        driver = DRIVERS.get(parsed.drivername)
        if driver is None:
            raise BadSettings(
                f"the database cannot be of the kind {parsed.drivername!r}", advice=advice
            )
        return parsed.set(drivername=driver)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise BadSettings("the database's URL cannot be read", advice=advice) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by us: the driver's own begin with the first write, and may then fail.
    connection.isolation_level = None
    # The first sets for how long the second, which needs the file for itself, waits.
    for pragma in (
        f"busy_timeout={WAITING * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_at_once(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        # A transaction that is to write asks for the right at once: later it may be refused it.
        connection.exec_driver_sql(options.get("porter_begin", "BEGIN IMMEDIATE"))
