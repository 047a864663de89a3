"""What a reading call says of how much it reads."""

from dataclasses import dataclass
from typing import Any

from compat_report.model import NOT_CONSTANT, Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much of a file is read.

    `names` are the columns chosen by name, `columns` how many are chosen where that is told.
    `rows` is the most that is read, `chunk` the rows read at a time. `typed` where other types
    than the usual ones are asked for, `part` where something narrows it that cannot be told.
    """

    names: frozenset[str] | None = None
    columns: int | None = None
    rows: int | None = None
    chunk: int | None = None
    typed: bool = False
    part: bool = False
    mapped: bool = False
    delimiter: str = ""


def read_options(use: Use) -> Options:
    """The options of a call of pandas, polars, NumPy or pyarrow."""
    given = dict(use.keywords)
    chosen = given.get("usecols", given.get("columns"))
    listed = chosen if isinstance(chosen, tuple | list) else ()
    told = bool(listed) and NOT_CONSTANT not in listed
    texts = told and all(isinstance(name, str) for name in listed)
    delimiter = given.get("sep", given.get("delimiter", given.get("separator", "")))
    default = "\t" if use.name == "pandas.read_table" else ""
    rows = _number(given, "nrows", "n_rows", "max_rows", "count")
    narrowing = ("nrows", "n_rows", "max_rows", "skiprows", "filters", "iterator", "query")
    return Options(
        names=frozenset(listed) if texts else None,
        columns=len(listed) if told else None,
        rows=rows,
        chunk=_number(given, "chunksize", "batch_size")
        or (1000 if given.get("iterator") else None),
        typed=any(
            name in given for name in ("dtype", "dtypes", "schema", "engine", "dtype_backend")
        ),
        part=(chosen is NOT_CONSTANT)
        or any(given.get(name) is NOT_CONSTANT for name in (*narrowing, "chunksize"))
        or "filters" in given,
        mapped=given.get("mmap_mode") is not None or use.name == "numpy.memmap",
        delimiter=delimiter if isinstance(delimiter, str) and len(delimiter) == 1 else default,
    )


def _number(given: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
