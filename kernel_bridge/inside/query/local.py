"""A query of files in a server's kernel: the kernel's own DuckDB reads them, and nothing else is asked.

It is the kernel's process and its user's files, which any cell may read; so no gateway is between.
https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Thread
from typing import Any

from kernel_bridge.inside.query.errors import QueryError
from kernel_bridge.inside.query.parameters import rewrite
from kernel_bridge.inside.query.values import native_value
from kernel_bridge.inside.tables.by_pyarrow import make_table
from kernel_bridge.inside.tables.plain import plain_frame

BATCH = 8192
# Seconds; an interrupt that comes before DuckDB has begun is forgotten, and told again.
AGAIN = 0.05
# As in a page: nothing is fetched from elsewhere, and a name is a file's, never a variable's.
CLOSED: Mapping[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


def query_files(sql: str, values: Mapping[str, Any], first: int | None) -> tuple[Any, bool]:
    """The DataFrame of one SELECT, and whether there are more rows than the first; raises QueryError."""
    try:
        import duckdb
        import pyarrow as pa  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise QueryError(
            f"this kernel has no {error.name}",
            advice="%pip install duckdb pandas pyarrow, or name a service with --on",
        ) from error
    bound = {name: native_value(name, value) for name, value in values.items()}

    def ask() -> tuple[Any, bool]:
        try:
            # As a page has it, which knows no other zone.
            connection.execute("SET TimeZone = 'UTC'")
            statements = connection.extract_statements(rewrite(sql, lambda name: f"${name}"))
            if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
                raise QueryError(
                    "QueryFailed: that is not one query that reads",
                    advice="write one SELECT, or FROM 'a file'",
                )
            # A relation's rows come as they are read; those of `execute` are held all at once.
            relation = connection.sql(statements[0], params=bound or None)
            reader = relation.to_arrow_reader(BATCH)
            batches, truncated = _first(reader, first)
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise QueryError(
                f"QueryFailed: {error}", advice="names of files are from the notebook's folder"
            ) from None
        return plain_frame(make_table(reader.schema, batches)), truncated

    with duckdb.connect(":memory:", config=dict(CLOSED)) as connection:
        return _interruptible(ask, connection.interrupt)


def _interruptible(
    task: Callable[[], tuple[Any, bool]], stop: Callable[[], None]
) -> tuple[Any, bool]:
    """Do it in a thread: what calls DuckDB may work on a long step itself, and sees no signal then."""
    running: Future[tuple[Any, bool]] = Future()

    def work() -> None:
        if running.set_running_or_notify_cancel():
            try:
                running.set_result(task())
            except BaseException as error:  # noqa: BLE001 # raised where it is waited for
                running.set_exception(error)

    try:
        Thread(target=work, daemon=True).start()
        return running.result()
    except KeyboardInterrupt:
        while not (running.cancel() or running.done()):
            with suppress(KeyboardInterrupt):  # somebody is impatient
                stop()
                wait([running], AGAIN)
        raise


def _first(reader: Any, first: int | None) -> tuple[list[Any], bool]:
    batches: list[Any] = []
    rows = 0
    for batch in reader:
        if first is not None and rows + batch.num_rows > first:
            return [*batches, batch.slice(0, first - rows)], True
        batches.append(batch)
        rows += batch.num_rows
    return batches, False
