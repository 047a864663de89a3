"""What cells do, read from their sources."""

import importlib
from importlib.util import find_spec

import pytest

from kernel_bridge.inside.analysis.cell import Analysis, analyse_cell, known_of
from kernel_bridge.inside.analysis.effects import Known
from kernel_bridge.inside.analysis.effects_table import CALLS, READERS, SEEDED


def analyse(source: str, known: Known | None = None) -> Analysis:
    return analyse_cell(source, known or Known())


def kinds(source: str, known: Known | None = None) -> list[tuple[str, int]]:
    return [(effect.kind, effect.line) for effect in analyse(source, known).effects]


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("x = y + z", "y z", "x"),
        ("x = 1\ny = x", "", "x y"),
        ("x += 1", "x", "x"),
        ("if a:\n    x = 1\ny = x", "a x", "x y"),
        ("if a:\n    x = 1\nelse:\n    x = 2\ny = x", "a", "x y"),
        ("for i in r:\n    t = i\nu = t", "r t", "i t u"),
        ("try:\n    x = a\nexcept E as e:\n    x = 2\ny = x", "E a", "e x y"),
        ("[i for i in xs if i > low]", "low xs", ""),
        ("[(y := i) for i in xs]\ny", "xs", "y"),
        ("def f(a, b=d):\n    c = a + g\n    return c", "d g", "f"),
        ("f = lambda q: q + w", "w", "f"),
        ("class C(B):\n    k = v\n    def m(self): return k", "B k v", "C"),
        ("def f():\n    global n\n    n = 1", "", "f"),
        ("import a.b, c as d\nfrom e import g", "", "a d g"),
        ("with open_it(p) as h:\n    h.read()", "open_it p", "h"),
        ("del x", "x", ""),
        ("match v:\n    case [a, *b]: pass\n    case {'k': c, **d}: pass", "v", "a b c d"),
        ("%time x = f(y)", "f y", "x"),
        ("%%time\nx = f(y)", "f y", "x"),
        ("%%timeit -n 3 -r 2 setup = a\nf(setup2)", "f setup2", ""),
        ("%timeit -n10 f(y)", "f y", ""),
        ("%%capture out\nx = y", "y", "x"),
        ("files = !ls {where}", "", "files"),
        ("x: int = y", "int y", "x"),
        ("x?", "", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_names(source: str, reads: str, writes: str) -> None:
    found = analyse(source).bindings
    assert " ".join(sorted(found.reads)) == reads
    assert " ".join(sorted(found.writes)) == writes


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("df['x'] = 1", "df"),
        ("a.b.c = 1", "a"),
        ("xs.append(1)", "xs"),
        ("print(x)", ""),
        ("shuffle(x)", "x"),
        ("y = xs.pop()", ""),
        ("await save(x)", "x"),
        ("def f():\n    global n\n    n = 1", "n"),
        ("x += 1", "x"),
    ],
)
def test_changes(source: str, changes: str) -> None:
    assert " ".join(sorted(analyse(source).bindings.changes)) == changes


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("h = open('f', 'w')", [("write", 1)]),
        ("open('f').read()", []),
        ("open('f', mode=m)", [("write", 1)]),
        ("import pathlib\np = pathlib.Path('x')\np.write_text('y')", [("write", 3)]),
        ("from pathlib import Path\nPath('x').open('a')", [("write", 2)]),
        ("import requests as r\nx = 1\nr.post(u)", [("network", 3)]),
        ("from requests import get\nget(u)", [("network", 2)]),
        ("import requests\ns = requests.Session()\ns.get(u)", [("network", 2), ("network", 3)]),
        ("!ls", [("shell", 1)]),
        ("x = 1\n!rm -r .", [("shell", 2)]),
        ("%%bash\nls", [("shell", 1)]),
        ("%%sql\nselect 1", [("database", 1)]),
        ("%pip install x", [("install", 1)]),
        ("%nobody knows", [("magic", 1)]),
        ("%matplotlib inline", []),
        ("%time x = 1", []),
        ("%%time\nx = 1\n!ls", [("shell", 3)]),
        ("import os\nos.system('x')", [("process", 2)]),
        ("from subprocess import run\nrun(['x'])", [("process", 2)]),
        ("name = input()", [("input", 1)]),
        ("import random\nrandom.random()", [("random", 2)]),
        ("import numpy as np\nnp.random.seed(1)\nnp.random.rand()", [("random", 3)]),
        ("import time\ntime.time()", [("clock", 2)]),
        ("df.to_csv('x')", [("write", 1)]),
        ("text = df.to_csv()", []),
        ("df.to_sql('t', c)", [("database", 1)]),
        ("import pandas as pd\npd.read_csv('https://x')", [("network", 2)]),
        ("import pandas as pd\npd.read_csv('x.csv')", []),
        ("def f():\n    open('x', 'w')", []),
        ("def f():\n    open('x', 'w')\nf()", [("write", 3)]),
        ("def f():\n    open('x', 'w')\ndef g(): f()\nlist(map(g, xs))", [("write", 4)]),
        ("class C:\n    def keep(self): open('x', 'w')\nC().keep()", [("write", 3)]),
        ("class C:\n    def __init__(self): open('x', 'w')\nc = C()", [("write", 3)]),
        ("class C:\n    open('x', 'w')", [("write", 2)]),
        ("x = (", [("unreadable", 1)]),
    ],
)  # fmt: skip
def test_effects(source: str, expected: list[tuple[str, int]]) -> None:
    assert kinds(source) == expected


def test_what_earlier_cells_told_counts() -> None:
    known = Known()
    assert kinds("import requests as r\ndef send(x):\n    r.post(x)", known) == []
    assert kinds("def twice(x):\n    send(x); send(x)", known) == []
    assert kinds("y = 1\ntwice(y)", known) == [("network", 2)]


def test_a_live_namespace_tells_what_names_are() -> None:
    import random
    import subprocess

    known = known_of({"sp": subprocess, "go": subprocess.run, "dice": random.Random(), "n": 1})  # noqa: S311
    assert kinds("sp.run(x)\ngo(x)\nn.run()", known) == [("process", 1), ("process", 2)]
    assert kinds("dice.random()", known) == [("random", 1)]


def test_imports_of_a_cell() -> None:
    source = "%time import attr\nimport a.b\nfrom c import d\ntry:\n    import e\nexcept ImportError: pass"
    assert analyse(source).imports == ("a.b", "c", "e", "attr")


def test_deep_nesting_is_an_answer() -> None:
    assert kinds("x = " + "(" * 500 + ")" * 500) == [("unreadable", 1)]
    deep = "x = " + "-" * 100_000 + "1"
    assert kinds(deep)[0][0] == "unreadable"


NAMES = [name for names in CALLS.values() for name in names] + sorted(READERS | SEEDED)


@pytest.mark.parametrize("name", [one for one in NAMES if find_spec(one.partition(".")[0])])
def test_what_the_table_names_is_there(name: str) -> None:
    """Of the libraries that are at hand: the others are many, and their names are their own."""
    parts = name.removesuffix(".*").split(".")
    value = importlib.import_module(parts[0])
    for number, part in enumerate(parts[1:], start=2):
        if "*" in part:
            assert any(one.startswith(part.rstrip("*")) for one in dir(value)), name
            return
        if not hasattr(value, part):
            importlib.import_module(".".join(parts[:number]))
        value = getattr(value, part)
