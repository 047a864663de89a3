import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_bridge.inside.query.parameters import (
    parameter_names,
    quoted_texts,
    rewrite,
    without_comments,
)

FOUND = [
    ("select :a, :b, :a", ["a", "b"]),
    ("select x::int, :a::date", ["a"]),
    ("select ':a'", []),
    ("select 'it''s :a'", []),
    (r"select e'\':a', :b", ["b"]),
    (r"select '\', :a", ["a"]),
    ('select ":a"', []),
    ("select $$ :a $$, $t$ :b $$ $t$, :c", ["c"]),
    ("select 1 -- :a\n, :b", ["b"]),
    ("select /* :a /* :b */ :c */ :d", ["d"]),
    ("select a[1:n], (x):n, {'k':v}, :größe", ["größe"]),
    ("x := :a", ["a"]),
    ("select :1, : a, :", []),
    ("select 'open :a", []),
    ("select $$ open :a", []),
    ("/* open :a", []),
]


@pytest.mark.parametrize(("sql", "names"), FOUND)
def test_names_are_found_where_values_may_stand(sql: str, names: list[str]) -> None:
    assert parameter_names(sql) == names
    assert rewrite(sql, lambda name: f":{name}") == sql


@given(st.text(alphabet=":'\"$-/*eE\\\n ab_()[]"))
def test_everything_else_is_left_as_it_is(sql: str) -> None:
    assert rewrite(sql, lambda name: f":{name}") == sql


def test_texts_in_quotes_are_found_for_the_names_of_files() -> None:
    sql = """FROM 'it''s.csv' JOIN "a ""b"".json" -- 'no.csv'
        WHERE x = 'it''s.csv' AND y = ':a' AND $$ 'no' $$ AND 'open"""
    assert quoted_texts(sql) == ["it's.csv", 'a "b".json', ":a", "ope"]


def test_comments_go_and_what_looks_like_one_stays() -> None:
    assert without_comments("a -- b\n/* c /* d */ */ '--' \"/*\" $$--$$") == (
        "a  \n  '--' \"/*\" $$--$$"
    )
