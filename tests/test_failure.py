import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.failure import LINES, says_full, says_offline, summarise_failure


@pytest.mark.parametrize(
    ("log", "first"),
    [
        (
            (
                "cc -c a.c\na.c:1:10: fatal error: 'x.h' file not found\n1 error generated.\n"
                "emcc: error: '/clang a.c' failed (returned 1)\nerror: command '/cc' failed with exit code 1\n"
                'Traceback (most recent call last):\n  File "x", line 1\nCalledProcessError: returned non-zero exit status 1'
            ),
            "a.c:1:10: fatal error: 'x.h' file not found",
        ),
        ("noise\n\x1b[91mERROR\x1b[0m Missing dependencies: x", "ERROR Missing dependencies: x"),
        (
            "wasm-ld: error: undefined symbol: f\nemcc: error: 'ld' failed (returned 1)",
            "wasm-ld: error: undefined symbol: f",
        ),
        (
            "ModuleNotFoundError: No module named 'numpy'",
            "ModuleNotFoundError: No module named 'numpy'",
        ),
        (
            "CMake Error at CMakeLists.txt:3 (find_package):",
            "CMake Error at CMakeLists.txt:3 (find_package):",
        ),
        ("Failed to find llvm-readobj, quitting", "Failed to find llvm-readobj, quitting"),
        ("one\ntwo\n\n", "one"),
    ],
)
def test_the_first_cause_comes_first(log: str, first: str) -> None:
    assert summarise_failure(log.splitlines())[0] == first


def test_what_is_said_again_is_read_once() -> None:
    assert summarise_failure([*["cc -c a.c"] * 9, "odd", "cc -c b.c", "odd"]) == (
        "cc -c a.c",
        "cc -c b.c",
        "odd",
    )
    assert len(summarise_failure([f"error: {n % 9}" for n in range(99)])) == LINES


def test_an_empty_log_has_no_cause() -> None:
    assert summarise_failure([]) == ()


@given(st.lists(st.text(max_size=60), max_size=40))
def test_any_log_is_summarised(lines: list[str]) -> None:
    summary = summarise_failure(lines)
    assert len(summary) <= LINES
    assert all(line == line.strip() for line in summary)


def test_what_a_log_says_of_the_machine() -> None:
    assert says_offline(["error: Failed to fetch: `x`"])
    assert says_offline(["[Errno -2] Name or service not known"])
    assert not says_offline(["fatal error: 'x.h' file not found"])
    assert says_full(["OSError: [Errno 28] No space left on device"])
    assert not says_full(["error: no space in a name"])
