"""marimo's apps (https://docs.marimo.io, "file format"): a Python file with a function a cell."""

import ast
import re
import textwrap
from collections.abc import Iterator

from compat_report.model import Cell, CellKind

APP = re.compile(r"^app = marimo\.App\(|^(?:import marimo|from marimo import)\b", re.MULTILINE)
DECORATORS = frozenset({"cell", "function", "class_definition"})

type Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.With


def parse_marimo(text: str) -> tuple[Cell, ...] | None:
    """The cells of a marimo app, those first that others take names from; None: it is none.

    A cell's source is what stands in its function, less the indentation; `@app.function` and
    `@app.class_definition` are cells as they stand. Imported libraries reach a cell as
    parameters: cells are ordered so that what binds a name comes before what uses it.
    """
    if not APP.search(text):
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = text.splitlines(keepends=True)
    blocks = [block for statement in tree.body if (block := _block(statement))]
    if not blocks:
        return None
    return tuple(_cell(index, block, lines) for index, block in enumerate(_in_order(blocks)))


def _block(statement: ast.stmt) -> Block | None:
    if isinstance(statement, ast.With):
        first = statement.items[0].context_expr
        return statement if _of_app(first) == "setup" else None
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and any(
        _of_app(decorator) in DECORATORS for decorator in statement.decorator_list
    ):
        return statement
    return None


def _of_app(node: ast.expr) -> str:
    """`cell` of `@app.cell` and of `@app.cell(hide_code=True)`."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id == "app" else ""
    return ""


def _is_cell(block: Block) -> bool:
    return not isinstance(block, ast.With | ast.ClassDef) and any(
        _of_app(decorator) == "cell" for decorator in block.decorator_list
    )


def _cell(index: int, block: Block, lines: list[str]) -> Cell:
    last = block.end_lineno or block.lineno
    if _is_cell(block) or isinstance(block, ast.With):
        # A comment may stand before the body's first statement.
        first = _header_end(block, lines) + 1
        source = textwrap.dedent("".join(lines[first - 1 : last]))
    else:
        first = block.lineno
        source = "".join(lines[first - 1 : last])
    return Cell(index=index, kind=CellKind.CODE, source=source, line=first)


def _header_end(block: Block, lines: list[str]) -> int:
    """The line on which the colon stands that the body follows."""
    body = block.body[0].lineno
    for number in range(body - 1, block.lineno - 1, -1):
        text = lines[number - 1].partition("#")[0].rstrip()
        if text.endswith(":"):
            return number
    return body - 1


def _in_order(blocks: list[Block]) -> Iterator[Block]:
    """Ready ones in the file's order; those in a circle last."""
    binds: dict[str, int] = {}
    for number, block in enumerate(blocks):
        for name in _bound(block):
            binds.setdefault(name, number)
    waits = [
        {binds[name] for name in _wanted(block) if name in binds} - {number}
        for number, block in enumerate(blocks)
    ]
    waiting, done = list(range(len(blocks))), set[int]()
    while waiting:
        ready = next((number for number in waiting if waits[number] <= done), waiting[0])
        waiting.remove(ready)
        done.add(ready)
        yield blocks[ready]


def _bound(block: Block) -> Iterator[str]:
    if isinstance(block, ast.ClassDef) or (not isinstance(block, ast.With) and not _is_cell(block)):
        yield block.name
        return
    if isinstance(block, ast.With):
        for node in ast.walk(block):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    yield alias.asname or alias.name.partition(".")[0]
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
        return
    last = block.body[-1]
    if isinstance(last, ast.Return) and last.value:
        values = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
        for value in values:
            if isinstance(value, ast.Name):
                yield value.id


def _wanted(block: Block) -> set[str]:
    if isinstance(block, ast.FunctionDef | ast.AsyncFunctionDef) and _is_cell(block):
        return {argument.arg for argument in block.args.args}
    return {
        node.id
        for node in ast.walk(block)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
