"""Symbols for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.audit.demangle import demangle


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        ("malloc", "malloc"),
        ("_ZN3foo3barEi", "foo::bar(int)"),
        ("_ZTV5Shape", "vtable for Shape"),
        ("_ZN4core9panicking5panicE", "core::panicking::panic"),
        ("_ZZ", "_ZZ"),
        ("_Z" + "P" * 5000, "_Z" + "P" * 5000),
    ],
)
def test_names(symbol: str, shown: str) -> None:
    assert demangle(symbol) == shown


@given(st.text(alphabet="NSt3foo12PKciEv_ZLTI", max_size=60))
def test_any_symbol_is_shown_somehow(tail: str) -> None:
    assert demangle(f"_Z{tail}")
