"""What is wrong with a compiled module by itself, whatever it is linked against."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from porter.audit.binary import InvalidModule
from porter.audit.model import Finding
from porter.audit.rules import find
from porter.audit.wasm import MAGIC, Kind, Module, parse_module
from porter.platform import Platform

# The first bytes of what other systems load.
NATIVE = {
    b"\x7fELF": "Linux (ELF)",
    b"\xcf\xfa\xed\xfe": "macOS (Mach-O)",
    b"\xca\xfe\xba\xbe": "macOS (Mach-O)",
    b"MZ": "Windows (PE)",
}
SUFFIXES = (".so", ".wasm")
OTHER_SUFFIXES = (".pyd", ".dylib", ".dll")
# A C identifier; what Python names others by is punycode (PEP 489).
HOOK, HOOK_NONASCII = "PyInit_", "PyInitU_"

# Whole bodies: `unreachable end`, `i32.const 0 end`, and the second with a `return`.
TRAPPING = (b"\x00\x0b", b"\x00\x00\x0b")
IDLE = (b"\x41\x00\x0b", b"\x41\x00\x0f\x0b")


def is_compiled(name: str) -> bool:
    """Whether a member of a wheel is, by its name, a compiled module or library."""
    path = PurePosixPath(name)
    # `libfoo.so.1` is as much a library as `libfoo.so`.
    return path.suffix in SUFFIXES + OTHER_SUFFIXES or ".so." in path.name


def read_module(data: bytes, *, member: str) -> tuple[Module | None, list[Finding]]:
    """The module of a member's bytes, None with the finding where it is none."""
    for magic, system in NATIVE.items():
        if data.startswith(magic):
            return None, [find("native-module", member=member, subject=system)]
    try:
        return parse_module(data), []
    except InvalidModule as error:
        why = str(error) if data[: len(MAGIC)] == MAGIC else "it is none, by its first bytes"
        return None, [find("invalid-module", member=member, why=why)]


def check_module(module: Module, platform: Platform, *, member: str) -> Iterator[Finding]:
    """Findings of one module: whether it is a side module, and whether Python can start it."""
    objects = sorted(name for name in module.custom if name.startswith(("linking", "reloc.")))
    if objects:
        yield find("relocatable-object", member=member, subject=objects[0])
    elif not module.dylink:
        yield find("not-a-side-module", member=member)
    yield from _check_memory(module, member)
    yield from _check_start(module, platform, member)


def _check_memory(module: Module, member: str) -> Iterator[Finding]:
    shapes = {
        (entry.kind, entry.type)
        for entry in module.imports
        if entry.kind in (Kind.MEMORY, Kind.TABLE)
    }
    for kind, words in sorted(shapes):
        if "shared" in words.split():
            yield find("shared-memory", member=member)
        if "64" in words.split():
            yield find("memory64", member=member, subject=kind)
    if module.memories:
        yield find("own-memory", member=member)


def extension_name(member: str) -> str | None:
    """The name Python imports a compiled member by; None where it is a library, not an extension.

    An extension module's file is named `NAME.SUFFIX` with a suffix of
    `importlib.machinery.EXTENSION_SUFFIXES`; a library's name begins with `lib` or lies in the
    folder that auditwheel vendors libraries into.
    """
    path = PurePosixPath(member)
    stem, _, rest = path.name.partition(".")
    if any(part.endswith(".libs") for part in path.parts[:-1]) or path.suffix != ".so":
        return None
    if rest == "so" and stem.startswith("lib"):
        return None
    return stem


def _check_start(module: Module, platform: Platform, member: str) -> Iterator[Finding]:
    name = extension_name(member)
    if name is None:
        return
    suffixes = import_suffixes(platform)
    suffix = PurePosixPath(member).name.removeprefix(name)
    if suffix not in suffixes:
        yield find(
            "wrong-suffix",
            member=member,
            subject=suffix,
            python=platform.python_short,
            wanted=suffixes[0],
        )
        return
    hook = (
        HOOK + name
        if name.isascii()
        else HOOK_NONASCII + name.encode("punycode").decode().replace("-", "_")
    )
    found = module.exports.get(hook)
    if found is None or found.kind != Kind.FUNCTION:
        # A file that ends in a bare .so may be a library that ctypes opens.
        if suffix != ".so":
            yield find("no-pyinit", member=member, subject=hook)
    elif (body := module.body(hook)) in TRAPPING:
        yield find("trapping-pyinit", member=member, subject=hook)
    elif body in IDLE:
        why = "it returns NULL without an exception"
        yield find("empty-pyinit", member=member, subject=hook, why=why)


def import_suffixes(platform: Platform) -> tuple[str, ...]:
    """What Python looks for on the platform, best first (its `_imp.extension_suffixes()`)."""
    cpython = "cpython-{}{}".format(*platform.python_minor)
    return (f".{cpython}-{platform.triplet}.so", ".abi3.so", ".so")
