import contextlib
import io
import os
import pty
import termios

import pytest

from porter.progress import LiveReporter, Placed, PlainReporter, Progressing, Quiet, Reporter


def tell(reporter: Reporter) -> None:
    reporter.phase("a", "compiling")
    reporter.phase("a", "compiling")
    for percent in range(101):
        reporter.advance("a", percent / 100)
    reporter.phase("b", "[1/2] odd [markup]")
    reporter.done("a", "built")


def test_a_log_gets_plain_lines() -> None:
    stream = io.StringIO()
    with Progressing(stream) as reporter:
        assert isinstance(reporter, PlainReporter)
        tell(reporter)
    lines = [line.split("] ", 1)[1] for line in stream.getvalue().splitlines()]
    assert lines == [
        "a: compiling",
        "a: compiling: 25%",
        "a: compiling: 50%",
        "a: compiling: 75%",
        "b: [1/2] odd [markup]",
        "a: built",
    ]


def test_a_terminal_gets_a_live_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    try:
        master, slave = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine gives no terminal: {error}")
    termios.tcsetwinsize(slave, (24, 80))
    with os.fdopen(slave, "w") as stream, Progressing(stream) as reporter:
        assert isinstance(reporter, LiveReporter)
        tell(reporter)
    shown = b""
    # The other end is closed: reading on is an error, not an end.
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 100_000):
            shown += chunk
    os.close(master)
    assert b"a: built" in shown
    assert b"[1/2] odd [markup]" in shown


def test_quiet_says_nothing() -> None:
    stream = io.StringIO()
    with Progressing(stream, quiet=True) as reporter:
        assert isinstance(reporter, Quiet)
        tell(reporter)
    assert stream.getvalue() == ""


def test_the_same_subject_in_two_places_is_two() -> None:
    stream = io.StringIO()
    with Progressing(stream) as reporter:
        for place in ("0.29", "314"):
            tell(Placed(reporter, place))
    said = stream.getvalue()
    for place in ("0.29", "314"):
        assert said.count(f"a on {place}: compiling\n") == 1
        assert f"a on {place}: compiling: 25%" in said
        assert f"a on {place}: built" in said
