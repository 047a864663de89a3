import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from running import HEEDS_INTERRUPTS

from porter.batch import run_batch, run_graph
from porter.errors import BuildFailed
from porter.process import Children


def test_order_is_kept_and_a_failure_stops_no_other() -> None:
    def work(item: int) -> int:
        time.sleep(0.01 * (5 - item))
        if item == 2:
            raise BuildFailed("two")
        return item * item

    results, failures = run_batch(range(5), work, name=str, jobs=3, children=Children())
    assert results == [0, 1, 9, 16]
    assert [(failure.name, failure.error.message) for failure in failures] == [("2", "two")]


def test_each_waits_for_what_it_needs() -> None:
    waits = {"app": ["lib", "zip"], "lib": ["zip"], "user": ["bad"], "its-user": ["user"]}

    def work(item: str, below: Mapping[str, str], share: int) -> str:
        if item == "bad":
            raise BuildFailed("no")
        return f"{item}({','.join(below.values())})"

    names = ["app", "its-user", "user", "bad", "lib", "zip"]
    results, failures = run_graph(
        {name: name for name in names}, waits, work, name=str, jobs=2, children=Children()
    )
    assert results == ["app(lib(zip()),zip())", "lib(zip())", "zip()"]
    assert [(f.name, f.error.message, f.blocked_by) for f in failures] == [
        ("its-user", "its-user waits for user, which failed", "bad"),
        ("user", "user waits for bad, which failed", "bad"),
        ("bad", "no", ""),
    ]


def test_what_most_waits_for_begins_first_with_its_share_of_processors() -> None:
    waits = {"leaf": [], "root": [], "middle": ["root"], "top": ["middle"], "end": ["top", "leaf"]}
    begun: list[tuple[str, int]] = []

    def work(item: str, below: Mapping[str, str], share: int) -> str:
        begun.append((item, share))
        return item

    def run(jobs: int, seconds: Mapping[str, float]) -> list[tuple[str, int]]:
        begun.clear()
        run_graph(
            {name: name for name in waits},
            waits,
            work,
            name=str,
            jobs=jobs,
            children=Children(),
            seconds=seconds,
        )
        return [*begun]

    assert [name for name, _ in run(1, {})] == ["root", "middle", "leaf", "top", "end"]
    longest = run(1, {"leaf": 99, "root": 1, "middle": 1, "top": 1, "end": 1})
    assert [name for name, _ in longest] == ["leaf", "root", "middle", "top", "end"]
    shares = dict(run(4, {"leaf": 99}))
    assert (shares["leaf"], shares["root"], shares["end"]) == (2, 2, 4)


def test_spare_ones_are_begun_and_take_no_share() -> None:
    together = threading.Barrier(3)

    def work(item: int, below: Mapping[int, int], share: int) -> int:
        together.wait(10)
        return share

    shares, failures = run_graph(
        {number: number for number in range(3)},
        {},
        work,
        name=str,
        jobs=2,
        spare=1,
        children=Children(),
    )
    assert (shares, failures) == ([1, 1, 1], [])


def test_fail_fast_begins_nothing_more_and_ends_nothing_that_runs() -> None:
    failed = threading.Event()

    def work(item: str, below: Mapping[str, str], share: int) -> str:
        if item == "bad":
            failed.set()
            raise BuildFailed("no")
        assert failed.wait(30)
        time.sleep(0.1)
        return item

    names = ["bad", "runs", "next", "user"]
    results, failures = run_graph(
        {name: name for name in names},
        {"user": ["runs"]},
        work,
        name=str,
        jobs=2,
        children=Children(),
        seconds={"bad": 9, "runs": 8, "next": 1},
        fail_fast=True,
    )
    assert results == ["runs"]
    assert [(f.name, f.error.message) for f in failures] == [
        ("bad", "no"),
        ("next", "next was not begun, since bad failed"),
        ("user", "user was not begun, since bad failed"),
    ]


def test_a_mistake_of_ours_is_not_hidden() -> None:
    def work(_: int) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_batch([1], work, name=str, jobs=1, children=Children())


def test_an_interrupt_ends_everything_quickly(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom porter.batch import run_batch\n"
        "from porter.errors import Interrupted\nfrom porter.process import Children, run\n"
        "folder, children = Path(sys.argv[1]), Children()\n"
        "def work(n):\n"
        "    run(['sh', '-c', f'echo $$ > {folder}/{n}.pid; sleep 300'], log=folder / 'log',\n"
        "        env={'PATH': '/usr/bin:/bin'}, children=children)\n"
        "try:\n"
        "    run_batch(range(4), work, name=str, jobs=2, children=children)\n"
        "except Interrupted:\n"
        "    sys.exit(42)\n"
    )
    command = [*HEEDS_INTERRUPTS, sys.executable, str(script), str(tmp_path)]
    process = subprocess.Popen(command, start_new_session=True)
    for _ in range(600):
        if len([path for path in tmp_path.glob("*.pid") if path.read_text().strip()]) == 2:
            break
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) == 42
    pids = [int(path.read_text()) for path in tmp_path.glob("*.pid")]
    assert len(pids) == 2, "what had not begun never does"
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
