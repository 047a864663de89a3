"""Types of Arrow as columns of pandas: the same through pyarrow and through nanoarrow."""

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from kernel_bridge.inside.tables import by_nanoarrow, by_pyarrow
from kernel_bridge.inside.tables.plain import plain_frame

LIBRARIES = (by_pyarrow, by_nanoarrow)
# DuckDB's expression; pandas' type where a value is lacking; the value.
TYPES: list[tuple[str, str, Any]] = [
    ("1::utinyint", "UInt8", 1),
    ("9007199254740993::bigint", "Int64", 9007199254740993),
    ("1.5::float", "float32", 1.5),
    ("1.5::double", "float64", 1.5),
    ("true", "boolean", True),
    ("'größe'", "str", "größe"),
    ("'a'::enum('a', 'b')", "str", "a"),
    ("date '2024-02-29'", "object", dt.date(2024, 2, 29)),
    ("time '03:04:05.5'", "object", dt.time(3, 4, 5, 500_000)),
    (
        "timestamp '2024-01-02 03:04:05.123456'",
        "datetime64[us]",
        pd.Timestamp("2024-01-02 03:04:05.123456"),
    ),
    ("timestamp_s '2024-01-02'", "datetime64[s]", pd.Timestamp("2024-01-02")),
    ("timestamp_ns '2024-01-02'", "datetime64[ns]", pd.Timestamp("2024-01-02")),
    (
        "timestamptz '2024-01-02 03:04:05+01'",
        "datetime64[us, UTC]",
        pd.Timestamp("2024-01-02 02:04:05", tz="UTC"),
    ),
    ("1.50::decimal(10, 2)", "object", Decimal("1.50")),
    ("5::hugeint", "Int64", 5),
    ("170141183460469231731::hugeint", "object", Decimal(170141183460469231731)),
    ("'x'::blob", "object", b"x"),
    ("[1, null]", "object", [1, None]),
    ("[[1], []]", "object", [[1], []]),
    ("[date '2024-02-29']", "object", [dt.date(2024, 2, 29)]),
    ("{'a': 1, 'b': ['x']}", "object", {"a": 1, "b": ["x"]}),
    ("map {'k': 1}", "object", [("k", 1)]),
    ("interval 1 day", "object", (0, 1, 0)),
]


def stream(table: pa.Table) -> memoryview:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return memoryview(sink.getvalue())


def queried(sql: str) -> memoryview:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return stream(connection.sql(sql).to_arrow_table())


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("expression", "kind", "value"), TYPES)
def test_a_type_with_a_value_that_lacks(
    library: Any, expression: str, kind: str, value: Any
) -> None:
    each = f"CASE WHEN i = 1 THEN NULL ELSE {expression} END"
    data = queried(f"FROM range(3) t(i) SELECT {each} AS c ORDER BY i")

    column = plain_frame(library.read_stream(data)).c

    assert str(column.dtype) == kind
    assert column.iloc[0] == value
    assert column.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("library", LIBRARIES)
def test_frames_without_rows_or_columns_and_with_names_that_repeat(library: Any) -> None:
    data = queried("SELECT 1 AS a, 'x' AS b, 2::hugeint AS c WHERE false")
    empty = plain_frame(library.read_stream(data))
    assert empty.shape == (0, 3)
    assert [str(one) for one in empty.dtypes] == ["int32", "str", "int64"]
    batch = pa.record_batch([pa.array([1]), pa.array(["x"])], names=["a", "a"])
    twice = plain_frame(library.read_stream(stream(pa.Table.from_batches([batch]))))
    assert list(twice.columns) == ["a", "a"]
    nothing = plain_frame(library.read_stream(stream(pa.table({}))))
    assert nothing.shape == (0, 0)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_sum_that_is_too_large_in_one_batch_stays_whole(library: Any) -> None:
    values = [Decimal(1), None, Decimal(1 << 70)]
    table = pa.table({"s": pa.array(values, pa.decimal128(38, 0))})

    assert plain_frame(library.read_stream(stream(table))).s.tolist() == [1, None, 1 << 70]
