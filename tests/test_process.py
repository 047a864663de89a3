import contextlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from porter.errors import CommandFailed, CommandTimedOut, MissingRequirement
from porter.process import Children, read_tail, run

ENV = {"PATH": os.environ["PATH"], "ONLY": "this"}


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_output_goes_to_the_log_and_the_environment_is_given(tmp_path: Path) -> None:
    log, lines = tmp_path / "logs" / "log", list[str]()
    command = [sys.executable, "-c", "import os; print(sorted(os.environ)); print(os.getcwd())"]
    run(command, log=log, env=ENV, cwd=tmp_path, on_line=lines.append)
    assert lines[1] == str(tmp_path)
    assert "'ONLY', 'PATH'" in lines[0]
    assert "HOME" not in lines[0]
    run(["sh", "-c", r"printf '\377 no newline'"], log=log, env=ENV, on_line=lines.append)
    assert lines[-1] == "\ufffd no newline"
    text = log.read_bytes()
    assert text.count(b"$ ") == 2
    assert text.endswith(b"\xff no newline")


def test_how_a_command_fails(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(CommandFailed, match="sh ended with exit code 7") as caught:
        run(["sh", "-c", "echo out; echo err >&2; exit 7"], log=log, env=ENV)
    assert caught.value.log == log
    assert read_tail(log)[-2:] == ["out", "err"]
    with pytest.raises(MissingRequirement, match="no-such-program"):
        run(["no-such-program"], log=log, env=ENV)


def test_a_time_limit_ends_grandchildren_too(tmp_path: Path) -> None:
    seen: list[str] = []
    with pytest.raises(CommandTimedOut, match=r"stopped after 0\.5 s"):
        run(
            ["sh", "-c", "sleep 300 & echo $!; wait"],
            log=tmp_path / "log",
            env=ENV,
            timeout=0.5,
            on_line=seen.append,
        )
    for _ in range(100):
        if not alive(int(seen[0])):
            break
        time.sleep(0.02)
    assert not alive(int(seen[0]))


def test_nothing_of_a_session_is_left_behind(tmp_path: Path) -> None:
    seen: list[str] = []
    command = ["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $!"]
    run(command, log=tmp_path / "log", env=ENV, on_line=seen.append)
    for _ in range(100):
        if not alive(int(seen[0])):
            break
        time.sleep(0.02)
    assert not alive(int(seen[0]))


def test_children_are_stopped_now_and_later(tmp_path: Path) -> None:
    children, started = Children(), threading.Event()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            run(
                ["sh", "-c", "echo up; sleep 300"],
                log=tmp_path / "log",
                env=ENV,
                children=children,
                on_line=lambda _: started.set(),
            )
        except CommandFailed as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(30)
    before = children.stopped
    children.stop()
    thread.join(30)
    assert len(errors) == 1
    assert (before, children.stopped) == (False, True)
    with pytest.raises(CommandFailed):
        run(["sleep", "300"], log=tmp_path / "log", env=ENV, children=children)


def test_the_tail_of_a_long_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    tail = read_tail(log, limit=1000)
    assert tail[-1] == "line 99999"
    assert all(line.startswith("line ") for line in tail)
    assert len("\n".join(tail)) <= 1000
