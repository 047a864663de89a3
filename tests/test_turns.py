import os
import subprocess
import sys
from pathlib import Path

from porter.backend import PYODIDE
from porter.pyodide import Turn
from porter.turns import VARIABLE, Turns

HOLD = """\
import os, sys
sys.path.insert(0, sys.argv[1])
from pyodide import Turn

turn = Turn.parse(os.environ["PORTER_TURNS"])
turn.take()
print("mine", flush=True)
sys.stdin.read()
"""


def hold(turns: Turns) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD, Path(PYODIDE).parent],
        env={**os.environ, **turns.env},
        pass_fds=[turns.file.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_a_turn_is_one_process_at_a_time_and_comes_back_from_one_that_was_killed() -> None:
    turns = Turns.open(1)
    first = hold(turns)
    assert first.stdout is not None
    assert first.stdout.readline() == b"mine\n"
    second = hold(turns)
    assert second.stdout is not None
    os.set_blocking(second.stdout.fileno(), False)
    assert not second.stdout.read()
    os.set_blocking(second.stdout.fileno(), True)
    first.kill()
    assert second.stdout.readline() == b"mine\n"
    for process in (first, second):
        process.communicate()
    turns.file.close()


def test_two_turns_are_two_and_one_is_given_away_meanwhile() -> None:
    turns = Turns.open(2)
    others = [hold(turns) for _ in range(2)]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
    others[0].communicate()
    turn = Turn.parse(turns.env[VARIABLE])
    turn.take()
    third = hold(turns)
    work = turn.given_away(lambda: third.stdout and third.stdout.readline())
    others[1].communicate()
    assert work() == b"mine\n"
    third.communicate()
    turns.file.close()


def test_without_turns_nobody_waits() -> None:
    turn = Turn.parse("")
    turn.take()
    assert turn.given_away(lambda: 1)() == 1
