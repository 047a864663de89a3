"""Each defect is found, and does in the runtime what its severity says; sound modules are clean."""

from pathlib import Path

import pytest
from audit.corpus import Case, compile_case, load, make_wheel, rename

from porter.audit.judge import audit_wheel
from porter.audit.model import Severity
from porter.audit.surface import LinkSurface
from porter.audit.wheel import read_wheel
from porter.home import Home
from porter.platform import Platform
from porter.runtime import Runtime
from porter.toolchain.model import Toolchain

LINK_ERROR, IMPORT_ERROR = "import: ImportError: Could not load dynamic lib", "import: "
DIES, RUNS = "died: ", "called: "
SHARED = ("--experimental-pic", "--unresolved-symbols=import-dynamic", "--export=PyInit_m")
# How the last step begins, by what a severity promises.
PROMISED = {
    Severity.LINK_ERROR: ("import: ",),
    Severity.IMPORT_ERROR: ("import: ",),
    Severity.DIES_WHEN_CALLED: ("died: ", "called: SystemError", "imported"),
    Severity.WARNING: ("called: ",),
}

DEFECTS = [
    Case(
        name="missing function",
        code="missing-function",
        subject="nowhere",
        declare="int nowhere(int);",
        body="r = nowhere(1);",
        seen=DIES,
    ),
    Case(
        name="missing C++ function",
        code="missing-function",
        subject="deep::nowhere(int, char const*)",
        declare="namespace deep { int nowhere(int, const char *); }",
        body='r = deep::nowhere(1, "x");',
        language="cpp",
        seen=DIES,
    ),
    Case(
        name="missing variable",
        code="missing-address",
        subject="nowhere",
        declare="extern int nowhere;",
        body="r = nowhere;",
        seen=IMPORT_ERROR,
    ),
    Case(
        name="address of a missing function",
        code="missing-address",
        subject="nowhere",
        declare="int nowhere(int);",
        body="int (*volatile p)(int) = nowhere; r = p(1);",
        seen=IMPORT_ERROR,
    ),
    Case(
        name="missing virtual table",
        code="missing-address",
        subject="vtable for Shape",
        declare="struct Shape { virtual int sides(); virtual ~Shape() {} };",
        body="Shape *volatile s = new Shape; r = s->sides();",
        language="cpp",
        seen=IMPORT_ERROR,
    ),
    Case(
        name="weak function",
        code="missing-weak",
        subject="nowhere",
        declare="__attribute__((weak)) int nowhere(int);",
        body="r = nowhere ? nowhere(1) : 5;",
        seen="called: 5",
    ),
    Case(
        name="another type",
        code="type-differs",
        subject="strnlen",
        declare='double other(double) __asm__("strnlen");',
        body="r = other(1.0);",
        seen=LINK_ERROR,
    ),
    Case(
        name="another number of arguments",
        code="type-differs",
        subject="PyLong_AsLong",
        declare='long other(long, long) __asm__("PyLong_AsLongLong");\nlong third(long, long) __asm__("PyLong_AsLong");',
        body="r = third(1, 2);",
        seen=LINK_ERROR,
    ),
    Case(
        name="variable called",
        code="kind-differs",
        subject="PyExc_OSError",
        declare='int other(int) __asm__("PyExc_OSError");',
        body="r = other(1);",
        seen=LINK_ERROR,
    ),
    Case(
        name="variable called through its address",
        code="address-of-data",
        subject="PyExc_OSError",
        declare='int other(int) __asm__("PyExc_OSError");',
        body="int (*volatile p)(int) = other; r = p(1);",
        seen=DIES,
    ),
    Case(
        name="function read",
        code="address-of-function",
        subject="PyList_Size",
        declare='extern int other __asm__("PyList_Size");',
        body="r = other != 123456789;",
        seen="called: 1",
    ),
    Case(
        name="64 bits for JavaScript",
        code="javascript-type-differs",
        subject="emscripten_get_heap_max",
        declare="long long emscripten_get_heap_max(void);",
        body="r = emscripten_get_heap_max();",
        seen=DIES,
    ),
    Case(
        name="address of a JavaScript function",
        code="address-of-javascript",
        subject="emscripten_is_main_browser_thread",
        declare="int emscripten_is_main_browser_thread(void);",
        body="int (*volatile p)(void) = emscripten_is_main_browser_thread; r = p();",
        seen=IMPORT_ERROR,
    ),
    Case(
        name="JavaScript exceptions",
        code="exception-mode",
        body="volatile long *p = &r; try { if (!*p) throw 5; } catch (int n) { r = n; }",
        language="cpp",
        flags=("-fexceptions",),
        seen=DIES,
    ),
    Case(
        name="JavaScript longjmp",
        code="longjmp-mode",
        declare="#include <setjmp.h>\nstatic jmp_buf b;\nvoid leap(int n) { longjmp(b, n); }",
        body="void (*volatile p)(int) = leap; if (!setjmp(b)) p(1); else r = 5;",
        flags=("-sSUPPORT_LONGJMP=emscripten",),
        seen=DIES,
    ),
    Case(
        name="missing tag",
        code="missing-tag",
        subject="__cpp_exceptiox",
        body="volatile long *p = &r; try { if (!*p) throw 5; } catch (int n) { r = n; }",
        language="cpp",
        patch=rename("__cpp_exception", "__cpp_exceptiox"),
        seen=LINK_ERROR,
    ),
    Case(
        name="missing global",
        code="missing-global",
        subject="__stack_pointex",
        body="volatile char big[1000]; big[5] = 1; memset((char *)big, 2, 1000); r = big[7];",
        patch=rename("__stack_pointer", "__stack_pointex"),
        seen=LINK_ERROR,
    ),
    Case(
        name="no start",
        code="no-pyinit",
        subject="PyInit_m",
        link=("-sSIDE_MODULE=2", "-sWASM_BIGINT", "-sEXPORTED_FUNCTIONS=_malloc2"),
        declare="__attribute__((used)) int malloc2(int n) { return n; }",
        seen=IMPORT_ERROR,
    ),
    Case(name="empty start", code="empty-pyinit", init="return NULL;", seen=IMPORT_ERROR),
    Case(name="trapping start", code="trapping-pyinit", init="__builtin_trap();", seen=DIES),
    Case(
        name="cut off",
        code="invalid-module",
        patch=lambda data: data[: len(data) // 2],
        seen=IMPORT_ERROR,
    ),
    Case(
        name="native",
        code="native-module",
        subject="Linux (ELF)",
        patch=lambda _: Path("/bin/sh").read_bytes(),
        seen=IMPORT_ERROR,
    ),
    Case(
        name="object file",
        code="relocatable-object",
        subject="linking",
        linked=False,
        seen=IMPORT_ERROR,
    ),
    Case(
        name="program",
        code="not-a-side-module",
        linker=("--no-entry", "--allow-undefined", "--export=PyInit_m"),
        seen=IMPORT_ERROR,
    ),
    Case(
        name="memory of its own",
        code="own-memory",
        linker=("--no-entry", "--allow-undefined", "--export=PyInit_m", "--export-memory"),
        seen=IMPORT_ERROR,
    ),
    Case(
        name="shared memory",
        code="shared-memory",
        flags=("-matomics", "-mbulk-memory"),
        linker=("--shared", "--shared-memory", "--max-memory=4294967296", *SHARED),
        seen=LINK_ERROR,
    ),
    Case(
        name="64-bit memory",
        code="memory64",
        flags=("-m64",),
        source="static int here; void *PyInit_m(void) { return &here; }",
        linker=("-mwasm64", "--shared", *SHARED),
        seen=IMPORT_ERROR,
    ),
    Case(
        name="another Python's",
        code="wrong-suffix",
        subject=".cpython-312-wasm32-emscripten.so",
        suffix=".cpython-312-wasm32-emscripten.so",
        seen=IMPORT_ERROR,
    ),
    Case(
        name="processes",
        code="cannot-work",
        subject="fork",
        declare="#include <unistd.h>",
        body="r = fork();",
        seen="called: -1",
    ),
    Case(
        name="threads",
        code="cannot-work",
        subject="pthread_create",
        declare="#include <pthread.h>\nstatic void *work(void *p) { return p; }",
        body="pthread_t t; r = pthread_create(&t, NULL, work, NULL) ? -5 : 0;",
        seen="called: -5",
    ),
    Case(
        name="sockets by address",
        code="cannot-work",
        subject="socketpair",
        declare="#include <sys/socket.h>",
        body="int v[2]; int (*volatile p)(int, int, int, int *) = socketpair; r = p(1, 1, 0, v);",
        seen="called: -1",
    ),
]

SOUND = [
    Case(name="plain", code="", body="r = 5;", seen="called: 5"),
    Case(
        name="exceptions",
        code="",
        declare="#include <stdexcept>\n#include <string>\n#include <vector>",
        body='try { std::vector<int> v; r = v.at(3); } catch (const std::out_of_range &e) { r = std::string("12345").size(); }',
        language="cpp",
        seen="called: 5",
    ),
    Case(
        name="longjmp",
        code="",
        declare="#include <setjmp.h>\nstatic jmp_buf b;\nvoid leap(int n) { longjmp(b, n); }",
        body="void (*volatile p)(int) = leap; r = setjmp(b); if (!r) p(5);",
        seen="called: 5",
    ),
    Case(
        name="addresses",
        code="",
        declare="#include <stdlib.h>\nextern int opterr;",
        body='int (*volatile p)(const char *) = atoi; r = p("4") + opterr;',
        seen="called: 5",
    ),
    Case(
        name="weak and there",
        code="",
        declare="__attribute__((weak)) int abs(int);",
        body="volatile int n = -5; r = abs ? abs(n) : 0;",
        seen="called: 5",
    ),
]


def test_the_corpus_is_large_enough() -> None:
    assert len(DEFECTS) >= 20
    assert len({case.name for case in DEFECTS}) == len(DEFECTS)


# Each is compiled and run: these few always, the others on journeys.
ALWAYS = ("missing C++ function", "missing variable", "longjmp", "threads", "weak and there")
CASES = [
    pytest.param(case, id=case.name, marks=[] if case.name in ALWAYS else [pytest.mark.journey])
    for case in (*DEFECTS, *SOUND)
]


@pytest.mark.parametrize("case", CASES)
def test_what_is_found_is_what_happens(
    case: Case,
    platform: Platform,
    surface: LinkSurface,
    runtime: Runtime,
    home: Home,
    toolchain: Toolchain,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    data = compile_case(case, tmp_path, toolchain=toolchain, env=env)
    wheel = make_wheel(tmp_path, {f"m{case.suffix}": data}, platform=platform)
    contents, _ = read_wheel(wheel)
    assert contents is not None
    audit = audit_wheel(contents, platform=platform, surface=surface)
    found = {finding.code: finding for finding in audit.findings}
    steps = load(wheel, runtime, home, env)
    assert steps[0] == "importing"
    if not case.code:
        assert audit.findings == ()
        assert steps[-1] == case.seen
        return
    assert case.code in found, (audit.findings, steps)
    named = [finding.subject for finding in audit.findings if finding.code == case.code]
    assert not case.subject or case.subject in named
    assert steps[-1].startswith(case.seen), steps
    worst = audit.findings[0]
    assert steps[-1].startswith(PROMISED[worst.severity]), (worst, steps)
    assert worst.advice
    if worst.severity == Severity.DIES_WHEN_CALLED and case.code != "trapping-pyinit":
        assert "imported" in steps, "the import must succeed"
