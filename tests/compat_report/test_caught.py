"""A `try` that goes on after what a browser raises is a guard, and what was replaced is not used."""

import tomllib
from pathlib import Path

import pytest

from compat_report.apis import find_apis
from compat_report.model import Cell, CellKind, Notebook
from compat_report.rules import read_rules, watched_names
from compat_report.syntax.facts import read_facts
from compat_report.syntax.watch import Watch

PROBES = Path(__file__).parent / "probes.toml"


def told(*sources: str) -> list[str]:
    cells = tuple(
        Cell(index=number, kind=CellKind.CODE, source=source)
        for number, source in enumerate(sources)
    )
    notebook = Notebook(path="a.ipynb", format="ipynb", sha256="", cells=cells)
    facts = read_facts(notebook, watch=Watch.of(watched_names()))
    return [f"{found.code} {found.severity}" for found in find_apis(facts)]


START = "import threading\ntry:\n    threading.Thread(target=print).start()\nexcept {}:\n    {}\n"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([START.format("RuntimeError", "print()")], ["thread info"]),
        ([START.format("(ValueError, RuntimeError) as error", "print()")], ["thread info"]),
        ([START.format("Exception", "print()")], ["thread info"]),
        ([START.format("OSError", "print()")], ["thread server"]),
        ([START.format("RuntimeError", "raise")], ["thread server"]),
        (["import subprocess as s\ntry:\n    s.run(['git'])\nexcept OSError:\n    pass"], ["subprocess info"]),
        (["import subprocess as s\ntry:\n    s.run(['git'])\nexcept FileNotFoundError:\n    pass"], ["subprocess server"]),
        (["import asyncio\ntry:\n    await asyncio.create_subprocess_exec('ls')\nexcept OSError:\n    pass"], ["subprocess server"]),
        (["import signal\ntry:\n    signal.alarm(3)\nexcept AttributeError:\n    pass"], ["absent-name info"]),
        # Only what stands in the `try` itself is guarded by it.
        (["import os\ntry:\n    pass\nexcept OSError:\n    os.fork()\nelse:\n    os.fork()"], ["subprocess info", "subprocess server"]),
        (["import os\ntry:\n    os.fork()\nfinally:\n    pass"], ["subprocess server"]),
        # os.system says nothing, so nothing is caught.
        (["import os\ntry:\n    os.system('ls')\nexcept OSError:\n    pass"], ["os-system server"]),
    ],
)  # fmt: skip
def test_what_is_caught(sources: list[str], expected: list[str]) -> None:
    assert told(*sources) == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["import builtins\nbuiltins.input = lambda *_: 'Ada'", "input('name')"], []),
        (["import builtins", "input('name')\nbuiltins.input = None"], ["blocking-input server"]),
        (["import subprocess\nsubprocess.run = print\nsubprocess.run(['ls'])"], []),
        (["import subprocess\nsubprocess.run = print\nsubprocess.call(['ls'])"], ["subprocess server"]),
        (["import builtins\nif chance():\n    builtins.input = print", "input()"], ["blocking-input server"]),
        (["import builtins\ndef later():\n    builtins.input = print", "input()"], ["blocking-input server"]),
    ],
)  # fmt: skip
def test_what_is_replaced(sources: list[str], expected: list[str]) -> None:
    kept = [line for line in told(*sources) if not line.endswith((" info", " unknown"))]
    assert kept == expected


def test_what_catches_a_use_is_what_the_runtime_raises_for_it() -> None:
    probes = tomllib.loads(PROBES.read_text("utf-8"))["probe"]
    seen = 0
    for rule in read_rules().values():
        for case in rule.cases:
            for probe in probes:
                if case.caught_by and probe["rule"] == rule.code and probe["name"] in case.names:
                    raised = probe["is"].removeprefix("raises ").partition(":")[0]
                    assert raised in case.caught_by, probe
                    seen += 1
    assert seen > 40
