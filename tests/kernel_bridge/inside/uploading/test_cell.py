"""Cells of %%dataframe: what they say, and every mistake with its line."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_bridge.inside.uploading.cell import BadCell, FrameCell, parse_cell

GOOD = 'frame = "df"\nto = "lake"\nname = "a/b"\n'


def test_a_cell_says_what_is_to_be_done() -> None:
    assert parse_cell("", GOOD) == FrameCell(frame="df", to="lake", name="a/b")
    more = (
        'mode = "append"\npartition = ["y"]\ncolumns = ["x", "y"]\ncompression = "none"\nkey = "2"'
    )
    assert parse_cell(" ", GOOD + more) == FrameCell(
        frame="df",
        to="lake",
        name="a/b",
        mode="append",
        partition=("y",),
        columns=("x", "y"),
        compression="none",
        key="2",
    )


@pytest.mark.parametrize(
    ("line", "body", "told"),
    [
        ("df", GOOD, "line 1: %%dataframe takes no arguments"),
        ("", "", "line 1: frame: it is missing\nline 1: name: it is missing\nline 1: to: it is"),
        ("", "frame = df", "line 2: Invalid value"),
        ("", 'frame = "df"\nto "lake"', "line 3: Expected '='"),
        ("", 'frame = """x', "line 2: "),
        ("", GOOD + "nmae = 1", "line 5: nmae: there is no such field; did you mean name?"),
        ("", GOOD + "zz = 1", "line 5: zz: there is no such field; there are frame, to"),
        ("", GOOD + "mode = 1", "line 5: mode: it is one of fail, replace, append, not 1"),
        ("", GOOD + "mode = []", "line 5: mode: it is one of"),
        ("", GOOD + 'format = "csv"', "line 5: format: it is one of parquet, not 'csv'"),
        ("", GOOD + 'partition = "y"', 'line 5: partition: it is a list of columns, ["year"]'),
        ("", GOOD + 'partition = ["y", "y"]', "line 5: partition: a column is named twice"),
        ("", GOOD + 'columns = ["x"]\npartition = ["y"]', "line 6: partition: y is not among"),
        ("", GOOD + '"key" = ""', "line 5: key: it is text, not ''"),
        ("", GOOD + "[steps]\nx = 1", "line 5: steps: there is no such field"),
        ("", GOOD.replace("df", "df.x"), "line 2: frame: 'df.x' is no name of a variable"),
        ("", GOOD.replace("a/b", "../b"), "line 4: name: up to four parts"),
        ("", GOOD.replace("a/b", "a/b\\n"), "line 4: name: it is text"),
        ("", GOOD.replace("lake", "\\u0000"), "line 3: to: it is text"),
        ("", "a = " + "[" * 10_000, "line 2: "),
    ],
)
def test_mistakes_are_told_with_line_and_field(line: str, body: str, told: str) -> None:
    with pytest.raises(BadCell) as caught:
        parse_cell(line, body)
    assert str(caught.value).startswith(told)
    assert caught.value.advice


@given(st.text())
def test_any_text_is_a_cell_or_a_mistake(body: str) -> None:
    with contextlib.suppress(BadCell):
        parse_cell("", body)


@given(st.dictionaries(st.sampled_from([*FrameCell.__annotations__, "x"]), st.integers()))
def test_values_of_any_type_are_mistakes(told: dict[str, int]) -> None:
    with pytest.raises(BadCell):
        parse_cell("", "\n".join(f"{key} = {value}" for key, value in told.items()))
