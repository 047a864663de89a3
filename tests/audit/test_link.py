"""How imports are resolved, where no compiler makes the case easily."""

from dataclasses import replace
from pathlib import Path

import pytest
from audit.corpus import Case, compile_case, load, make_wheel, run_emscripten

from porter.audit.judge import audit_wheel
from porter.audit.link import check_links
from porter.audit.surface import LinkSurface, Symbol
from porter.audit.wasm import Export, Import, Kind, Module
from porter.audit.wheel import read_wheel
from porter.home import Home
from porter.platform import Platform
from porter.runtime import Runtime
from porter.toolchain.model import Toolchain

SOURCES = ("far.c", "-o", "libfar.so")
EMPTY = Module(
    imports=(),
    exports={},
    dylink=True,
    needed=(),
    rpath=(),
    features=frozenset(),
    custom=frozenset(),
    memories=(),
    imported_functions=0,
    code=b"",
)
SURFACE = LinkSurface(
    symbols={
        "f": Symbol(kind=Kind.FUNCTION, type="(i32) -> i32"),
        "data": Symbol(kind=Kind.GLOBAL, type="i32", address=True),
        "js": Symbol(kind=Kind.FUNCTION, type="(i32, i64) -> i32", javascript=True),
        "unknown": Symbol(kind=Kind.FUNCTION, javascript=True),
        "tag": Symbol(kind=Kind.TAG, type="(i32) -> nothing"),
        "sp": Symbol(kind=Kind.GLOBAL, type="i32 mut"),
        "memory": Symbol(kind=Kind.MEMORY),
    }
)


def found(name: str, kind: Kind, type_: str, *, module: str = "env", weak: bool = False) -> str:
    entry = Import(module=module, name=name, kind=kind, type=type_, weak=weak)
    findings = list(check_links(replace(EMPTY, imports=(entry,)), SURFACE, {}, member="m.so"))
    assert len(findings) <= 1
    return findings[0].code if findings else ""


@pytest.mark.parametrize(
    ("name", "kind", "type_", "code"),
    [
        ("f", Kind.FUNCTION, "(i32) -> i32", ""),
        ("f", Kind.FUNCTION, "(i64) -> i32", "type-differs"),
        ("f", Kind.GLOBAL, "i32", "kind-differs"),
        ("data", Kind.FUNCTION, "() -> i32", "kind-differs"),
        ("js", Kind.FUNCTION, "(i32, i64) -> i32", ""),
        ("js", Kind.FUNCTION, "(i32, i32) -> i32", ""),
        ("js", Kind.FUNCTION, "(i64, i64) -> i32", "javascript-type-differs"),
        ("js", Kind.FUNCTION, "(i32, i64) -> i64", "javascript-type-differs"),
        ("unknown", Kind.FUNCTION, "(i64) -> i64", ""),
        ("tag", Kind.TAG, "(i32) -> nothing", ""),
        ("tag", Kind.TAG, "(i32, i32) -> nothing", "tag-differs"),
        ("tog", Kind.TAG, "(i32) -> nothing", "missing-tag"),
        ("sp", Kind.GLOBAL, "i32 mut", ""),
        ("sp", Kind.GLOBAL, "i64 mut", "type-differs"),
        ("absent", Kind.FUNCTION, "() -> nothing", "missing-function"),
        ("absent", Kind.MEMORY, "", "missing-global"),
        ("invoke_vi", Kind.FUNCTION, "(i32, i32) -> nothing", "longjmp-mode"),
        ("__resumeException", Kind.FUNCTION, "(i32) -> nothing", "exception-mode"),
        ("__memory_base", Kind.GLOBAL, "i32", ""),
    ],
)
def test_imports_of_env(name: str, kind: Kind, type_: str, code: str) -> None:
    assert found(name, kind, type_) == code


@pytest.mark.parametrize(
    ("module", "name", "weak", "code"),
    [
        ("GOT.func", "f", False, ""),
        ("GOT.func", "data", False, "address-of-data"),
        ("GOT.func", "unknown", False, "address-of-javascript"),
        ("GOT.func", "js", False, ""),
        ("GOT.func", "absent", False, "missing-address"),
        ("GOT.func", "absent", True, "missing-weak"),
        ("GOT.mem", "data", False, ""),
        ("GOT.mem", "f", False, "address-of-function"),
        ("GOT.mem", "absent", False, "missing-address"),
        ("wasi_snapshot_preview1", "fd_write", False, "missing-global"),
        ("other", "f", False, "missing-global"),
    ],
)
def test_the_global_offset_table(module: str, name: str, *, weak: bool, code: str) -> None:
    assert found(name, Kind.GLOBAL, "i32 mut", module=module, weak=weak) == code


def test_a_module_supplies_itself_and_is_supplied_by_what_it_needs() -> None:
    def export(name: str) -> dict[str, Export]:
        return {name: Export(name=name, kind=Kind.FUNCTION, index=0, type="() -> nothing")}

    imports = tuple(
        Import(module=module, name=name, kind=Kind.FUNCTION, type="() -> nothing")
        for module in ("env", "GOT.func")
        for name in ("mine", "near", "far")
    )
    module = replace(EMPTY, imports=imports, exports=export("mine"), needed=("x/liba.so",))
    libraries = {
        "liba.so": replace(EMPTY, exports=export("near"), needed=("libb.so",)),
        "libb.so": replace(EMPTY, exports=export("far"), needed=("liba.so",)),
    }
    assert list(check_links(module, SURFACE, libraries, member="m.so")) == []
    alone = [finding.code for finding in check_links(module, SURFACE, {}, member="m.so")]
    assert alone == [
        "missing-library",
        "missing-function",
        "missing-function",
        "missing-address",
        "missing-address",
    ]


def test_a_library_of_another_wheel(
    platform: Platform,
    surface: LinkSurface,
    runtime: Runtime,
    home: Home,
    toolchain: Toolchain,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    (tmp_path / "far.c").write_text("int far_away(int n) { return n + 4; }\n")
    run_emscripten(
        ["emcc", "-fPIC", "-sSIDE_MODULE=2", "-sEXPORTED_FUNCTIONS=_far_away", *SOURCES],
        tmp_path,
        toolchain=toolchain,
        env=env,
    )
    case = Case(
        name="needs a library",
        code="missing-library",
        declare="int far_away(int);",
        body="r = far_away(1);",
        link=("-sSIDE_MODULE=2", "-sEXPORTED_FUNCTIONS=_PyInit_m", str(tmp_path / "libfar.so")),
        seen="",
    )
    data = compile_case(case, tmp_path, toolchain=toolchain, env=env)
    contents, _ = read_wheel(make_wheel(tmp_path, {f"m{case.suffix}": data}, platform=platform))
    library = (tmp_path / "libfar.so").read_bytes()
    other, _ = read_wheel(
        make_wheel(tmp_path, {"far.libs/libfar.so": library}, platform=platform, project="far")
    )
    assert contents is not None
    assert other is not None
    alone = audit_wheel(contents, platform=platform, surface=surface)
    assert "libfar.so" in [f.subject for f in alone.findings if f.code == "missing-library"]
    together = audit_wheel(contents, platform=platform, surface=surface, others=[other])
    assert together.findings == ()
    steps = load(tmp_path / contents.filename, runtime, home, env)
    assert steps[-1].startswith(("import: ", "died: "))
