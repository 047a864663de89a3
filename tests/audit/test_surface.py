"""The link surface: what a real runtime says of itself, and how it is kept."""

import pytest

from porter.audit.surface import (
    LinkSurface,
    Symbol,
    dump_surface,
    function_type,
    load_surface,
    parse_surface,
)
from porter.audit.wasm import Kind, parse_module
from porter.home import Home
from porter.platform import read_platform, read_platforms
from porter.runtime import Runtime, fetch_runtime, read_surface


def test_the_real_one(surface: LinkSurface) -> None:
    symbols = surface.symbols
    assert symbols["PyLong_AsLong"] == Symbol(kind=Kind.FUNCTION, type="(i32) -> i32")
    assert symbols["open64"].type == "(i32, i32, i32) -> i32"
    assert symbols["PyExc_OSError"].address
    assert symbols["__cpp_exception"] == Symbol(kind=Kind.TAG, type="(i32) -> nothing")
    assert symbols["__stack_pointer"] == Symbol(kind=Kind.GLOBAL, type="i32 mut")
    assert symbols["emscripten_get_heap_max"].javascript
    assert {"memory", "__indirect_function_table"} <= symbols.keys()
    assert "create_sentinel" not in symbols, "a stub supplies nothing"


@pytest.mark.parametrize("release", list(read_platforms()))
def test_every_platform_has_one(release: str, home: Home, env: dict[str, str]) -> None:
    runtime = fetch_runtime(read_platform(release), home=home, env=env)
    symbols = read_surface(runtime, home=home, env=env).symbols
    assert symbols["__cpp_exception"] == Symbol(kind=Kind.TAG, type="(i32) -> nothing")
    assert symbols["PyLong_AsLong"] == Symbol(kind=Kind.FUNCTION, type="(i32) -> i32")
    untyped = [n for n, s in symbols.items() if s.kind == Kind.FUNCTION and not s.type]
    assert len(untyped) < 20


def test_it_is_read_once(
    runtime: Runtime, surface: LinkSurface, scratch_home: Home, env: dict[str, str]
) -> None:
    assert read_surface(runtime, home=scratch_home, env=env) == surface
    kept = list(scratch_home.surfaces.iterdir())
    assert len(kept) == 1
    # Kept, it needs no Node.
    assert read_surface(runtime, home=scratch_home, env={}) == surface
    assert load_surface(dump_surface(surface)) == surface


@pytest.mark.parametrize(
    ("sig", "type_"),
    [
        ("v", "() -> nothing"),
        ("ip", "(i32) -> i32"),
        ("jdfe", "(f64, f32, externref) -> i64"),
        ("", ""),
        ("x", ""),
        ("i?", ""),
    ],
)
def test_the_letters_of_javascript(sig: str, type_: str) -> None:
    assert function_type(sig) == type_


def test_what_is_told_of_no_known_kind_is_left_out() -> None:
    empty = parse_module(b"\0asm\1\0\0\0")
    told: list[dict[str, object]] = [
        {"name": "a", "kind": "string"},
        {"name": "b", "kind": "js", "sig": "v", "stub": True},
    ]
    assert parse_surface(told, empty).symbols == {}
