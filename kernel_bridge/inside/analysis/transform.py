"""A cell's source → trees of Python, and the magics and commands in it.

IPython makes Python of its own syntax first: `!ls` is a call of `get_ipython().system`, `%time x`
one of `run_line_magic`, `%%time` one of `run_cell_magic` with the rest of the cell as its text.
Of the magics that run Python that text is read too.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Magics whose text is Python that is run where the cell is, and the options before it that take a
# value: https://ipython.readthedocs.io/en/stable/interactive/magics.html
PYTHON_MAGICS: dict[str, str] = {
    "time": "",
    "timeit": "nrv",
    "prun": "lsTD",
    "capture": "",
    "memit": "rti",
    "mprun": "fTtc",
    "lprun": "fmuTDzs",
    "debug": "b",
    "snakeviz": "f",
    "scalene": "",
    "heat": "o",
    "skip": "",
}
# Of these the line is no Python, but names and options.
LINE_IS_OPTIONS = frozenset({"capture", "skip"})
METHODS = frozenset({"run_line_magic", "run_cell_magic", "system", "getoutput"})


class Unreadable(Exception):
    """A cell that is not Python, even after IPython's transforms; `line` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """A magic (`%time`, `%%sql`) or a command of the shell (`!`), and its text."""

    name: str
    text: str
    line: int


@dataclass(slots=True, kw_only=True)
class Read:
    """`trees` in the order they run, each with the number of lines of the cell above it."""

    trees: list[tuple[ast.Module, int]] = field(default_factory=list)
    escapes: list[Escape] = field(default_factory=list)


def read_cell(source: str, transform: Callable[[str], str] | None = None) -> Read:
    """Read a cell; `transform` is the shell's own. Raises Unreadable."""
    read = Read()
    _read(source, transform or _transform, 0, read, 0)
    return read


def _transform(source: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    manager = TransformerManager()  # type: ignore[no-untyped-call]
    return manager.transform_cell(source)


def _read(source: str, transform: Callable[[str], str], above: int, into: Read, depth: int) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the notebook's own code
            tree = ast.parse(transform(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise Unreadable(f"it is not Python: {error}", above + line) from error
    into.trees.append((tree, above))
    for call, method, texts in escapes(tree):
        line = above + call.lineno
        if method in ("system", "getoutput"):
            into.escapes.append(Escape(name="!", text=texts[0], line=line))
            continue
        name, *rest = texts
        mark = "%%" if method == "run_cell_magic" else "%"
        into.escapes.append(Escape(name=mark + name, text="\n".join(rest), line=line))
        if name not in PYTHON_MAGICS or depth > 5:
            continue
        body = rest[1] if method == "run_cell_magic" and len(rest) > 1 else ""
        if not body and rest and name not in LINE_IS_OPTIONS:
            body, line = without_options(rest[0], PYTHON_MAGICS[name]), line - 1
        if body.strip():
            _read(body, transform, line, into, depth + 1)


def escapes(tree: ast.AST) -> Iterator[tuple[ast.Call, str, list[str]]]:
    """Calls of IPython's that stand for its syntax: the call, the method, its texts."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        inner = node.func.value
        if (
            node.func.attr in METHODS
            and isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Name)
            and inner.func.id == "get_ipython"
        ):
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if texts and all(isinstance(text, str) for text in texts):
                yield node, node.func.attr, [str(text) for text in texts]


def without_options(line: str, valued: str) -> str:
    """The code of a magic's line, after its options."""
    while found := re.match(r"\s*-(-?)(\w+)(=\S+)?\s*", line):
        line = line[found.end() :]
        long, name, given = found[1], found[2], found[3]
        if not long and not given and len(name) == 1 and name in valued:
            line = re.sub(r"^\S+\s*", "", line)
    return line
