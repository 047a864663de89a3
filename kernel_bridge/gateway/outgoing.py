"""Rows on their way out: as an Arrow IPC stream, counted, and never more than is allowed.

https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
"""

import io
from dataclasses import dataclass

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from kernel_bridge.errors import TooMuch
from kernel_bridge.gateway.fetching import too_many_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """At most so many `rows` and `bytes`; `first` rows are wanted, where not all are."""

    rows: int
    bytes: int
    first: int | None = None


def make_limits(rows: int, size: int, first: int | None) -> Limits:
    """Limits of one query; raises TooMuch where more is wanted than is allowed."""
    if first is not None and first > rows:
        raise too_many_rows(rows)
    return Limits(rows=rows, bytes=size, first=first)


def too_many_rows(limit: int) -> TooMuch:
    """More than one answer may have."""
    return TooMuch(
        f"the answer has more than {limit:,} rows, the most that this server passes on",
        advice="ask for fewer with the query, or take the first with --limit",
    )


class Outgoing:
    """Writes one stream of batches with one schema, and says the bytes of each step."""

    def __init__(self, schema: pa.Schema, limits: Limits) -> None:
        self._limits = limits
        self._plain = plain_schema(schema)
        self._sink = io.BytesIO()
        self._writer = pa.ipc.new_stream(self._sink, self._plain)
        self.rows = self.bytes = 0
        self.truncated = False

    def begin(self) -> bytes:
        """The schema."""
        return self._drained()

    def add(self, batch: pa.RecordBatch) -> bytes:
        """A batch; raises TooMuch where the answer gets larger than is allowed.

        Rows after the first that were wanted are left out, and `truncated` says that there are.
        """
        first = self._limits.first
        if first is not None and self.rows + batch.num_rows > first:
            self.truncated = True
            batch = batch.slice(0, first - self.rows)
        if self.rows + batch.num_rows > self._limits.rows:
            raise too_many_rows(self._limits.rows)
        if not batch.num_rows:
            return b""
        self._writer.write_batch(plain_batch(batch, self._plain))
        self.rows += batch.num_rows
        return self._drained()

    def end(self) -> bytes:
        """The end of the stream."""
        self._writer.close()
        return self._drained()

    def _drained(self) -> bytes:
        written = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        self.bytes += len(written)
        if self.bytes > self._limits.bytes:
            raise too_many_bytes(self._limits.bytes)
        return written


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """A schema that every reader of Arrow knows: no driver's own types or metadata.

    PostgreSQL's `numeric` comes as text without a precision (arrow.opaque); it becomes floating
    point, as `pandas.read_sql` has it. Other types of databases become their text.
    """
    fields = [pa.field(field.name, _plain_type(field.type), nullable=True) for field in schema]
    return pa.schema(fields)


def plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of a driver's, with that schema."""
    columns = [
        _plain_column(column, field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain_type(found: pa.DataType) -> pa.DataType:
    if isinstance(found, pa.OpaqueType) and found.type_name == "numeric":
        return pa.float64()
    if isinstance(found, pa.UuidType):
        return pa.string()
    if isinstance(found, pa.BaseExtensionType):
        return _plain_type(found.storage_type)
    if pa.types.is_null(found):
        return pa.string()
    return found


def _plain_column(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if isinstance(column.type, pa.UuidType):
        return pa.array([None if one is None else str(one) for one in column.to_pylist()], wanted)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column if column.type == wanted else pc.cast(column, wanted)
