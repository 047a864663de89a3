import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_bridge.gateway.parameters import parse_parameters
from kernel_bridge.inside.query.errors import BadMagic, BadValue
from kernel_bridge.inside.query.lines import parse_cell
from kernel_bridge.inside.query.request import Request, make_request
from kernel_bridge.inside.query.values import wire_value


def asked(code: str, **names: Any) -> Request:
    magic = parse_cell(code)
    assert magic is not None
    return make_request(magic, names)


def test_values_of_the_notebook_are_sent_beside_the_query() -> None:
    request = asked("%%sql df << --on w --param x=y+1\nselect :x, :z", y=1, z="'; drop table t; --")
    assert request.address == "sql"
    assert request.target == "df"
    assert request.body == {
        "service": "w",
        "query": "select :x, :z",
        "parameters": {"x": 2, "z": "'; drop table t; --"},
    }


def test_a_query_of_files_names_them_and_no_service() -> None:
    request = asked("%%sql df << --limit 2\nFROM 'a.csv' WHERE b = :b; -- so", b=[1, "x"])
    assert request.address == "files"
    assert request.body == {
        "query": "FROM 'a.csv' WHERE b = [CAST($1 AS BIGINT), $2]",
        "parameters": ["1", "x"],
        "names": ["a.csv"],
        "limit": 2,
    }


def test_requests_of_the_other_magics() -> None:
    sheet = asked("%%googlesheet --id abc --range A1:B --no-header --values formula --limit 3")
    assert sheet.address == "sheets"
    assert sheet.body == {
        "spreadsheet": "abc",
        "range": "A1:B",
        "header": False,
        "values": "FORMULA",
        "limit": 3,
    }
    graph = asked("%%graphql --on g --vars 'dict(day=day, n=[1])'\n{ a }", day=dt.date(2024, 1, 2))
    assert graph.body["variables"] == {"day": "2024-01-02", "n": [1]}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("%%sql --on w\nselect :x", "no variable 'x'"),
        ("%%sql --on w --param x=1/0\nselect :x", "ZeroDivisionError"),
        ("%%sql --on w --param x=(\nselect :x", "SyntaxError"),
        ("%%sql --on w --param x=object()\nselect :x", "is a object"),
        ("%%sql --on w --param x=[[1]]\nselect :x", "is a list"),
        ("%%graphql --on g --vars 3\n{ a }", "--vars is no dictionary"),
        ("%%graphql --on g --vars '{1: float(\"nan\")}'\n{ a }", "is a float"),
    ],
)
def test_what_cannot_be_bound_is_said(code: str, message: str) -> None:
    with pytest.raises(BadValue) as refused:
        asked(code)
    assert message in str(refused.value)


def test_a_parameter_that_the_query_lacks_is_a_mistake() -> None:
    with pytest.raises(BadMagic, match="has no :y"):
        asked("%%sql --on w --param y=1\nselect 1")


SAME: list[Any] = [
    None,
    True,
    0,
    1 << 60,
    1.0,
    "text",
    Decimal("1.50"),
    dt.date(2024, 1, 2),
    dt.datetime(2024, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 # without a zone, too
    dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
    dt.time(1, 2),
    b"\x00\xff",
    [1, 2],
]


@pytest.mark.parametrize("value", SAME)
def test_a_value_arrives_as_it_was(value: Any) -> None:
    found = parse_parameters({"x": wire_value("x", value)})["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(1), True),
        (np.array([1, 2]), [1, 2]),
        (pd.Series(["a", None], dtype=object), ["a", None]),
        (pd.Timestamp("2024-01-02"), dt.datetime(2024, 1, 2)),  # noqa: DTZ001
        (pd.NaT, None),
        (pd.NA, None),
        ((1, 2), [1, 2]),
        (np.datetime64("2024-01-02"), dt.date(2024, 1, 2)),
    ],
)
def test_values_of_libraries_are_plain_ones(value: Any, plain: Any) -> None:
    assert parse_parameters({"x": wire_value("x", value)})["x"] == plain


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text().map(str))
def test_any_number_or_text_arrives(value: Any) -> None:
    if isinstance(value, str) and "\0" in value:
        return
    found = parse_parameters({"x": wire_value("x", value)})["x"]
    assert found == value
    assert type(found) is type(value)
