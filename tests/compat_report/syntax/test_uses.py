"""Uses of names as they are called where they come from."""

import pytest
from celling import WATCH, facts_of, used

from compat_report.model import NOT_CONSTANT
from compat_report.syntax.watch import Watch

THREAD, OPEN = "threading.Thread", "builtins.open"
SPARK = "pyspark.sql.SparkSession.builder.getOrCreate"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import threading\nthreading.Thread(target=f)"], [THREAD]),
        (["import threading as t", "t.Thread()"], [THREAD]),
        (["from threading import Thread", "Thread()"], [THREAD]),
        (["from threading import Thread as T", "T()"], [THREAD]),
        (["import threading\nT = threading.Thread", "T()"], [THREAD, THREAD]),
        (["import threading\nm = threading", "m.Thread()"], [THREAD]),
        (["from threading import *", "Thread()"], [THREAD]),
        (["import threading\nclass W(threading.Thread): pass", "W()"], [THREAD] * 3),
        (["Thread()"], []),
        (["x.threading.Thread()"], []),
        (["import threading\n'threading.Thread()' # threading.Thread()"], []),
        (["import threading\nthreading = fake\nthreading.Thread()"], []),
        (["import threading\ndef f(threading):\n    threading.Thread()"], []),
        (["open('x')"], [OPEN]),
        (["with open('x') as f:\n    f.read()"], [OPEN]),
        (["data = [line for line in open('x')]"], [OPEN]),
        (["x = {'a': [open]}"], [OPEN]),
        (["open = 3", "open('x')"], []),
        (["def open(x):\n    return x", "open('x')"], []),
        (["from io import open", "open('x')"], []),
        (["def f(open):\n    open('x')"], []),
        (["for open in x:\n    open('x')"], []),
        (["import gzip\ngzip.open('x')"], []),
        (["self.input('x')"], []),
        (["import builtins\nbuiltins.open('x')"], [OPEN]),
        (["import requests\ns = requests.Session()", "s.get('u')"], ["requests.Session.get"]),
        (["import requests\nrequests.Session().get('u').json()"], ["requests.Session.get"]),
        (["import requests\nr = requests.get('u')\nr.get()"], ["requests.get"]),
        (
            ["from multiprocessing import Pool\nwith Pool(4) as p:\n    p.map(f, x)"],
            ["multiprocessing.Pool", "multiprocessing.Pool.map"],
        ),
        (
            [
                "import concurrent.futures as cf",
                "with cf.ThreadPoolExecutor() as ex:\n    ex.submit(f)",
            ],
            ["concurrent.futures.ThreadPoolExecutor.submit"],
        ),
        (
            ["from pyspark.sql import SparkSession as S\ns = S.builder.getOrCreate()\ns.stop()\ns"],
            [SPARK, f"{SPARK}.stop"],
        ),
        (
            ["import google.cloud.storage\nc = google.cloud.storage.Client()"],
            ["google.cloud.storage.Client"],
        ),
        (["import os\nif os.system('x'): pass"], ["os.system"]),
        (["import os\nreturn os.system('x')"], ["os.system"]),
        (["import os\nassert os.system('x')\ndel x"], ["os.system"]),
        (["import os\n@os.fork\ndef f(x=open('x')): pass"], ["os.fork", OPEN]),
        (["import os\nlambda: os.fork()"], ["os.fork"]),
        (["import os\n(x := os.fork())"], ["os.fork"]),
        (["import os\nx = os.fork() if y else open('x')"], ["os.fork", OPEN]),
        (["import os\nx[os.fork()] = 1"], ["os.fork"]),
        (["import os\nx: int = os.fork()\nx += os.fork()"], ["os.fork"] * 2),
        (["import os\nwhile os.fork():\n    os.fork()\nelse:\n    os.fork()"], ["os.fork"] * 3),
        (
            ["import os\nmatch os.fork():\n    case 1 if os.fork():\n        os.fork()"],
            ["os.fork"] * 3,
        ),
        (
            ["import os\ntry:\n    pass\nexcept os.fork():\n    pass\nelse:\n    os.fork()"],
            ["os.fork"] * 2,
        ),
        (["import os\nf'{os.fork()}'"], ["os.fork"]),
        (["import os\nawait os.fork()"], ["os.fork"]),
        (
            [
                "import os\nasync def f():\n    async with open('x') as y:\n        async for z in y:\n            os.fork()"
            ],
            [OPEN, "os.fork"],
        ),
        (["import os\nos.fork().system(os.fork())"], ["os.fork"] * 2),
        (["\uff4fpen('x')"], [OPEN]),
    ],
)
def test_names(cells: list[str], expected: list[str]) -> None:
    assert [name for name, _ in used(facts_of(*cells))] == expected


def arguments(source: str, *before: str) -> tuple[tuple[object, ...], dict[str, object]]:
    cells = facts_of(
        "import numpy as np, pathlib, os\nfrom pathlib import Path", *before, source
    ).cells
    use = next(use for use in cells[-1].uses if use.name == "numpy.zeros")
    return use.arguments, dict(use.keywords)


N = NOT_CONSTANT


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("3", (3,)),
        ("'a', b'b', None, True, 2.5", ("a", b"b", None, True, 2.5)),
        ("(1000, 2 * 3)", ((1000, 6),)),
        ("[1, 2]", ((1, 2),)),
        ("10 ** 6, 1 << 20, -3, +3, 7 // 2, 7 % 4, 1 / 2", (10**6, 1 << 20, -3, 3, 3, 3, 0.5)),
        ("'a' + 'b', 'a' * 3, f'{1}-{\"x\"}'", ("ab", "aaa", "1-x")),
        ("SIZE, (SIZE, 2), SIZE * 2, f'{SIZE}.csv'", (5, (5, 2), 10, "5.csv")),
        ("A, B, C", (1, 2, (1, 2))),
        ("AGAIN", (2,)),
        ("CHANGED", (N,)),
        ("BRANCHED", (N,)),
        ("LOOPED", (N,)),
        ("UNKNOWN, x, f(3), x[1], (1, x)", (N, N, N, N, N)),
        ("*x, 3", (N,)),
        (
            "Path('a') / 'b', Path('a', 'b'), os.path.join('a', 'b/', 'c'), str('x'), int('3')",
            ("a/b", "a/b", "a/b/c", "x", 3),
        ),
        ("FOLDER / 'x.csv', FOLDER", ("data/x.csv", "data")),
        ("1 / 0, 'a' + 1, 2 ** 10 ** 10, 'a' * 10 ** 10, 1 << 10 ** 9, 'a' % 3", (N,) * 6),
        ("(-1) ** 0.5, f'{3:>10}', int('x'), 1j", (N, N, N, 1j)),
        ("9" * 4000 + " ** 4000", (N,)),
    ],
)
def test_arguments_are_worked_out(call: str, expected: tuple[object, ...]) -> None:
    before = (
        "SIZE = 5\nA, B = 1, 2\nC = A, B\nAGAIN = 1\nAGAIN = 2\nCHANGED = 1\nCHANGED += 1\n"
        "BRANCHED = 1\nif x:\n    BRANCHED = 2\nfor LOOPED in y: pass\nUNKNOWN = g()\n"
        "FOLDER = Path('data')\nfor z in y:\n    pass"
    )
    assert arguments(f"np.zeros({call})", before)[0] == expected


def test_keywords() -> None:
    told = arguments("np.zeros(shape=3, dtype=np.int8, **more)")
    assert told == ((), {"shape": 3, "dtype": N})


def test_what_a_function_sees_is_what_is_bound_once() -> None:
    body = "def f():\n    np.zeros(SIZE)\nf()"
    assert arguments(body, "SIZE = 1")[0] == (1,)
    assert arguments(body, "SIZE = 1", "SIZE = 2")[0] == (N,)
    assert arguments(f"SIZE = 1\n{body}\n")[0] == (1,)


def test_called_or_only_named() -> None:
    uses = facts_of("from threading import Thread\nThread()\nx = Thread\n[Thread]").cells[0].uses
    assert [use.called for use in uses] == [True, False, False]


def test_a_call_of_a_function_from_another_cell_is_told_at_the_call() -> None:
    facts = facts_of("def f():\n    open('x')\n", "x = 1\nif y:\n    f()")
    (use,) = facts.cells[1].uses
    assert (use.name, use.location.cell, use.location.line, use.location.column) == (OPEN, 1, 3, 4)
    assert used(facts) == [(OPEN, "lazy"), (OPEN, "none")]


def test_positions_count_characters() -> None:
    (use,) = facts_of("äöü = 'é'; open('x')").cells[0].uses
    assert (use.location.line, use.location.column) == (1, 11)


def test_a_watch_on_packages() -> None:
    watch = Watch.of(["a.b.*", "c.d"])
    assert [watch.wants(name) for name in ("a.b.c", "a.b.c.d", "a.b", "a", "c.d", "c.d.e", "")] == [
        True,
        True,
        False,
        False,
        True,
        False,
        False,
    ]
    assert {"a", "a.b"} == watch.prefixes
    assert WATCH.builtins == {"open", "input"}
