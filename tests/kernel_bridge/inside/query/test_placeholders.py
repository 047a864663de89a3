import datetime as dt
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from kernel_bridge.inside.query.placeholders import with_placeholders
from kernel_bridge.inside.query.values import wire_value

VALUES: list[Any] = [
    None,
    True,
    False,
    5,
    -(1 << 62),
    1 << 100,
    1.0,
    float("inf"),
    "it's; DROP TABLE t; --",
    Decimal("1.50"),
    Decimal("-0.001"),
    dt.date(2024, 2, 29),
    dt.datetime(2024, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 # without a zone, too
    dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
    dt.time(1, 2, 3),
    b"\x00\xff",
    [1, 2],
    ["a", "it's"],
    [dt.date(2024, 2, 29)],
    [],
]


@pytest.mark.parametrize("value", VALUES)
def test_duckdb_gets_a_value_as_it_was(value: Any) -> None:
    query, bound = with_placeholders("SELECT :x, ':x' -- :x", {"x": wire_value("x", value)})

    assert not any(one in query for one in ("it's", "2024", "DROP"))
    assert all(one is None or isinstance(one, str) for one in bound)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(query, bound).fetchone()
    assert found == (value, ":x")
    if found[0] is not None:
        assert type(found[0]) is type(value)


def test_a_value_that_stands_twice_is_bound_once() -> None:
    assert with_placeholders("SELECT :x + :x + :y ;\n", {"x": 1, "y": "z"}) == (
        "SELECT CAST($1 AS BIGINT) + CAST($1 AS BIGINT) + $2",
        ["1", "z"],
    )


def test_decimals_that_duckdb_has_not_are_floating_point() -> None:
    for text in ("NaN", "1E+3", "1." + "0" * 40):
        assert "DOUBLE" in with_placeholders(":x", {"x": {"type": "decimal", "value": text}})[0]
