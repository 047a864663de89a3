"""`porter explain`, started as a person starts it."""

import subprocess
from pathlib import Path

import pytest
from conftest import Porter
from projects import SOURCE, make_tiny
from running import Ran, porter_command, porter_env, run_porter

LOG = "compiling\n\x1b[1msrc/fast.c:3:10: fatal error: 'zlib.h' file not found\x1b[0m\r\nBuildBackendException\n"


def explain(folder: Path, *arguments: str | Path) -> Ran:
    return run_porter("explain", *arguments, home=folder / "home", cwd=folder)


def pipe(folder: Path, content: bytes) -> Ran:
    done = subprocess.run(
        porter_command("explain", "-"),
        cwd=folder,
        env=porter_env(folder / "home", {}),
        input=content,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def test_a_log_is_explained(tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text(LOG, newline="")
    ran = explain(tmp_path, "build.log")
    assert ran.code == 0, ran.err
    cause, evidence, edit, more = ran.out.splitlines()
    assert cause == (
        "cause: src/fast.c includes zlib.h, which neither the project nor the platform supplies"
    )
    assert evidence == (
        "evidence: build.log:2: src/fast.c:3:10: fatal error: 'zlib.h' file not found"
    )
    assert edit.startswith("edit: zlib.h is of zlib: build zlib for WebAssembly")
    assert more == "more: docs/reference/diagnoses.md#missing-header"


def test_a_program_can_read_it(tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text(f"{LOG}wasm-ld: error: unable to find library -lz\n")
    ran = explain(tmp_path, "build.log", "--json")
    assert ran.code == 0
    assert ran.json["ok"] is True
    assert [(found["code"], found["line"]) for found in ran.json["diagnoses"]] == [
        ("missing-header", 2),
        ("missing-library", 4),
    ]
    ran = pipe(tmp_path, b"")
    assert ran.code == 1


def test_what_is_piped_in_is_explained(tmp_path: Path) -> None:
    ran = pipe(tmp_path, LOG.encode())
    assert ran.code == 0, ran.err
    assert "evidence: stdin:2: " in ran.out


def test_a_log_of_no_known_class_shows_what_to_read(tmp_path: Path) -> None:
    (tmp_path / "odd.log").write_text("one\nValueError: three conflicts\n")
    ran = explain(tmp_path, "odd.log")
    assert ran.code == 1
    assert "  ValueError: three conflicts" in ran.out
    ran = explain(tmp_path, "odd.log", "--json")
    assert ran.code == 1
    assert ran.json["ok"] is False
    assert ran.json["lines"] == ["ValueError: three conflicts"]


@pytest.mark.parametrize("content", [b"", b"\0\xff\xfe" * 4000, b"\n" * 4000, b"\x1b[" * 4000])
def test_what_is_no_log_is_of_no_known_class(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(content)
    for ran in (explain(tmp_path, "odd"), pipe(tmp_path, content)):
        assert ran.code == 1
        assert "of no known class" in ran.out
        assert not ran.err


def test_of_a_huge_log_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "huge.log"
    with log.open("wb") as file:
        file.write(b"a line of a build that goes on\n" * 1_000_000)
        file.write(LOG.encode())
    ran = explain(tmp_path, log)
    assert ran.code == 0
    assert "evidence: huge.log:1000002: " in ran.out


def test_a_file_of_many_gigabytes_is_read_at_its_end(tmp_path: Path) -> None:
    log = tmp_path / "sparse.log"
    with log.open("wb") as file:
        file.seek(20 << 30)
        file.write(b"\n" + LOG.encode())
    ran = explain(tmp_path, log)
    assert ran.code == 0
    assert "evidence: sparse.log: src/fast.c:3:10: " in ran.out


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for name in ("none.log", "."):
        ran = explain(tmp_path, name)
        assert ran.code == 4
        assert ran.err.startswith(f"porter: {name}")
        assert "Traceback" not in ran.err


def test_a_broken_build_says_its_cause_and_the_edit(porter: Porter, tmp_path: Path) -> None:
    source = SOURCE.replace("PyLong_FromLong(42)", "PyLong_FromLong(fast_sum(40, 2))")
    broken = make_tiny(tmp_path / "tiny", source=source)
    ran = porter("build", broken)
    assert ran.code == 3
    assert "porter: tiny does not build: tiny.c uses fast_sum, which no header" in ran.err
    assert ".log:20: tiny.c:3:86: error: call to undeclared function 'fast_sum'" in ran.err
    assert "what to do: include the header that declares fast_sum" in ran.err
    assert "docs/reference/diagnoses.md#undeclared-function" in ran.err
    log = ran.err.rpartition("full log: ")[2].strip()
    again = porter("explain", log)
    assert again.code == 0
    assert "cause: tiny.c uses fast_sum" in again.out
