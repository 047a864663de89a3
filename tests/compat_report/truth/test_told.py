"""What a run tells, and the outcome that follows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from compat_report.model import Verdict
from compat_report.reported import End, Outcome
from compat_report.truth.beside import Beside, read_beside
from compat_report.truth.told import Telling, judge_run

STARTED = {"kind": "started", "heap": 20 << 20}
RUNNING = {"kind": "running", "cell": 2, "at": 1.0}
RAN = {"kind": "ran", "cell": 2, "seconds": 0.5, "silent": False, "heap": 30 << 20}


def raised(kind: str = "ValueError", **more: object) -> dict[str, object]:
    event = {"kind": "raised", "type": kind, "text": f"{kind}: no", "memory": False}
    return {**event, "place": "", "missed": [], "unmet": [], "typed": False, **more}


def judge(
    *events: Mapping[str, Any],
    why: str = "",
    away: Mapping[str, str] | None = None,
    beside: Beside | None = None,
) -> Outcome:
    told = Telling()
    told.learn(json.dumps(event).encode() for event in events)
    return judge_run(
        told,
        why,
        host="node",
        beside=beside or Beside(),
        away=away or {},
        imports={name: frozenset((name,)) for name in away or {}},
    )


def test_it_runs() -> None:
    outcome = judge(STARTED, RUNNING, RAN, {"kind": "finished"})
    assert outcome == Outcome(end=End.RUNS, host="node", seconds=0.5, heap=30 << 20)


def test_it_fails() -> None:
    outcome = judge(STARTED, RUNNING, RAN, raised())
    assert (outcome.end, outcome.cell, outcome.reason) == (End.FAILS, 2, "ValueError: no")


def test_what_does_nothing_in_silence_fails_where_it_did() -> None:
    ran = {**RAN, "cell": 1, "silent": True}
    outcome = judge(STARTED, ran, RUNNING, RAN, {"kind": "finished"})
    assert (outcome.end, outcome.cell) == (End.FAILS, 1)
    assert "os.system" in outcome.reason


@pytest.mark.parametrize(
    ("events", "why", "end"),
    [
        ([raised("MemoryError", memory=True)], "", End.OUT_OF_MEMORY),
        ([], "no answer after 60 s", End.HANGS),
        ([], "the runtime died: it ended itself", End.CRASHES),
        ([], "the runtime died: FATAL ERROR: JavaScript heap out of memory", End.OUT_OF_MEMORY),
        ([{"kind": "died", "reason": "RangeError: Out of memory"}], "", End.OUT_OF_MEMORY),
        ([{"kind": "died", "reason": "memory access out of bounds"}], "", End.CRASHES),
    ],
)
def test_other_ends(events: list[Mapping[str, Any]], why: str, end: End) -> None:
    outcome = judge(STARTED, RUNNING, *events, why=why)
    assert (outcome.end, outcome.cell) == (end, 2)
    assert outcome.reason


def test_a_runtime_that_does_not_start_says_nothing_of_the_notebook() -> None:
    outcome = judge({"kind": "died", "reason": "no such file"})
    assert outcome.end is End.UNTESTED
    assert "no such file" in outcome.reason
    assert outcome.agrees(Verdict.BROWSER) is None


@pytest.mark.parametrize("missed", [["numpy"], ["os", "numpy.linalg"]])
def test_what_could_not_be_had_makes_it_untested(missed: list[str]) -> None:
    gone = {"numpy": "no index has it"}
    outcome = judge(STARTED, RUNNING, raised("ModuleNotFoundError", missed=missed), away=gone)
    assert outcome.end is End.UNTESTED
    assert "numpy could not be had here: no index has it" in outcome.reason


def test_a_line_that_installs_what_could_not_be_had_makes_it_untested() -> None:
    gone = {"scikit-learn": "no index has it"}
    failed = raised("ValueError", unmet=["scikit-learn"])
    assert judge(STARTED, RUNNING, failed, away=gone).end is End.UNTESTED


def test_what_was_missed_last_is_told() -> None:
    gone = {"numpy": "no index has it", "comm": "it is part of the kernel"}
    outcome = judge(STARTED, RUNNING, raised(missed=["numpy", "comm"]), away=gone)
    assert outcome.reason.startswith("comm could not be had here: it is part of the kernel")


def test_only_where_it_was_missed() -> None:
    gone = {"numpy": "no index has it"}
    failed = raised("RuntimeError", missed=["torch"])
    assert judge(STARTED, RUNNING, failed, away=gone).end is End.FAILS
    assert judge(STARTED, RUNNING, RAN, {"kind": "finished"}, away=gone).end is End.RUNS


def test_the_network_being_off_makes_it_untested() -> None:
    failed = {**raised("ConnectionError"), "asked": ["https://rates.example.com/"]}
    outcome = judge(STARTED, RUNNING, failed)
    assert outcome.end is End.UNTESTED
    assert "https://rates.example.com/" in outcome.reason


def test_what_only_a_browser_s_engine_has_makes_it_untested() -> None:
    text = "RuntimeError: WebAssembly stack switching not supported in this JavaScript runtime"
    assert judge(STARTED, RUNNING, raised("RuntimeError", text=text)).end is End.UNTESTED


def test_having_nobody_to_type_makes_it_untested() -> None:
    assert judge(STARTED, RUNNING, raised("EOFError", typed=True)).end is End.UNTESTED


def test_a_file_that_was_kept_back_makes_it_untested(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "shared.csv").write_text("1\n")
    beside = read_beside(tmp_path / "notebooks")
    missing = raised("FileNotFoundError", place="../shared.csv")
    assert judge(STARTED, RUNNING, missing, beside=beside).end is End.UNTESTED
    nowhere = raised("FileNotFoundError", place="nowhere.csv")
    assert judge(STARTED, RUNNING, nowhere, beside=beside).end is End.FAILS
    absolute = raised("FileNotFoundError", place=str(tmp_path / "shared.csv"))
    assert judge(STARTED, RUNNING, absolute, beside=beside).end is End.FAILS


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"finished"',
        b"[" * 100_000,
        b'{"kind": []}',
        b'{"kind": "running", "cell": "3"}',
        b'{"kind": "ran", "cell": 3, "seconds": "long"}',
        b'{"kind": "raised", "missed": 3}',
        b'{"kind": "died", "reason": 3}',
        b'{"heap": "all"}',
        b'{"asked": 3}',
        b"\xff\xfe",
    ],
)
def test_what_makes_no_sense_is_passed_over(line: bytes) -> None:
    told = Telling()
    told.learn([json.dumps(STARTED).encode(), line, json.dumps(RUNNING).encode()])
    assert (told.started, told.cell, told.over) == (True, 2, False)


def test_who_tells_more_than_cells_can_is_stopped() -> None:
    told = Telling(most=3)
    told.learn([json.dumps(RUNNING).encode()] * 3)
    assert not told.over
    told.learn([b"{}"])
    assert told.over


@pytest.mark.parametrize(
    ("end", "verdict", "agrees"),
    [
        (End.RUNS, Verdict.BROWSER, True),
        (End.RUNS, Verdict.SERVER, False),
        (End.FAILS, Verdict.BROWSER, False),
        (End.CRASHES, Verdict.SERVER, True),
        (End.HANGS, Verdict.UNKNOWN, None),
        (End.UNTESTED, Verdict.SERVER, None),
    ],
)
def test_agreement(end: End, verdict: Verdict, agrees: bool | None) -> None:
    assert Outcome(end=end, host="node").agrees(verdict) is agrees
