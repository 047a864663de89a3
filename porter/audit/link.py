"""Resolve a side module's imports as the runtime's loader would.

The loader is Emscripten's (`src/lib/libdylink.js`). A function of `env` that nothing supplies
becomes a JavaScript function that looks for it when it is called, and throws; an entry of the
global offset table (`GOT.func`, `GOT.mem`) without a value is an error when the module is loaded,
unless it is weak; everything else is checked by the engine (JS API, "instantiate a module").
"""

from collections.abc import Iterator, Mapping

from porter.audit.demangle import demangle
from porter.audit.model import Finding
from porter.audit.rules import find, read_rules
from porter.audit.surface import LinkSurface, Symbol
from porter.audit.wasm import Export, Import, Kind, Module

GOT = ("GOT.func", "GOT.mem")
# What each module is given by the loader for itself.
OWN = frozenset({"__memory_base", "__table_base"})
EXCEPTIONS = (
    "invoke_",
    "__cxa_find_matching_catch",
    "__resumeException",
    "llvm_eh_typeid_for",
    "__cxa_find_matching_catch_",
)
LONGJMP = ("emscripten_longjmp", "saveSetjmp", "testSetjmp", "__wasm_setjmp_test_")


def check_links(
    module: Module, surface: LinkSurface, libraries: Mapping[str, Module], *, member: str
) -> Iterator[Finding]:
    """A finding for every import that would not be met.

    `libraries` are the modules known by file name; those that `module` needs, and what they
    need, supply it too.
    """
    for name in module.needed:
        if _basename(name) not in libraries:
            yield find("missing-library", member=member, subject=name)
    given = _supplied(module, libraries)
    invoking = any(entry.name.startswith("__cxa_find_matching") for entry in module.imports)
    for entry in module.imports:
        if entry.module in GOT:
            yield from _check_address(entry, surface, module, given, member)
        elif entry.module in ("env", "wasi_snapshot_preview1"):
            yield from _check_env(entry, surface, module, given, member, invoking=invoking)
        else:
            subject = f"{entry.module}.{entry.name}"
            yield find("missing-global", member=member, subject=subject)


def _supplied(module: Module, libraries: Mapping[str, Module]) -> dict[str, Export]:
    """What the libraries that a module needs export, and theirs."""
    found: dict[str, Export] = {}
    seen: set[str] = set()
    waiting = [_basename(name) for name in module.needed]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in libraries:
            continue
        seen.add(name)
        found |= libraries[name].exports
        waiting += [_basename(inner) for inner in libraries[name].needed]
    return found


def _check_address(
    entry: Import,
    surface: LinkSurface,
    module: Module,
    given: Mapping[str, Export],
    member: str,
) -> Iterator[Finding]:
    if entry.name in module.exports or entry.name in given:
        return
    subject, symbol = demangle(entry.name), surface.symbols.get(entry.name)
    if symbol is None:
        code = "missing-weak" if entry.weak else _mode(entry.name) or "missing-address"
        yield find(code, member=member, subject=subject)
    elif entry.module == "GOT.func":
        if symbol.address:
            yield find("address-of-data", member=member, subject=subject)
        elif symbol.javascript and not symbol.type:
            yield find("address-of-javascript", member=member, subject=subject)
        else:
            yield from _check_work(entry.name, member)
    elif symbol.kind == Kind.FUNCTION:
        yield find("address-of-function", member=member, subject=subject)


def _check_env(
    entry: Import,
    surface: LinkSurface,
    module: Module,
    given: Mapping[str, Export],
    member: str,
    *,
    invoking: bool,
) -> Iterator[Finding]:
    if entry.name in OWN:
        return
    subject, symbol = demangle(entry.name), surface.symbols.get(entry.name)
    if symbol is None:
        yield from _check_absent(entry, module, given, member, subject, invoking=invoking)
        return
    if symbol.kind != entry.kind or symbol.address:
        wanted, found = str(entry.kind), "variable" if symbol.address else str(symbol.kind)
        yield find("kind-differs", member=member, subject=subject, wanted=wanted, found=found)
        return
    yield from _check_type(entry, symbol, member, subject)
    if entry.kind == Kind.FUNCTION:
        yield from _check_work(entry.name, member)


def _check_absent(
    entry: Import,
    module: Module,
    given: Mapping[str, Export],
    member: str,
    subject: str,
    *,
    invoking: bool,
) -> Iterator[Finding]:
    match entry.kind:
        case Kind.FUNCTION:
            if entry.name in module.exports or entry.name in given:
                return
            if entry.weak:
                yield find("missing-weak", member=member, subject=subject)
            else:
                code = _mode(entry.name, invoking=invoking) or "missing-function"
                yield find(code, member=member, subject=subject)
        case Kind.TAG:
            yield find("missing-tag", member=member, subject=subject)
        case _:
            yield find("missing-global", member=member, subject=subject)


def _check_type(entry: Import, symbol: Symbol, member: str, subject: str) -> Iterator[Finding]:
    if not symbol.type or symbol.type == entry.type:
        return
    words = {"member": member, "subject": subject, "wanted": entry.type, "found": symbol.type}
    match entry.kind:
        case Kind.TAG:
            yield find("tag-differs", **words)
        case Kind.FUNCTION if not symbol.javascript:
            yield find("type-differs", **words)
        case Kind.FUNCTION if _breaks(entry.type, symbol.type):
            yield find("javascript-type-differs", **words)
        case Kind.GLOBAL:
            yield find("type-differs", **words)


def _breaks(wanted: str, found: str) -> bool:
    """Whether a JavaScript function of the type `found` throws when it is called as `wanted`.

    JavaScript has another kind of number for 64 bits, and mixing the two throws: in a result
    either way, in an argument where it expects the ordinary kind (JS API, `ToWebAssemblyValue`).
    """
    params, result = _wide(wanted)
    known, known_result = _wide(found)
    given = zip(params, known, strict=False)
    return result != known_result or any(wide and not expected for wide, expected in given)


def _wide(function_type: str) -> tuple[list[bool], bool]:
    params, _, result = function_type.partition(" -> ")
    return ["i64" in param for param in params.split(", ")], "i64" in result


def _check_work(name: str, member: str) -> Iterator[Finding]:
    why = read_rules().cannot_work.get(name)
    if why is not None:
        yield find("cannot-work", member=member, subject=name, why=why)


def _mode(name: str, *, invoking: bool = True) -> str:
    """The rule for a name that only another way of unwinding asks for, empty for other names."""
    if name.startswith(LONGJMP) or (name.startswith("invoke_") and not invoking):
        return "longjmp-mode"
    return "exception-mode" if name.startswith(EXCEPTIONS) else ""


def _basename(path: str) -> str:
    return path.rpartition("/")[2]
