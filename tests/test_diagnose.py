"""Logs of a few lines, as many tools print them; the real ones are in tests/diagnosis."""

import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.diagnose import (
    PLACE,
    SHOWN,
    WIDTH,
    Diagnosis,
    clean_line,
    decisive_lines,
    diagnose,
    explain_text,
    parse_rules,
    read_rules,
)

RULES = read_rules()
CODES = {rule.code for rule in RULES}
HINTS = sorted({hint for rule in RULES for hint in rule.hints})


def first(text: str) -> Diagnosis:
    found = explain_text(text, RULES)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("a.c:3:5: error: call to undeclared function 'f'; ISO C99", "undeclared-function"),
        ("a.c:3:5: error: implicit declaration of function 'f' is invalid", "undeclared-function"),
        ("src/a.c:3:10: fatal error: 'zlib.h' file not found", "missing-header"),
        ("a.cpp:1:9: fatal error: windows.h: No such file or directory", "missing-header"),
        ("wasm-ld: error: unable to find library -lz", "missing-library"),
        ('../meson.build:9:6: ERROR: Dependency "glib-2.0" not found, tried pkgconfig', "missing-library"),
        ("../meson.build:9:6: ERROR: C shared or static library 'm4ri' not found", "missing-library"),
        ("Error: Dynamic linking error: cannot resolve symbol invoke_vii", "exception-flags"),
        ("wasm-ld: error: a.o: undefined symbol: emscripten_longjmp", "exception-flags"),
        ("wasm-ld: error: a.o: undefined symbol: __cxa_find_matching_catch_3", "exception-flags"),
        ("a.cpp:2:3: error: cannot use 'throw' with exceptions disabled", "exception-flags"),
        ("Error: bad export type for 'fast_sum': undefined", "undefined-symbol"),
        ("ImportError: dynamic module: undefined symbol: fast_sum", "undefined-symbol"),
        ('LinkError: Import #0 module="env" function="f": imported function does not match the expected type', "signature-mismatch"),
        ("RuntimeError: null function or function signature mismatch", "signature-mismatch"),
        ("ImportError: dynamic module does not define module export function (PyInit_x)", "empty-module"),
        ("wasm-ld: error: /usr/lib/x86_64-linux-gnu/libz.so: unknown", "host-leak"),
        ("/usr/include/stdio.h:27:10: fatal error: 'bits/libc-header-start.h' file not found", "host-leak"),
        ("a.o is incompatible with elf_x86_64", "host-leak"),
        ("wasm-ld: error: unable to find library -lgomp", "threads"),
        ("a.c:1:10: fatal error: 'omp.h' file not found", "threads"),
        ("wasm-ld: error: --shared-memory is disallowed by a.o because it was not compiled with 'atomics'", "threads"),
        ("RuntimeError: can't start new thread", "threads"),
        ("a.c:1:10: fatal error: 'numpy/arrayobject.h' file not found", "numpy-headers"),
        ("RuntimeError: module compiled against ABI version 0x1000009 but this version is 0x2000000", "numpy-headers"),
        ("ValueError: numpy.dtype size changed, may indicate binary incompatibility", "numpy-headers"),
        ("../meson.build:1:0: ERROR: Unknown compiler(s): [['gfortran'], ['flang-new']]", "fortran"),
        ("error: can't find crate for `std`", "rust"),
        ("  = note: the `wasm32-unknown-emscripten` target may not be installed", "rust"),
        ("error: failed to select a version for `pyo3`.", "rust"),
        ("Cargo, the Rust package manager, is not installed or is not on PATH.", "rust"),
        ("ModuleNotFoundError: No module named 'pkg_resources'", "backend-version"),
        ("AttributeError: module 'pkgutil' has no attribute 'ImpImporter'", "backend-version"),
        ("meson.build:1:0: ERROR: Meson version is 0.61.2 but project requires >= 1.2", "backend-version"),
        ("  CMake 3.30 or higher is required.  You are running version 3.25.1", "backend-version"),
        ("clang: error: unsupported option '-msse4.2' for target 'wasm32-unknown-emscripten'", "host-platform"),
        ('a.h:3:2: error: "Unsupported architecture"', "host-platform"),
        ("a.c:1:10: fatal error: 'immintrin.h' file not found", "host-platform"),
        ("a.c:3:1: error: static assertion failed due to requirement 'sizeof(void *) == 8'", "assumes-64-bit"),
        ("OverflowError: Python int too large to convert to C ssize_t", "assumes-64-bit"),
        ("a.c:4:3: error: shift count >= width of type [-Werror]", "assumes-64-bit"),
        ("clang++: error: unable to execute command: Killed\nerror: a (received SIGKILL (-9))", "out-of-memory"),
        ("E   MemoryError", "out-of-memory"),
        ("Cannot enlarge memory arrays to size 2147483648", "out-of-memory"),
        ("/bin/sh: 1: bison: not found", "missing-tool"),
        ("./build.sh: line 3: nasm: command not found", "missing-tool"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'swig'", "missing-tool"),
        ("OSError: [Errno 28] No space left on device", "disk-full"),
        ("error: Failed to fetch: `simple/setuptools/`", "no-network"),
        ("RangeError: Maximum call stack size exceeded", "stack-overflow"),
        ("RuntimeError: unreachable", "runtime-died"),
        ("ModuleNotFoundError: No module named 'cbor2'", "missing-module"),
        ("Building wheel...\nModuleNotFoundError: No module named 'cbor2'", "build-requirement"),
        ("OSError: [Errno 138] emscripten does not support processes.", "no-processes"),
        ("urllib.error.URLError: <urlopen error [Errno 23] Host is unreachable>", "no-sockets"),
    ],
)  # fmt: skip
def test_a_line_tells_of_its_class(line: str, code: str) -> None:
    assert first(line).code == code


@pytest.mark.parametrize(
    "line",
    [
        "-- Could NOT find PNG (missing: PNG_LIBRARY)",
        "Dependency zlib found: NO (tried pkgconfig)",
        "checking for gfortran... no",
        "cc -fopenmp -march=native -I/usr/include -c a.c",
        "error: Command '['cc', '-fopenmp', '-lgomp']' returned non-zero exit status 1.",
        "Compiling src/threads.c",
        "AssertionError: 41 != 42",
        "test_unreachable PASSED",
        "error: Command 'cc' failed",
        "",
    ],
)
def test_what_tells_of_no_failure_is_of_no_class(line: str) -> None:
    assert explain_text(line, RULES) is None


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[1msrc/a.c:3:10: \x1b[0m\x1b[0;1;31mfatal error: \x1b[0m'zlib.h' file not found\x1b[0m",
        "2026-11-24T13:12:46.0000000Z src/a.c:3:10: fatal error: 'zlib.h' file not found\r",
        "[13:12:46] src/a.c:3:10: fatal error: 'zlib.h' file not found",
        "[2/17] src/a.c:3:10: fatal error: 'zlib.h' file not found",
        "#12 3.456 src/a.c:3:10: fatal error: 'zlib.h' file not found",
        "##[error]src/a.c:3:10: fatal error: 'zlib.h' file not found",
        "10 %\r100 %\rsrc/a.c:3:10: fatal error: 'zlib.h' file not found\r\n",
        "2026-11-24 13:12:46,123 [  3.1 s] [2/17] src/a.c:3:10: fatal error: 'zlib.h' file not found",
    ],
)
def test_a_servers_dress_of_a_line_is_taken_off(line: str) -> None:
    found = first(f"one\n{line}")
    assert found.evidence == "src/a.c:3:10: fatal error: 'zlib.h' file not found"
    assert found.line == 2
    assert found.cause.startswith("src/a.c includes zlib.h")
    assert "zlib.h is of zlib: build zlib" in found.edit
    assert found.page == "docs/reference/diagnoses.md#missing-header"


def test_a_cause_wins_over_its_consequences() -> None:
    log = [
        "a.c:2:3: error: call to undeclared function 'f'; ISO C99",
        "/usr/include/features.h:1:2: fatal error: 'bits/wordsize.h' file not found",
        "wasm-ld: error: a.o: undefined symbol: f",
        "ModuleNotFoundError: No module named 'x'",
    ]
    codes = [found.code for found in diagnose(log, RULES)]
    assert codes == [
        "host-leak",
        "undeclared-function",
        "missing-header",
        "undefined-symbol",
        "missing-module",
    ]


def test_of_equal_rank_the_first_line_wins() -> None:
    log = ["a.c:1:1: fatal error: 'one.h' file not found", "a.c:2:3: error: call to undeclared function 'f'"]  # fmt: skip
    assert [found.line for found in diagnose(log, RULES)] == [1, 2]
    assert [found.line for found in diagnose(log[::-1], RULES)] == [1, 2]


def test_a_probe_that_fails_is_an_answer_not_a_cause() -> None:
    probe = "/scratch/tmp/tmpa1b2.c:1:10: fatal error: 'linux/ethtool.h' file not found"
    real = "src/a.c:7:10: fatal error: 'linux/types.h' file not found"
    link = "wasm-ld: error: unable to find library -lz"
    assert first(f"{probe}\n{real}").line == 2
    assert first(f"{probe}\n{link}").code == "missing-library"
    assert first(probe).code == "missing-header"


def test_a_long_line_is_shown_where_it_tells() -> None:
    found = first(f"{'x' * 500} wasm-ld: error: unable to find library -lz {'y' * 5000}")
    assert len(found.evidence) <= SHOWN + 2
    assert "-lz" in found.evidence


def test_evidence_does_not_steer_a_terminal() -> None:
    found = first("\x07\x1b]0;title\x07wasm-ld: error: unable to find library -lz\x00\x9b2J")
    assert found.evidence == "wasm-ld: error: unable to find library -lz2J"


def test_a_log_of_no_known_class_shows_its_decisive_lines() -> None:
    assert decisive_lines(["2026-11-24T13:12:46Z ValueError: three conflicts"]) == (
        "ValueError: three conflicts",
    )


def test_every_place_of_a_template_is_filled_by_a_pattern() -> None:
    for rule in RULES:
        groups = {name for pattern in rule.patterns for name in pattern.groupindex}
        for template in (rule.cause, rule.edit):
            assert set(PLACE.findall(template)) <= groups, rule.code
        assert set(PLACE.findall(rule.known_edit)) <= groups | {"supplier"}, rule.code
        assert bool(rule.known) == bool(rule.table) == bool(rule.known_edit), rule.code
        assert not rule.known or rule.known in groups, rule.code


def test_codes_are_stable_words() -> None:
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in CODES)
    assert all(hint and "\n" not in hint for hint in HINTS)


def test_no_pattern_repeats_without_a_bound() -> None:
    for rule in RULES:
        for pattern in rule.patterns:
            bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern.pattern)
            assert not re.search(r"[*+]|\{\d+,\}", bare), (rule.code, pattern.pattern)


def test_rules_are_data() -> None:
    text = """
[[rule]]
code = "odd"
rank = 1
hints = ["odd"]
patterns = ['odd (?P<name>\\w+)']
cause = "{name} is odd"
edit = "leave {name} out"
"""
    rules = parse_rules(tomllib.loads(text))
    found = diagnose(["", "an odd thing"], rules)
    assert found == (
        Diagnosis(
            code="odd",
            cause="thing is odd",
            line=2,
            evidence="an odd thing",
            edit="leave thing out",
            page="docs/reference/diagnoses.md#odd",
        ),
    )


@given(st.lists(st.text(max_size=200) | st.sampled_from(HINTS), max_size=40), st.sampled_from(["", "\n", " ", ": ", "error: "]))  # fmt: skip
def test_any_text_is_read(parts: list[str], between: str) -> None:
    text = between.join(parts)
    for found in diagnose(text.split("\n"), RULES):
        assert found.code in CODES
        assert 1 <= found.line <= text.count("\n") + 1
        assert found.cause
        assert found.edit
        assert "\n" not in found.cause + found.edit + found.evidence
    decisive_lines(text.split("\n"))


@given(st.text())
def test_a_line_is_cleaned_once(line: str) -> None:
    assert len(clean_line(line)) <= WIDTH


@pytest.mark.parametrize(
    "line",
    [
        "error: " * 600,
        "a" * 4000,
        "/usr/include/" * 300 + " error: is incompatible with",
        "x: error: unsupported " * 200,
        "RuntimeError: " + "platform " * 400,
        "Because " * 500 + "we can conclude that",
        "\x1b[" + "0;" * 3000 + "m error:",
    ],
)
def test_a_hostile_log_takes_seconds_at_most(line: str) -> None:
    # Lines that differ, so that none is left out as said before.
    log = [f"{number} {line}" for number in range(1000)]
    started = time.monotonic()
    diagnose(log, RULES)
    assert time.monotonic() - started < 10


def test_the_page_has_a_section_for_every_code() -> None:
    page = (Path(__file__).parents[1] / "docs/reference/diagnoses.md").read_text()
    sections = dict(re.findall(r"^## ([\w-]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert set(sections) == CODES
    for code, text in sections.items():
        shown = re.findall(r"^    (.+)$", text, re.MULTILINE)
        assert shown, code
        log = "Building wheel...\n" if code == "build-requirement" else ""
        for line in shown:
            assert first(log + line).code == code
