"""Entries of a store: the same one comes back, and nothing that is none is taken for one."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.artefact import artefact_key
from porter.errors import StoreDamaged
from porter.store.model import Entry, entry_key, parse_entry, serialize_entry

INPUTS = {"name": "a", "source": "1"}
KEY = artefact_key(INPUTS)
ENTRY = Entry(
    key=KEY,
    filename="a-1-py3-none-any.whl",
    sha256="a" * 64,
    size=5,
    seconds=1.5,
    audit="clean",
    inputs=INPUTS,
)


def test_an_entry_comes_back() -> None:
    assert parse_entry(serialize_entry(ENTRY), KEY) == ENTRY
    assert entry_key(ENTRY.path) == KEY
    assert ENTRY.file == f"files/{'a' * 64}/a-1-py3-none-any.whl"
    library = replace(ENTRY, filename="libz-1.3-pyemscripten_2025_0_wasm32.library.tar")
    assert parse_entry(serialize_entry(library), KEY) == library


@pytest.mark.parametrize(
    "changes",
    [
        {"filename": "../../a-1-py3-none-any.whl"},
        {"filename": "/etc/a.whl"},
        {"filename": ".whl"},
        {"filename": "a.tar.gz"},
        {"filename": 3},
        {"sha256": "A" * 64},
        {"sha256": "../../x"},
        {"size": -1},
        {"size": True},
        {"size": "5"},
        {"seconds": float("nan")},
        {"seconds": -1},
        {"inputs": ["a"]},
        {"inputs": {"name": 1}},
        {"inputs": {**INPUTS, "source": "2"}},
        {"key": "b" * 64},
        {"more": 1},
        {"audit": None},
    ],
)
def test_what_is_no_entry_is_damaged(changes: dict[str, Any]) -> None:
    data = json.loads(serialize_entry(ENTRY)) | changes
    with pytest.raises(StoreDamaged, match=KEY):
        parse_entry(json.dumps(data).encode(), KEY)


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_any_bytes_are_damaged(data: bytes) -> None:
    with pytest.raises(StoreDamaged):
        parse_entry(data, KEY)


def test_paths_that_are_no_entries() -> None:
    for path in (f"entries/{KEY}", f"entries/x/{KEY}.json", "entries/../x.json", f"{KEY}.json"):
        assert entry_key(path) == ""
