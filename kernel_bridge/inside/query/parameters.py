"""Where `:name` stands in SQL for a value that is bound. Pure; the server reads by it too.

A colon in a string, a quoted name, a comment or `::` is no parameter, nor one after a word, a
bracket or a quote, as in `a[1:n]` and `{'a':b}`. Strings and comments are as PostgreSQL and DuckDB
have them: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

import re
from collections.abc import Callable, Iterator

PARAMETER = re.compile(r""":([^\W\d]\w*)""")
BEGIN = re.compile(
    r"""(?P<escaped>(?<!\w)[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z))
      | (?P<string>'(?:[^']|'')*(?:'|\Z))
      | (?P<quoted>"(?:[^"]|"")*(?:"|\Z))
      | (?P<line>--[^\n]*)
      | (?P<block>/\*)
      | (?P<dollar>(?<![\w$])\$(?:[^\W\d]\w*)?\$)
      | (?P<cast>::)
      | (?P<parameter>(?<![\w:\])"']):[^\W\d]\w*)""",
    re.VERBOSE | re.DOTALL,
)


def parameter_names(sql: str) -> list[str]:
    """The names, in order, each once."""
    found: dict[str, None] = {}
    rewrite(sql, lambda name: found.setdefault(name) or name)
    return list(found)


def rewrite(sql: str, written: Callable[[str], str]) -> str:
    """The SQL with each `:name` as `written(name)` says; everything else as it is."""
    return "".join(
        written(text[1:]) if kind == "parameter" else text for kind, text in _pieces(sql)
    )


def without_comments(sql: str) -> str:
    """The SQL with a space in place of each comment."""
    return "".join(" " if kind in ("line", "block") else text for kind, text in _pieces(sql))


def quoted_texts(sql: str) -> list[str]:
    """What stands in quotes of both kinds, in order, each once: names of files are among it."""
    found: dict[str, None] = {}
    for kind, text in _pieces(sql):
        if kind in ("string", "quoted") and len(text) > 1:
            found.setdefault(text[1:-1].replace(text[0] * 2, text[0]))
    return list(found)


def _pieces(sql: str) -> Iterator[tuple[str, str]]:
    """Pieces that together are the SQL, each with its kind; "" is what stands between."""
    start = 0
    while (found := BEGIN.search(sql, start)) is not None:
        end, kind = found.end(), str(found.lastgroup)
        yield "", sql[start : found.start()]
        if kind == "block":
            end = _after_block(sql, end)
        elif kind == "dollar":
            closing = sql.find(found["dollar"], end)
            end = len(sql) if closing < 0 else closing + len(found["dollar"])
        yield kind, sql[found.start() : end]
        start = end
    yield "", sql[start:]


def _after_block(sql: str, start: int) -> int:
    depth = 1
    for found in re.compile(r"/\*|\*/").finditer(sql, start):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(sql)
