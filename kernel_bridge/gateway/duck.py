"""DuckDB over files below the server's root: it reads those folders, and nothing else.

https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]

from kernel_bridge.errors import NotAllowed, ServiceAway
from kernel_bridge.gateway.errors import QueryFailed
from kernel_bridge.gateway.services import MEMORY, DuckdbService
from kernel_bridge.inside.query.parameters import rewrite

BATCH = 8192
THREADS = 2
CLOSED: Mapping[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # `FROM name` would else read the server's own variables.
    "python_enable_replacements": "false",
}


class DuckdbRows:
    """One query. Used by one thread at a time; `cancel` by any."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.schema = pa.schema([])
        self._batches: Iterator[pa.RecordBatch] = iter(())

    def start(self, sql: str, values: Mapping[str, Any], timeout: int) -> None:
        """Run a query until its columns are known; raises QueryFailed."""
        del timeout  # who waits cancels
        text = rewrite(sql, lambda name: f"${name}")
        try:
            statements = self._connection.extract_statements(text)
            if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
                raise QueryFailed(
                    "that is not one query that reads",
                    advice="the gateway reads: write one SELECT",
                )
            bound = {name: values[name] for name in statements[0].named_parameters}
            # A relation's rows come as they are read; those of `execute` are held all at once.
            relation = self._connection.sql(statements[0], params=bound or None)
            reader = relation.to_arrow_reader(BATCH)
            self.schema, self._batches = reader.schema, iter(reader)
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise _failed(error) from None
        except KeyError as error:
            raise QueryFailed(
                f"the query has ${error.args[0]}, which nothing is bound to",
                advice="write :name for a value of the notebook's",
            ) from None

    def read(self) -> pa.RecordBatch | None:
        """The next rows, None after the last; raises QueryFailed."""
        try:
            return next(self._batches, None)
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise _failed(error) from None

    def cancel(self) -> None:
        """End what runs."""
        self._connection.interrupt()

    def close(self) -> None:
        """Let go of the file."""
        self._batches = iter(())
        self._connection.close()


def open_duckdb(service: DuckdbService, root: Path) -> DuckdbRows:
    """A connection that only reads; raises ServiceAway and NotAllowed."""
    root = root.resolve()
    path = MEMORY if service.path == MEMORY else str(_below(service, root, service.path))
    folders = [str(_below(service, root, folder)) for folder in service.folders]
    try:
        connection = duckdb.connect(path, read_only=path != MEMORY, config=dict(CLOSED))
    except duckdb.Error:
        raise ServiceAway(
            f"service {service.name!r}: its file cannot be opened",
            advice="see that it is a DuckDB file, and that nobody writes to it",
        ) from None
    settings = {
        "memory_limit": f"'{service.memory}B'",
        "threads": str(THREADS),
        "temp_directory": "''",
        "home_directory": _text(str(root)),
        "allowed_directories": "[" + ", ".join(map(_text, folders)) + "]",
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value}")
    return DuckdbRows(connection)


def _below(service: DuckdbService, root: Path, name: str) -> Path:
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise NotAllowed(
            f"service {service.name!r} leads out of the server's root by a link",
            advice="name a file or folder that lies below it",
        )
    if not path.exists():
        raise ServiceAway(
            f"service {service.name!r}: there is no {name}", advice="put it there, and try again"
        )
    return path


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _failed(error: Exception) -> QueryFailed:
    return QueryFailed(
        str(error), advice="the gateway reads, and only the folders that the settings name"
    )
