"""What a notebook has, carried from one shell to another."""

import pickle

import hypothesis.strategies as st
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
from carrying import carry, left, new_shell, run, value
from hypothesis import given, settings
from IPython.core.interactiveshell import InteractiveShell

from kernel_bridge.inside.remote import Remote
from kernel_bridge.inside.state.put import put_snapshot
from kernel_bridge.inside.state.take import take_snapshot


@pytest.fixture
def two() -> tuple[InteractiveShell, InteractiveShell]:
    return _shells()


type Two = tuple[InteractiveShell, InteractiveShell]

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=10,
)


@settings(max_examples=30)
@given(values=st.lists(PLAIN, min_size=1, max_size=4))
def test_plain_data_is_equal(values: list[object]) -> None:
    source, target = (SHELLS[0], SHELLS[1]) if SHELLS else _shells()
    for used in (source, target):
        for name in [name for name in used.user_ns if name[0] == "v"]:
            del used.user_ns[name]
    source.user_ns.update({f"v{number}": one for number, one in enumerate(values)})
    taken, done = carry(source, target)
    assert not taken.left
    assert not done.failed
    for number, one in enumerate(values):
        assert target.user_ns[f"v{number}"] == one
        assert type(target.user_ns[f"v{number}"]) is type(one)


SHELLS: list[InteractiveShell] = []


def _shells() -> Two:
    """Two that are emptied: making one takes long."""
    if not SHELLS:
        SHELLS.extend((new_shell(), new_shell()))
    for one in SHELLS:
        one.reset()  # type: ignore[no-untyped-call]
        one.compile._filename_map.clear()
    return SHELLS[0], SHELLS[1]


def test_arrays_frames_and_what_they_share(two: Two) -> None:
    source, target = two
    run(
        source,
        "import numpy as np, pandas as pd",
        "a = np.arange(100_000.0); b = {'inside': a, 'name': 'b'}; alone = np.ones((3, 4), 'f4')",
        "df = pd.DataFrame({'x': [1, 2], 'y': ['a', None]}); frames = [df, df, df['x']]",
    )
    taken, done = carry(source, target)
    assert not taken.left
    assert not done.failed
    assert value(target, "b['inside'] is a")
    assert value(target, "frames[0] is df and frames[1] is df")
    assert value(target, "a.flags.writeable and alone.shape == (3, 4)")
    pd.testing.assert_frame_equal(target.user_ns["df"], source.user_ns["df"])
    forms = {one.name: one.form for one in taken.carried}
    assert forms["df"] == "arrow"
    assert forms["alone"] == "pickle"
    assert forms["np"] == "import"
    assert target.user_ns["np"] is np
    run(target, "a[0] = 7; df.loc[0, 'x'] = 9")


def test_functions_and_classes_of_cells(two: Two) -> None:
    source, target = two
    run(
        source,
        "from functools import lru_cache, wraps\nfrom dataclasses import dataclass",
        "def shout(f):\n    @wraps(f)\n    def inner(*a):\n        return f(*a) + '!'\n    return inner",
        "@shout\ndef hello(name):\n    return 'hello ' + name",
        "@lru_cache\ndef square(x): return x * x\nsquare(3)",
        "@dataclass\nclass Point:\n    x: int\n    y: int = 0\n    def far(self): return self.x + self.y",
        "class Base: pass\nclass Derived(Base):\n    kind = 'derived'",
        "p = Point(1, 2); points = {'p': p}; d = Derived(); twice = lambda x: 2 * x; again = twice",
        "if True:\n    def branch(): return 'branch'",
        "%time timed = 3",
    )
    taken, done = carry(source, target)
    assert not done.failed
    assert left(taken) == {}
    assert value(target, "hello('you')") == "hello you!"
    assert value(target, "square(4)") == 16
    assert value(target, "p.far()") == 3
    assert value(target, "points['p'] is p and type(p) is Point")
    assert value(target, "isinstance(d, Base) and d.kind") == "derived"
    assert value(target, "twice(2) == 4 and again is twice")
    assert value(target, "branch()") == "branch"
    assert value(target, "timed") == 3


def test_there_and_back(two: Two) -> None:
    source, target = two
    run(source, "def f(x):\n    return x + 1", "class C: pass", "c = C()")
    carry(source, target)
    third = new_shell()
    taken, done = carry(target, third)
    assert not taken.left
    assert not done.failed
    assert value(third, "f(1)") == 2
    assert value(third, "type(c) is C")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("x = (i for i in range(3))", "a generator is in the midst of its work"),
        ("x = open('/dev/null')", "an open file belongs to the kernel that opened it"),
        ("import socket; x = socket.socket()", "a socket belongs to the kernel that opened it"),
        ("import threading; x = threading.Lock()", "a lock or a thread belongs to its kernel"),
        ("x = [threading.Lock()] if 'threading' in dir() else [__import__('_thread').allocate_lock()]", "it cannot be packed: cannot pickle '_thread.lock' object"),
        ("import sqlite3; x = sqlite3.connect(':memory:')", "a connection belongs to the kernel that opened it"),
        ("import ipywidgets; x = ipywidgets.IntSlider()", "a widget is a line between one kernel and its page"),
        ("def make():\n    n = 1\n    def x(): return n\n    return x\nx = make()", "it was defined inside another function, whose variables it keeps"),
        ("exec('def x(): pass')", "no cell that was run defines it"),
        ("import types; x = types.ModuleType('made')", "it cannot be packed: the module made was made in this kernel"),
        ("class A: pass\nx = A()\nclass A: pass", "it cannot be packed: A is not what the notebook has under that name"),
        ("def x(): return 1\ndef w(f):\n    import functools\n    return functools.wraps(f)(lambda: 2)\nx = w(x)", "it was wrapped in something after it was defined"),
        ("class Bad:\n    def __reduce__(self): raise ValueError('no\\nmore')\nx = Bad()", "it cannot be packed: no"),
        ("x = []\nfor _ in range(100000): x = [x]", "it is nested too deeply to be packed"),
        ("class x:\n    held = open('/dev/null', 'w').close()", "defining it again does more than that: open"),
    ],
)  # fmt: skip
def test_what_stays_has_a_reason(two: Two, cell: str, reason: str) -> None:
    source, target = two
    run(source, cell, "kept = 1")
    taken, done = carry(source, target)
    if hasattr(source.user_ns["x"], "close"):
        source.user_ns["x"].close()
    assert left(taken)["x"] == reason
    assert "x" not in target.user_ns
    assert target.user_ns["kept"] == 1
    assert not done.failed


def test_an_object_whose_class_stays_stays(two: Two) -> None:
    source, target = two
    run(source, "exec('class K: pass')\nk = K()")
    taken, done = carry(source, target)
    assert left(taken)["k"] == "it needs K, which stays"
    assert not done.failed


def test_names_of_ipython_stay(two: Two) -> None:
    source, target = two
    run(source, "1 + 1", "_mine = 5; _ = 3")
    taken, _ = carry(source, target)
    assert {one.name for one in taken.carried} == {"_mine"}
    assert not taken.left


def test_the_largest_stays_when_it_is_too_much(two: Two) -> None:
    source, target = two
    run(
        source, "small = b's' * 1000; large = b'l' * 3000; larger = b'x' * 5000; huge = b'h' * 9999"
    )
    taken, done = carry(source, target, limit=6000)
    assert set(done.names) == {"small", "large"}
    assert "too much beside all else" in left(taken)["larger"]
    assert "larger than the 0.0 MiB" in left(taken)["huge"]


def test_only_the_names_asked_for(two: Two) -> None:
    source, _ = two
    run(source, "a = 1; b = 2")
    taken = take_snapshot(source, names=["b", "nothing"], limit=1000)
    assert [one.name for one in taken.carried] == ["b"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "an entry has no name"),
        ({"name": "a b"}, "it is not a name of Python"),
        ({"name": "x", "form": "odd"}, "it is carried in the form 'odd', which is not known"),
        ({"name": "x", "form": "pickle"}, "KeyError: 'group'"),
        ({"name": "x", "form": "pickle", "group": 0, "buffers": [3]}, "its bytes did not come"),
        ({"name": "x", "form": "pickle", "group": 0, "buffers": [0]}, "UnpicklingError"),
        ({"name": "x", "form": "import", "module": "no_such_module"}, "this kernel has no module no_such_module"),
        ({"name": "x", "form": "import", "module": "math", "attribute": "no"}, "AttributeError"),
        ({"name": "x", "form": "source", "source": "def x(:"}, "SyntaxError"),
        ({"name": "x", "form": "source", "source": "y = 1"}, "KeyError"),
        ({"name": "x", "form": "alias", "of": "nobody"}, "KeyError"),
    ],
)  # fmt: skip
def test_what_cannot_be_restored_is_told(entry: object, reason: str) -> None:
    shell = new_shell()
    good = {"name": "ok", "form": "pickle", "group": 1, "buffers": [1]}
    pieces = [memoryview(b"not a pickle"), memoryview(pickle.dumps(7))]
    done = put_snapshot(shell, [entry, good], pieces)
    assert done.names == ["ok"]
    assert [one.reason[: len(reason)] for one in done.failed] == [reason]


def test_a_value_of_a_library_that_is_not_there_is_told(two: Two) -> None:
    source, target = two
    run(source, "import sys, types\nm = types.ModuleType('gone'); sys.modules['gone'] = m",
        "exec('class G: pass', m.__dict__)\ng = m.G(); del m")  # fmt: skip
    taken = take_snapshot(source, names=["g"], limit=1000)
    assert taken.carried[0].modules == ("gone",)
    run(source, "del sys.modules['gone']")
    done = put_snapshot(target, [one.as_json() for one in taken.carried], taken.buffers)
    assert [one.reason for one in done.failed] == ["this kernel has no module gone"]


def test_a_handle_of_a_value_that_is_elsewhere_stays(two: Two) -> None:
    handle = Remote("large", "bytes", "it is larger than what may be carried")
    two[0].user_ns.update({"large": handle, "all_of_it": [handle]})
    taken, _ = carry(*two)
    assert taken.carried == []
    assert [one.name for one in taken.left] == ["large", "all_of_it"]
    assert "a bytes on the server" in taken.left[0].reason
