"""Frames as others know them: Arrow's own types and names, no description beside.

What goes out is for whatever reads Arrow; what comes in is from whatever writes it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from kernel_bridge.inside.errors import BadArguments, NotHere
from kernel_bridge.inside.tables.model import Column, Table
from kernel_bridge.inside.tables.values import NotATable, describe

# Rows whose bytes are guessed from these.
SAMPLE = 1000


def plain_frame(table: Table) -> Any:
    """A DataFrame of a table: whole numbers and truths that are lacking stay what they are.

    Raises NotHere where pandas is not.
    """
    try:
        import pandas as pd  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise NotHere("this kernel has no pandas", advice="import pandas first") from error
    made = {number: _values(column, pd) for number, column in enumerate(table.columns)}
    frame = pd.DataFrame(made, index=pd.RangeIndex(table.length), copy=False)
    frame.columns = pd.Index(list(table.names))
    return frame


def _values(column: Column, pd: Any) -> Any:
    import numpy as np

    code, values, valid = column.format, column.values, column.valid
    if isinstance(values, list):
        return pd.Series(values, dtype="str" if code == "U" else "object")
    if code.startswith(("ts", "tD")):
        return _times(column, pd)
    if valid is None:
        return values if values.flags.writeable else values.copy()
    if code in ("f", "g"):
        return np.where(valid, values, np.nan).astype(values.dtype)
    if code == "b":
        return pd.arrays.BooleanArray(values.copy(), ~valid)
    return pd.arrays.IntegerArray(values.copy(), ~valid)


def _times(column: Column, pd: Any) -> Any:
    import numpy as np

    code, held = column.format, column.values.copy()
    if column.valid is not None:
        held[~column.valid] = np.iinfo("int64").min
    unit = {"s": "s", "m": "ms", "u": "us", "n": "ns"}[code[2]]
    times = pd.Series(held.view(f"{'M' if code[1] == 's' else 'm'}8[{unit}]"))
    zone = code[4:]
    return times.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else times


def slices(value: Any, size: int, columns: Sequence[str] = ()) -> Iterator[Table]:
    """A DataFrame or a Series as tables of about `size` bytes each, one at least.

    Those of a DataFrame have the columns that are named, all where none is. An index that says more
    than the rows' order goes as columns. Raises BadArguments for a column that Arrow has no type for.
    """
    frame = value.to_frame() if value.ndim == 1 else value
    wanted = [n for n, label in enumerate(frame.columns) if not columns or str(label) in columns]

    def rows(part: Any) -> Any:
        # Taken from the whole, columns are a copy of the whole.
        return part.iloc[:, wanted] if columns else part

    step = max(1, size // max(1, _row_bytes(rows(_sample(frame)))))
    for start in range(0, max(1, len(frame)), step):
        yield plain_table(rows(frame.iloc[start : start + step]))


def plain_table(frame: Any) -> Table:
    """Rows of a frame as a table; raises BadArguments."""
    names, columns = [], []
    if type(frame.index).__name__ != "RangeIndex" or frame.index.name is not None:
        for number in range(frame.index.nlevels):
            level = frame.index.get_level_values(number)
            names.append(str(level.name) if level.name is not None else f"index {number}")
            columns.append(_column(level.array, names[-1]))
    for number, label in enumerate(frame.columns):
        names.append(str(label))
        columns.append(_column(frame.iloc[:, number].array, names[-1]))
    return Table(names=tuple(names), columns=tuple(columns), length=len(frame))


def _column(array: Any, name: str) -> Column:
    try:
        column, told = describe(array)
        if told["type"] == "category":
            kind = array.categories.dtype
            lacking = kind.kind in "iu" and (array.codes < 0).any()
            column, told = describe(array.astype("Int64" if lacking else kind))
        if told["type"] == "period":
            column, told = describe(array.to_timestamp())
    except (NotATable, ValueError, TypeError) as error:
        raise BadArguments(f"the column {name} cannot be told in Arrow: {error}") from error
    if column is None:
        raise BadArguments(
            f"the column {name} has values of no single type that Arrow knows",
            advice="turn them into texts first: df[name].astype(str)",
        )
    return column


def _sample(frame: Any) -> Any:
    return frame.iloc[:: max(1, len(frame) // SAMPLE)]


def _row_bytes(sample: Any) -> int:
    return int(sample.memory_usage(deep=True).sum() // max(1, len(sample)))
