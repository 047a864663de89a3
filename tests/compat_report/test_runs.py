from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_report.errors import BadPolicy
from compat_report.runs import parse_runs, read_runs


def test_lines_of_paths_and_runs() -> None:
    text = 'path,runs\nteam/a.ipynb,120\n./team//a.ipynb,3.5\n\n"with, comma.ipynb",0\n'
    assert parse_runs(text, where="r.csv") == {"team/a.ipynb": 123.5, "with, comma.ipynb": 0.0}


def test_without_a_head_and_in_a_bucket() -> None:
    assert parse_runs("s3://b/a.ipynb,2", where="r.csv") == {"s3://b/a.ipynb": 2.0}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a.ipynb", "line 2: 1 columns"),
        ("a.ipynb,1,2", "line 2: 3 columns"),
        ("a.ipynb,many", "line 2: 'many' is no number"),
        ("a.ipynb,nan", "line 2: 'nan' is no number of runs"),
        ("a.ipynb,-1", "line 2: '-1'"),
        (",1", "line 2: no path"),
        ('"a.ipynb,1', "line 2: unexpected end of data"),
    ],
)
def test_bad_lines_are_told_with_their_numbers(line: str, told: str) -> None:
    with pytest.raises(BadPolicy) as caught:
        parse_runs(f"good.ipynb,1\n{line}\n", where="r.csv")
    assert told in caught.value.message
    assert caught.value.message.startswith("r.csv: ")


def test_of_many_bad_lines_some_are_told() -> None:
    with pytest.raises(BadPolicy) as caught:
        parse_runs("a\n" * 50, where="r.csv")
    assert caught.value.message.endswith("and 40 more")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"\xff\xfe\xfa")
    for name in ("none.csv", "latin.csv"):
        with pytest.raises(BadPolicy, match=name):
            read_runs(tmp_path / name)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        runs = parse_runs(text, where="r.csv")
    except BadPolicy:
        return
    assert all(count >= 0 for count in runs.values())
