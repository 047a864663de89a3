from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_bridge.gateway.outgoing import Limits, Outgoing, plain_schema
from kernel_bridge.gateway.table import flatten, make_table, rows_to_table, unique

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], pa.int64()),
        ([1, 2.5], pa.float64()),
        ([True, None], pa.bool_()),
        ([True, 1], pa.string()),
        (["a", 1], pa.string()),
        ([None], pa.string()),
        ([], pa.string()),
        ([[1], [2, 3]], pa.list_(pa.int64())),
        ([[1], ["x"]], pa.string()),
        ([[]], pa.string()),
        ([[{"a": 1}]], pa.string()),
        ([1 << 70], pa.string()),
    ],
)
def test_a_column_has_one_type(values: list[Any], kind: pa.DataType) -> None:
    assert make_table({"x": values}).schema.field("x").type == kind


def test_objects_in_objects_are_columns() -> None:
    table = rows_to_table([{"a": {"b": 1, "c": None}}, {"a": None, "d": "x"}])
    assert table.to_pylist() == [
        {"a.b": 1, "a.c": None, "d": None},
        {"a.b": None, "a.c": None, "d": "x"},
    ]
    assert flatten({"a": {}}) == {"a": {}}


def test_names_are_there_once() -> None:
    assert unique(["a", "a", "", " a ", "a.1"]) == ["a", "a.1", "column 3", "a.2", "a.1.1"]


@given(st.lists(JSON, max_size=5))
def test_any_json_becomes_a_table_that_can_be_sent(rows: list[Any]) -> None:
    table = rows_to_table(rows)
    assert table.num_rows == len(rows) or not table.num_columns
    outgoing = Outgoing(table.schema, Limits(rows=10, bytes=1 << 20))
    sent = b"".join((outgoing.begin(), *map(outgoing.add, table.to_batches()), outgoing.end()))
    assert pa.ipc.open_stream(sent).read_all().equals(table)


def test_types_of_drivers_become_plain_ones() -> None:
    numeric = pa.opaque(pa.string(), "numeric", "PostgreSQL")
    schema = pa.schema([("a", numeric), ("b", pa.uuid()), ("c", pa.null()), ("d", pa.date32())])
    assert plain_schema(schema).types == [pa.float64(), pa.string(), pa.string(), pa.date32()]
