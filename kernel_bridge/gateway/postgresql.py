"""PostgreSQL by ADBC: rows come as Arrow batches while the server sends them.

A query is declared as a cursor in a read-only transaction, so it can only read: PostgreSQL's
grammar has nothing but SELECT, VALUES and TABLE there, and one statement.
https://www.postgresql.org/docs/current/sql-declare.html
Without parameters the same query then comes by COPY, which takes none.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pyarrow as pa  # type: ignore[import-untyped]
from adbc_driver_manager import AdbcConnection, AdbcDatabase, AdbcStatement, Error
from adbc_driver_postgresql import (  # type: ignore[import-untyped]
    StatementOptions,
)
from adbc_driver_postgresql import connect as open_database

from kernel_bridge.errors import BridgeError, NotAllowed, ServiceAway
from kernel_bridge.gateway.errors import QueryFailed, TokenRefused
from kernel_bridge.gateway.hosts import find_addresses
from kernel_bridge.gateway.secret import hide, read_secret
from kernel_bridge.gateway.services import PostgresqlService
from kernel_bridge.inside.query.parameters import rewrite

CONNECT = "10"
BATCH = 1 << 20
DECLARE = "DECLARE porter NO SCROLL CURSOR FOR"
FIRST, LEAST, MOST = 1000, 10, 50_000
BY_COPY = {StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH)}
BY_ROWS = {StatementOptions.USE_COPY.value: "false"}
# What a DSN may not say: where to go is its host alone, and files are not a notebook's.
ELSEWHERE = {"host", "hostaddr", "port", "service", "servicefile", "passfile", "options"}


class PostgresqlRows:
    """One query on one connection. Used by one thread at a time; `cancel` by any."""

    def __init__(self, database: AdbcDatabase, connection: AdbcConnection, secret: str) -> None:
        self._database = database
        self._connection = connection
        self._secret = secret
        self._open: AdbcStatement | None = None
        self.schema = pa.schema([])
        self._batches: Iterator[pa.RecordBatch] = iter(())

    def start(self, sql: str, values: Mapping[str, Any], timeout: int) -> None:
        """Run a query until its columns are known; raises QueryFailed."""
        names: list[str] = []

        def numbered(name: str) -> str:
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"

        text = rewrite(sql, numbered).strip().removesuffix(";")
        text += "\n"  # a comment at its end is to hide nothing of what the driver puts after it
        bound = _bound([values[name] for name in names]) if names else None
        # The driver's own transaction: it ends one that it did not begin, to bind a time's zone.
        self._connection.set_autocommit(enabled=False)
        self._run("SET TRANSACTION READ ONLY")
        self._run(f"SET LOCAL statement_timeout = {timeout * 1000}")
        # Every row is wanted: not the plan that has the first ones soon.
        self._run("SET LOCAL cursor_tuple_fraction = 1")
        self._run(f"{DECLARE}\n{text}", bound)
        if bound is None:
            reader = self._ask(text, BY_COPY)
            self.schema, self._batches = reader.schema, self._copied(reader)
        else:
            reader = self._ask(f"FETCH FORWARD {FIRST} FROM porter", BY_ROWS)
            self.schema, self._batches = reader.schema, self._fetched(reader)

    def read(self) -> pa.RecordBatch | None:
        """The next rows, None after the last; raises QueryFailed."""
        return next(self._batches, None)

    def cancel(self) -> None:
        """End what runs."""
        try:
            self._connection.cancel()
        except (Error, ValueError):  # nothing runs any more
            return

    def close(self) -> None:
        """Leave the server; an open transaction ends with it."""
        self._end()
        self._connection.close()
        self._database.close()

    def _copied(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        while (batch := self._next(reader)) is not None:
            yield batch

    def _fetched(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        count = FIRST
        while True:
            batches = list(self._copied(reader))
            self._end()
            yield from batches
            rows, size = sum(one.num_rows for one in batches), sum(one.nbytes for one in batches)
            if rows < count:
                return
            count = min(MOST, max(LEAST, rows * BATCH // max(size, 1)))
            reader = self._ask(f"FETCH FORWARD {count} FROM porter", BY_ROWS)

    def _run(self, sql: str, bound: pa.RecordBatch | None = None) -> None:
        reader = self._ask(sql, BY_ROWS, bound)
        self._next(reader)
        self._end()

    def _ask(
        self, sql: str, options: Mapping[str, str], bound: pa.RecordBatch | None = None
    ) -> pa.RecordBatchReader:
        statement = self._open = AdbcStatement(self._connection)
        try:
            statement.set_options(**options)
            statement.set_sql_query(sql)
            if bound is not None:
                statement.prepare()
                statement.bind(bound)
            stream, _ = statement.execute_query()
            return pa.RecordBatchReader.from_stream(stream)
        except (Error, OSError, pa.ArrowException) as error:
            raise self._failed(error) from None

    def _next(self, reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
        try:
            return reader.read_next_batch()
        except StopIteration:
            return None
        except (Error, OSError, pa.ArrowException) as error:
            raise self._failed(error) from None

    def _end(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _failed(self, error: Exception) -> QueryFailed:
        return QueryFailed(
            hide(_said(str(error)), self._secret),
            advice="the gateway reads: one SELECT, VALUES or TABLE; a bound text may need a "
            "cast, as in :day::date",
        )


def open_postgresql(service: PostgresqlService, hosts: Collection[str]) -> PostgresqlRows:
    """A connection; raises ServiceAway, NotAllowed and TokenRefused. No error tells its address."""
    secret = read_secret(service.dsn, service.name)
    address = _address(service, secret, hosts)
    try:
        database = open_database(address)
        return PostgresqlRows(database, AdbcConnection(database), secret)
    except Error as error:
        if "authentication failed" in str(error) or "no password supplied" in str(error):
            raise TokenRefused(
                f"service {service.name!r} does not take the user or password of this server",
                advice="ask who runs this Jupyter server to renew them",
            ) from None
        raise _away(service) from None


def _address(service: PostgresqlService, secret: str, hosts: Collection[str]) -> str:
    """The DSN with the address that was checked, so that no other is connected to."""
    unreadable = ServiceAway(
        f"service {service.name!r}: its address cannot be read",
        advice="who runs this Jupyter server writes postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    )
    try:
        parts = urlsplit(secret)
        host, port = parts.hostname or "", parts.port or 5432
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise unreadable from None
    if parts.scheme not in ("postgresql", "postgres") or not host or ELSEWHERE & set(query):
        raise unreadable
    try:
        _, where = find_addresses(hosts, host, port)[0]
    except NotAllowed as error:
        # The host is part of what is secret.
        raise NotAllowed(
            f"service {service.name!r} is on a host that is not on the list", advice=error.advice
        ) from None
    except BridgeError:
        raise _away(service) from None
    query["hostaddr"] = str(where[0])
    query.setdefault("connect_timeout", CONNECT)
    return parts._replace(query=urlencode(query, quote_via=quote)).geturl()


def _away(service: PostgresqlService) -> ServiceAway:
    return ServiceAway(
        f"service {service.name!r} cannot be connected to",
        advice="try again; if it stays so, ask who runs this Jupyter server",
    )


def _bound(values: list[Any]) -> pa.RecordBatch:
    try:
        arrays = [pa.array([value]) for value in values]
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise QueryFailed(
            f"a value cannot be bound: {error}", advice="bind one kind of value in a list"
        ) from None
    return pa.RecordBatch.from_arrays(arrays, names=[str(n) for n in range(len(arrays))])


def _said(text: str) -> str:
    """What PostgreSQL said, without what the driver says around it, and with the query's own lines."""
    _, found, said = text.partition("ERROR:")
    said, _, state = (said if found else text).partition("\n\nQuery was:")
    code = re.search(r"SQLSTATE: (\w{5})", state or said)
    said = re.sub(r"\s*\. SQLSTATE: \w+\s*$", "", said).strip()
    said = re.sub(r"(?m)^LINE (\d+):", lambda line: f"LINE {int(line[1]) - 1}:", said)
    return f"{said} ({code[1]})" if code else said
