"""A query's journey: ask a database, and pass its rows on as they come."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa  # type: ignore[import-untyped]

from kernel_bridge.errors import BadRequest
from kernel_bridge.gateway.asked import limit_of, text_of
from kernel_bridge.gateway.duck import open_duckdb
from kernel_bridge.gateway.parameters import parse_parameters
from kernel_bridge.gateway.postgresql import open_postgresql
from kernel_bridge.gateway.services import DuckdbService, PostgresqlService
from kernel_bridge.inside.query.parameters import parameter_names

THREADS = 16
AGAIN = 0.5
POOL = ThreadPoolExecutor(THREADS, "porter-gateway")


class Rows(Protocol):
    """A query of a database's."""

    schema: pa.Schema

    def start(self, sql: str, values: Mapping[str, Any], timeout: int, /) -> None:
        """Run it until its columns are known."""

    def read(self) -> pa.RecordBatch | None:
        """The next rows, None after the last."""

    def cancel(self) -> None:
        """End what another thread runs."""

    def close(self) -> None:
        """Let go of the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlRequest:
    """One query, and the value of each of its `:name`."""

    query: str
    values: Mapping[str, Any]
    first: int | None


def parse_sql_request(body: Mapping[str, object]) -> SqlRequest:
    """What a page or a kernel asks; raises BadRequest."""
    query = text_of(body, "query")
    values = parse_parameters(body.get("parameters", {}))
    wanted = parameter_names(query)
    missing = [name for name in wanted if name not in values]
    if missing:
        raise BadRequest(
            f"the query has :{missing[0][:60]}, which nothing is bound to",
            advice="send a value for each :name of the query",
        )
    if "\0" in query:
        raise BadRequest("the query has a NUL in it", advice="remove it")
    return SqlRequest(query=query, values=values, first=limit_of(body))


async def run_sql(
    service: PostgresqlService | DuckdbService,
    asked: SqlRequest,
    *,
    hosts: Collection[str],
    root: Path,
) -> AsyncGenerator[pa.Schema | pa.RecordBatch]:
    """The schema, then batches; raises BridgeError. Leaving it ends the query at the database."""
    rows: Rows | None = None
    running: Future[Any] | None = None

    async def step[T](function: Callable[..., T], *arguments: object) -> T:
        nonlocal running
        running = future = POOL.submit(function, *arguments)
        return await asyncio.wrap_future(future)

    def opened() -> Rows:
        if isinstance(service, DuckdbService):
            return open_duckdb(service, root)
        return open_postgresql(service, hosts)

    try:
        rows = await step(opened)
        await step(rows.start, asked.query, asked.values, service.timeout)
        yield rows.schema
        while (batch := await step(rows.read)) is not None:
            yield batch
    finally:
        await asyncio.shield(asyncio.to_thread(_leave, rows, running))


def _leave(rows: Rows | None, running: Future[Any] | None) -> None:
    """End what runs in another thread before anything is closed under it."""
    if running is not None and not running.cancel():
        while rows is not None and not running.done():
            # Again: the first may have come between two statements of that thread's.
            rows.cancel()
            wait([running], AGAIN)
        if rows is None and running.exception() is None:
            rows = running.result()  # it was being opened
    if rows is not None:
        rows.close()
