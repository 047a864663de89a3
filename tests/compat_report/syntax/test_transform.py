"""Cells → trees, with every position that of the source as written."""

import ast
import subprocess
import sys
import warnings
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from compat_report.syntax.ipython import parse_rewritten
from compat_report.syntax.transform import Parsed, UnreadableCell, parse_cell


def parse(source: str) -> Parsed:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return parse_cell(source)


def escapes(source: str) -> list[tuple[str, str, str, int, int]]:
    found = parse(source)
    return [
        (it.kind, it.name, it.text, it.line, it.column)
        for it in (*found.head, *found.escapes.values())
    ]


def names(source: str) -> list[tuple[str, int, int]]:
    return sorted(
        (node.id, node.lineno, node.col_offset)
        for node in ast.walk(parse(source).tree)
        if isinstance(node, ast.Name) and node.id != "get_ipython"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline", [("line", "matplotlib", "inline", 1, 0)]),
        ("x = 1\n\n%time y = f(x)\nz", [("line", "time", "y = f(x)", 3, 0)]),
        ("!ls -l", [("system", "", "ls -l", 1, 0)]),
        ("!!ls", [("system", "", "ls", 1, 0)]),
        ("files = !ls", [("system", "", "ls", 1, 8)]),
        ("a.b = %env HOME", [("line", "env", "HOME", 1, 6)]),
        ("if x:\n    !pip install y\n", [("system", "", "pip install y", 2, 4)]),
        ("pd.read_csv?", [("help", "", "pd.read_csv", 1, 0)]),
        ("?pd", [("help", "", "pd", 1, 0)]),
        ("%time?", [("help", "", "%time", 1, 0)]),
        (
            "!pip install a \\\n    b \\\n  c\nx",
            [("system", "", "pip install a     b c", 1, 0)],
        ),
        ("%%time\nx", [("cell", "time", "", 1, 0)]),
        ("\n\n  %%bash -e\nls", [("cell", "bash", "-e", 3, 2)]),
        (
            "%%time\n%%capture out\n!ls",
            [
                ("cell", "time", "", 1, 0),
                ("cell", "capture", "out", 2, 0),
                ("system", "", "ls", 3, 0),
            ],
        ),
        ("x = 5\n'''\n%pip install x\n!ls\nreally?\n'''", []),
        ("x = (1\n  % 3)\n", []),
        ("x = 7 \\\n% 3\n", []),
        ("'%s' % 3 if x != 3 else '?'", []),
    ],
)
def test_escapes(source: str, expected: list[tuple[str, str, str, int, int]]) -> None:
    assert escapes(source) == expected
    assert not parse(source).rewritten


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%time\nx", [("x", 2, 0)]),
        ("!a \\\nb \\\nc\nx\ny", [("x", 4, 0), ("y", 5, 0)]),
        ("%%time\n\n  \nx", [("x", 4, 0)]),
        (">>> x\n>>> y", [("x", 1, 4), ("y", 2, 4)]),
        ("In [1]: x\n   ...: y", [("x", 1, 8), ("y", 2, 8)]),
        ("    x\n    y", [("x", 1, 4), ("y", 2, 4)]),
        ("\n\n  x\n  !ls\n  y", [("x", 3, 2), ("y", 5, 2)]),
        ("/f x", [("f", 1, 0), ("x", 1, 0)]),
        (",f x y\nz", [("f", 1, 0), ("z", 2, 0)]),
        ("f(x)[0].y?\nz", [("z", 2, 0)]),
        ("s = '''\n%a\n'''\n!ls \\\n  b\nx", [("s", 1, 0), ("x", 6, 0)]),
        ("x\x0c\n!ls\n'\u2028'\ny", [("x", 1, 0), ("y", 4, 0)]),
    ],
)
def test_positions_are_those_of_the_source(
    source: str, expected: list[tuple[str, int, int]]
) -> None:
    assert names(source) == expected


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = 1\nprint 'a'", 2),
        ("x = (", 1),
        ("%%time\n\nprint 'a'", 3),
        ("a\0b", 0),
        ("'\ud800'", 0),
        ("(" * 500 + ")" * 500, 1),
        ("-" * 50_000 + "1", 0),
        ("x\n!ls\ndef", 3),
        ("9" * 5000, 1),
    ],
)
def test_what_cannot_be_read_says_where(source: str, line: int) -> None:
    with pytest.raises(UnreadableCell) as told:
        parse(source)
    assert not line or told.value.line == line
    assert told.value.detail


CELLS = [
    "%matplotlib inline\nimport os\nx = !ls {y}\nif x:\n    %time f()\n",
    "a = %env X\n!cd x && \\\n  ls\nfoo?\n??foo\nfor i in x:\n    !echo $i\n    pass\n",
    "'''\n!ls\n'''\n%pip install x\n",
    "def f():\n    x = !ls\n    return x\n%timeit f()\n",
    "x = [1,\n  2]\n!a\ny = {\n 'a': 3}\n%b c\n",
    "%cd 'a b'\nprint('100 % sure!')\n",
]


@pytest.mark.parametrize("source", CELLS)
def test_the_short_way_finds_what_ipython_finds(source: str) -> None:
    """As many escapes at the same lines, and the same Python around them."""
    parsed = parse(source)
    assert not parsed.rewritten
    assert parsed.escapes
    theirs = ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    calls = [
        node for node in ast.walk(theirs) if isinstance(node, ast.Name) and node.id == "get_ipython"
    ]
    assert len(calls) == len(parsed.escapes)
    rewritten = parse_rewritten(source)
    assert rewritten is not None
    lines = {
        node.lineno
        for node in ast.walk(rewritten.tree)
        if isinstance(node, ast.Name) and node.id == "get_ipython"
    }
    assert lines == set(parsed.escapes)
    kept = [type(statement) for statement in theirs.body]
    assert [type(statement) for statement in parsed.tree.body] == kept


def test_ipython_is_imported_only_when_it_is_needed() -> None:
    script = (
        "import sys; from compat_report.syntax.transform import parse_cell\n"
        f"for cell in {CELLS!r}: parse_cell(cell)\n"
        "print('IPython' in sys.modules); parse_cell('>>> x'); print('IPython' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert told.stdout == b"False\nTrue\n"


LINES = st.lists(
    st.sampled_from(
        [
            "%time x",
            "!ls",
            "x = !a",
            "  y",
            "if x:",
            "'''",
            "f(",
            ")",
            "%%bash",
            "a?",
            "",
            "\\",
            ">>> z",
            "é = %b",
            "\x0c",
            "\u2028q",
            "\tz",
            "x \\",
            "% 3",
            "!= 4",
            ",f a",
            "f'{x}'",
        ]
    ),
    max_size=7,
)


@given(LINES.map("\n".join) | st.text(max_size=60))
def test_any_text_has_positions_inside_it(source: str) -> None:
    parsed = None
    with suppress(UnreadableCell):
        parsed = parse(source)
    if parsed is None:
        with pytest.raises(UnreadableCell) as told:
            parse(source)
        assert 0 <= told.value.line <= source.count("\n") + source.count("\r") + 1
        return
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for node in ast.walk(parsed.tree):
        if isinstance(node, ast.expr | ast.stmt):
            assert 1 <= node.lineno <= len(lines)
            width = len(lines[node.lineno - 1].encode("utf-8", "replace"))
            assert 0 <= node.col_offset <= width
    for escape in (*parsed.head, *parsed.escapes.values()):
        assert 0 <= escape.column <= len(lines[escape.line - 1])
