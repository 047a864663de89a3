"""Failures that prove a verdict wrong: which do, and what is kept of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from compat_report.deciding.contradicted import Contradiction, Failed
from kernel_bridge.operations.contradictions import KEEP, MOST, Contradictions, parse_contradiction

CELL, CATALOGUE = "a" * 64, "b" * 64
FAILURE = {
    "event": "failure", "side": "browser", "failed": "import", "subject": "acme.tools",
    "judged": "browser", "cell": CELL, "catalogue": CATALOGUE,
}  # fmt: skip


def made(**more: Any) -> Contradiction:
    fields = {"cell": CELL, "catalogue": CATALOGUE, "failed": Failed.IMPORT, "subject": "a"}
    return Contradiction(**{**fields, **more})


def test_only_a_browser_proves_its_verdict_wrong() -> None:
    assert parse_contradiction(FAILURE) == made(subject="acme.tools")
    memory = {**FAILURE, "failed": "memory", "subject": "MemoryError"}
    assert parse_contradiction(memory) == made(failed=Failed.MEMORY, subject="")
    for more in ({"side": "server"}, {"judged": "unknown"}, {"judged": "server"}):
        assert parse_contradiction({**FAILURE, **more}) is None
    for name in ("judged", "cell", "catalogue", "subject"):
        assert parse_contradiction({k: v for k, v in FAILURE.items() if k != name}) is None
    assert parse_contradiction({"event": "started", "side": "browser", "seconds": 1}) is None


def test_those_alike_are_counted_and_the_oldest_give_way(tmp_path: Path) -> None:
    kept = Contradictions(tmp_path / "folder/c.json")
    assert kept.told() == ()
    kept.add(made())
    kept.add(made(subject="b"))
    kept.add(made())
    assert kept.told() == (made(subject="b"), made(count=2))
    # Another server of the same folder sees them, and what it adds is seen here.
    Contradictions(kept.path).add(made())
    assert kept.told() == (made(subject="b"), made(count=3))
    told = json.loads(kept.path.read_text())
    one = told["told"][0]
    told["told"] = [{**one, "subject": f"m{at}"} for at in range(MOST)]
    kept.path.write_text(json.dumps(told))
    kept.add(made(subject="last"))
    subjects = [one.subject for one in kept.told()]
    assert (len(subjects), subjects[0], subjects[-1]) == (MOST, "m1", "last")


def test_what_is_old_is_forgotten(tmp_path: Path) -> None:
    kept = Contradictions(tmp_path / "c.json")
    kept.add(made(), now=1000)
    kept.add(made(subject="b"), now=1001 + KEEP)
    assert [one["subject"] for one in json.loads(kept.path.read_text())["told"]] == ["b"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"told": 5}', '{"told": [{}]}', '{"told": [{"time": "x"}]}', "\0"]
)
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    kept = Contradictions(tmp_path / "c.json")
    kept.path.write_text(text)
    assert kept.told() == ()
    kept.add(made())
    assert kept.told() == (made(),)
