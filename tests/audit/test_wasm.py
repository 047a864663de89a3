"""The reader of modules: true of a real one, and never anything but InvalidModule for the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.audit.binary import InvalidModule
from porter.audit.wasm import MAGIC, Kind, Module, parse_module
from porter.runtime import Runtime

# (module (import "env" "f" (func (param i32 i64) (result f64))) (import "env" "m" (memory 1))
#  (import "env" "g" (global (mut i32))) (func (export "run") (result i32) i32.const 0))
TYPES = bytes([1, 11, 2, 0x60, 2, 0x7F, 0x7E, 1, 0x7C, 0x60, 0, 1, 0x7F])
IMPORTS = bytes([2, 27, 3])
IMPORTS += b"\x03env\x01f\x00\x00" + b"\x03env\x01m\x02\x00\x01" + b"\x03env\x01g\x03\x7f\x01"
DYLINK = b"\x08dylink.0" + bytes([1, 4, 0, 0, 0, 0])
DYLINK += bytes([2, 8, 1]) + b"\x06lib.so" + bytes([4, 8, 1]) + b"\x03env\x01f\x01"
DYLINK += bytes([5, 9, 1]) + b"\x07$ORIGIN"
SMALL = (
    MAGIC
    + bytes([0, len(DYLINK)])
    + DYLINK
    + TYPES
    + IMPORTS
    + bytes([3, 2, 1, 1])
    + bytes([7, 7, 1])
    + b"\x03run\x00\x01"
    + bytes([10, 6, 1, 4, 0, 0x41, 0, 0x0B])
)


def test_every_part_of_a_small_module() -> None:
    module = parse_module(SMALL)
    assert [(i.name, i.kind, i.type, i.weak) for i in module.imports] == [
        ("f", Kind.FUNCTION, "(i32, i64) -> f64", True),
        ("m", Kind.MEMORY, "", False),
        ("g", Kind.GLOBAL, "i32 mut", False),
    ]
    assert module.dylink
    assert module.needed == ("lib.so",)
    assert module.rpath == ("$ORIGIN",)
    assert module.exports["run"].type == "() -> i32"
    assert module.body("run") == b"\x41\x00\x0b"
    assert module.body("stop") == b""


def test_the_dylink_section_counts_where_it_comes_first() -> None:
    head, rest = SMALL[:8], SMALL[8:]
    size = 2 + len(DYLINK)
    assert not parse_module(head + rest[size:] + rest[:size]).dylink


def test_the_runtimes_own_module(runtime: Runtime) -> None:
    main = parse_module((runtime.folder / "pyodide.asm.wasm").read_bytes())
    assert main.exports["malloc"].type == "(i32) -> i32"
    assert main.exports["PyExc_OSError"].kind == Kind.GLOBAL
    assert len(main.exports) > 5000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF" + b"\0" * 100,
        MAGIC[:-1],
        MAGIC + b"\x01",
        MAGIC + b"\x01\xff\xff\xff\xff\x0f",
        MAGIC + b"\x02\x05\xff\xff\xff\xff\x0f",
        MAGIC + b"\x01\x02\x01\x5f",
        MAGIC + b"\x01" + b"\xff" * 20,
        MAGIC + b"\x02\x08\x01\x03env\x01f\x09",
        MAGIC + b"\x00\x04\x7fabc",
    ],
)
def test_what_is_no_module(data: bytes) -> None:
    with pytest.raises(InvalidModule, match=r"\w"):
        parse_module(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_module_or_invalid(tail: bytes) -> None:
    try:
        assert isinstance(parse_module(MAGIC + tail), Module)
    except InvalidModule:
        return


@given(st.integers(8, len(SMALL) - 1), st.integers(0, 255))
def test_a_damaged_byte_is_a_module_or_invalid(position: int, value: int) -> None:
    data = SMALL[:position] + bytes([value]) + SMALL[position + 1 :]
    try:
        module = parse_module(data)
        module.body("run")
    except InvalidModule:
        return


@given(st.integers(0, len(SMALL) - 1))
def test_a_module_that_was_cut_off_is_told(size: int) -> None:
    try:
        module = parse_module(SMALL[:size])
    except InvalidModule:
        return
    # Sections are whole, or the cut would have been seen.
    assert len(module.imports) in (0, 3)


def test_the_features_a_module_says_it_uses() -> None:
    section = b"\x0ftarget_features" + b"\x02" + b"+\x07atomics" + b"-\x03foo"
    module = parse_module(MAGIC + bytes([0, len(section)]) + section)
    assert module.features == {"atomics"}
    assert not module.dylink
