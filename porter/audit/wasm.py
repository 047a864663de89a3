"""Read what links a WebAssembly module: types, imports, exports, and its dylink section.

The binary format is that of the WebAssembly core specification (section 5), the custom section
`dylink.0` that of tool-conventions' DynamicLinking.md, `target_features` of its Linking.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from porter.audit.binary import InvalidModule, Reader

MAGIC = b"\0asm\1\0\0\0"
WEAK = 0x1


class Kind(StrEnum):
    """What an import or export is, by the names of the core specification."""

    FUNCTION = "function"
    TABLE = "table"
    MEMORY = "memory"
    GLOBAL = "global"
    TAG = "tag"


KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import.

    `type` is `(i32, i32) -> i32` of a function or a tag, `i32 mut` of a global, `64` and
    `shared` among the words of a memory or a table; empty where nothing is to be said. `weak`:
    its absence is no error when the module is loaded.
    """

    module: str
    name: str
    kind: Kind
    type: str
    weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export; `index` is the function's, global's, …; `type` as in `Import`."""

    name: str
    kind: Kind
    index: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module's outside. `dylink`: it says that it is a side module.

    `needed` are libraries it wants loaded first, `rpath` folders to find them in, `features` the
    target features it uses, `custom` the names of its custom sections, `memories` the types of
    memories that it defines itself, `bodies` where each of its own functions lies in `data`.
    """

    imports: tuple[Import, ...]
    exports: Mapping[str, Export]
    dylink: bool
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    features: frozenset[str]
    custom: frozenset[str]
    memories: tuple[str, ...]
    imported_functions: int
    code: bytes = field(repr=False)

    def body(self, export: str) -> bytes:
        """The instructions of an exported function, without its locals.

        Empty where there is no such function, or where it cannot be read.
        """
        found = self.exports.get(export)
        if found is None or found.kind != Kind.FUNCTION or found.index < self.imported_functions:
            return b""
        try:
            return _body(self.code, found.index - self.imported_functions)
        except (InvalidModule, IndexError):
            return b""


def parse_module(data: bytes) -> Module:
    """The module of a `.wasm` or `.so` file's bytes; raises InvalidModule for any other bytes."""
    if data[:8] != MAGIC:
        raise InvalidModule("it does not begin as a WebAssembly module does")
    try:
        return _parse(data)
    except (IndexError, UnicodeDecodeError) as error:
        raise InvalidModule("it ends, or stops making sense, in the middle") from error


def _parse(data: bytes) -> Module:
    sections: dict[int, Reader] = {}
    custom: dict[str, Reader] = {}
    first = ""
    for number, reader in _sections(data):
        if number == 0:
            name = reader.string()
            first = first or name
            custom.setdefault(name, reader)
        else:
            first = first or str(number)
            sections[number] = reader
    types = list(_types(sections.get(1, _empty())))
    weak, needed, rpath = _dylink(custom.get("dylink.0"))
    imports = tuple(_imports(sections.get(2, _empty()), types, weak))
    memories = sections.get(5, _empty())
    own = tuple(memories.limits() for _ in range(memories.count()))
    code = sections.get(10)
    return Module(
        imports=imports,
        exports={export.name: export for export in _exports(sections, types, imports)},
        # The loader reads it only where it comes first.
        dylink=first == "dylink.0",
        needed=needed,
        rpath=rpath,
        features=frozenset(_features(custom.get("target_features", _empty()))),
        custom=frozenset(custom),
        memories=own,
        imported_functions=sum(entry.kind == Kind.FUNCTION for entry in imports),
        code=data[code.pos : code.end] if code else b"",
    )


def _empty() -> Reader:
    """A section that is not there: it holds none of what it counts."""
    return Reader(b"\0", 0, 1)


def _sections(data: bytes) -> Iterator[tuple[int, Reader]]:
    position = len(MAGIC)
    while position < len(data):
        head = Reader(data, position, len(data))
        number, size = head.byte(), head.u32()
        position = head.pos + size
        yield number, Reader(data, head.pos, position)


def _types(reader: Reader) -> Iterator[str]:
    for _ in range(reader.count()):
        form = reader.byte()
        if form != 0x60:
            raise InvalidModule(f"a type of the form {form:#x}")
        params = [reader.value_type() for _ in range(reader.count())]
        results = [reader.value_type() for _ in range(reader.count())]
        yield f"({', '.join(params)}) -> {', '.join(results) or 'nothing'}"


def _imports(reader: Reader, types: list[str], weak: frozenset[str]) -> Iterator[Import]:
    for _ in range(reader.count()):
        module, name, kind = reader.string(), reader.string(), _kind(reader.byte())
        yield Import(
            module=module,
            name=name,
            kind=kind,
            type=_import_type(reader, kind, types),
            weak=name in weak,
        )


def _import_type(reader: Reader, kind: Kind, types: list[str]) -> str:
    match kind:
        case Kind.FUNCTION:
            return types[reader.u32()]
        case Kind.TAG:
            return _tag(reader, types)
        case Kind.GLOBAL:
            return _global(reader)
        case Kind.TABLE:
            reader.value_type()
            return reader.limits()
        case Kind.MEMORY:
            return reader.limits()


def _tag(reader: Reader, types: list[str]) -> str:
    reader.byte()
    return types[reader.u32()]


def _global(reader: Reader) -> str:
    value = reader.value_type()
    return f"{value} mut" if reader.byte() else value


def _exports(
    sections: Mapping[int, Reader], types: list[str], imports: tuple[Import, ...]
) -> Iterator[Export]:
    reader = sections.get(7, _empty())
    of_functions = [entry.type for entry in imports if entry.kind == Kind.FUNCTION]
    functions = sections.get(3, _empty())
    of_functions += [types[functions.u32()] for _ in range(functions.count())]
    of_tags = [entry.type for entry in imports if entry.kind == Kind.TAG]
    tags = sections.get(13, _empty())
    of_tags += [_tag(tags, types) for _ in range(tags.count())]
    for _ in range(reader.count()):
        name, kind, index = reader.string(), _kind(reader.byte()), reader.u32()
        known = {Kind.FUNCTION: of_functions, Kind.TAG: of_tags}.get(kind)
        yield Export(name=name, kind=kind, index=index, type=known[index] if known else "")


def _dylink(
    reader: Reader | None,
) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    weak: set[str] = set()
    needed: list[str] = []
    rpath: list[str] = []
    while reader is not None and reader.pos < reader.end:
        number, size = reader.byte(), reader.u32()
        after = reader.pos + size
        match number:
            case 2:
                needed += [reader.string() for _ in range(reader.count())]
            case 4:
                for _ in range(reader.count()):
                    # The loader keeps the names alone: weak in one module is weak in all.
                    _module, name = reader.string(), reader.string()
                    if reader.u32() & WEAK:
                        weak.add(name)
            case 5:
                rpath += [reader.string() for _ in range(reader.count())]
        reader.pos = after
    return frozenset(weak), tuple(needed), tuple(rpath)


def _features(reader: Reader) -> Iterator[str]:
    for _ in range(reader.count()):
        prefix, name = reader.byte(), reader.string()
        if prefix == ord("+"):
            yield name


def _body(code: bytes, wanted: int) -> bytes:
    reader = Reader(code, 0, len(code))
    for _ in range(reader.count()):
        size = reader.u32()
        if wanted == 0:
            inner = Reader(code, reader.pos, reader.pos + size)
            for _ in range(inner.count()):
                inner.u32()
                inner.value_type()
            return code[inner.pos : inner.end]
        reader.pos += size
        wanted -= 1
    return b""


def _kind(number: int) -> Kind:
    if number >= len(KINDS):
        raise InvalidModule(f"an import or export of the kind {number}")
    return KINDS[number]
