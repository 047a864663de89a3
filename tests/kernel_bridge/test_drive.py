from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_bridge.drive import clean
from kernel_bridge.errors import NotThere


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("", ""), ("/", ""), ("/a.csv", "a.csv"), ("//a/./b//c", "a/b/c"), ("/.a", ".a")],
)
def test_a_path_is_below_the_servers_folder(asked: str, meant: str) -> None:
    assert clean(asked) == meant


@pytest.mark.parametrize("path", ["..", "/../x", "a/../../x", "a\0b", "a\\..\\b", "/a/.."])
def test_a_path_that_could_lead_out_is_not_there(path: str) -> None:
    with pytest.raises(NotThere):
        clean(path)


@given(st.text())
def test_no_path_leads_out(path: str) -> None:
    try:
        told = clean(path)
    except NotThere:
        return
    assert not told.startswith("/")
    assert Path("/root", told).is_relative_to("/root")
    assert ".." not in told.split("/")
