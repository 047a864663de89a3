"""What a runtime offers to the modules that it loads: the closed world an import is found in."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from porter.audit.wasm import Export, Import, Kind, Module

# JavaScript's letters for WebAssembly's types, as Emscripten writes them in `sig`.
LETTERS = {"i": "i32", "p": "i32", "j": "i64", "f": "f32", "d": "f64", "e": "externref"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One name that the runtime supplies.

    `type` is as in `porter.audit.wasm`; `javascript` functions take arguments of any type, and
    have one of their own where Emscripten knows it; `address` is data, a number.
    """

    kind: Kind
    type: str = ""
    javascript: bool = False
    address: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSurface:
    """All names of one runtime."""

    symbols: Mapping[str, Symbol]


def parse_surface(probed: Iterable[Mapping[str, Any]], main: Module) -> LinkSurface:
    """The surface of what the runtime told of itself (surface.mjs) and of its main module.

    A function that stands in for one which was left out of the runtime (`stub`) is none.
    """
    # Some releases make their exception tags in JavaScript, others in the main module.
    stated: list[Import | Export] = [*main.imports, *main.exports.values()]
    tags = {entry.name: entry.type for entry in stated if entry.kind == Kind.TAG}
    # Aliases are made when the runtime starts: the index is what they share with the original.
    functions = {e.index: e.type for e in main.exports.values() if e.kind == Kind.FUNCTION}
    symbols = {}
    for entry in probed:
        name = entry["name"]
        match entry["kind"]:
            case "wasm":
                symbols[name] = Symbol(
                    kind=Kind.FUNCTION, type=functions.get(int(entry["index"]), "")
                )
            case "js" if not entry["stub"]:
                symbols[name] = Symbol(
                    kind=Kind.FUNCTION, type=function_type(entry["sig"]), javascript=True
                )
            case "number":
                symbols[name] = Symbol(kind=Kind.GLOBAL, type="i32", address=True)
            case "tag":
                symbols[name] = Symbol(kind=Kind.TAG, type=tags.get(name, ""))
            case "global":
                symbols[name] = Symbol(kind=Kind.GLOBAL, type=entry["type"])
            case "memory" | "table" as kind:
                symbols[name] = Symbol(kind=Kind(kind))
    return LinkSurface(symbols=symbols)


def function_type(sig: str) -> str:
    """`(i32) -> f64` of Emscripten's `di`: the result first, `v` for none. Empty of nothing."""
    if not sig or not all(letter in LETTERS for letter in sig[1:]):
        return ""
    result = "nothing" if sig[0] == "v" else LETTERS.get(sig[0], "")
    return f"({', '.join(LETTERS[letter] for letter in sig[1:])}) -> {result}" if result else ""


def dump_surface(surface: LinkSurface) -> bytes:
    """The surface as JSON: name, then kind, type and two marks."""
    table = {
        name: [symbol.kind, symbol.type, int(symbol.javascript), int(symbol.address)]
        for name, symbol in surface.symbols.items()
    }
    return json.dumps(table, separators=(",", ":")).encode()


def load_surface(data: bytes) -> LinkSurface:
    """What `dump_surface` wrote."""
    kinds = {str(kind): kind for kind in Kind}
    return LinkSurface(
        symbols={
            name: Symbol(
                kind=kinds[kind], type=type_, javascript=bool(javascript), address=bool(address)
            )
            for name, (kind, type_, javascript, address) in json.loads(data).items()
        }
    )
