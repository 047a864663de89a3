"""A data frame of pandas as a table and a description, from which an equal one is made.

The description holds plain values of Python and is made to be pickled with the table. Releases of
pandas and the libraries beside it may differ between the two kernels: types are told by name, and
made again from what the other kernel has.
"""

from collections.abc import Sequence
from typing import Any

from kernel_bridge.inside.tables.model import Column, Table
from kernel_bridge.inside.tables.values import NotATable, describe, rebuild_values

__all__ = ["NotATable", "from_table", "to_table"]


def to_table(value: Any) -> tuple[Table, dict[str, Any]]:
    """A DataFrame or a Series; raises NotATable for a type that cannot be told by name."""
    import pandas as pd  # type: ignore[import-untyped]

    series = isinstance(value, pd.Series)
    columns: list[Column] = []
    told: dict[str, Any] = {"kind": "series" if series else "frame", "rows": len(value)}
    told["index"] = _describe_index(value.index, columns)
    if series:
        told["name"] = value.name
        values = [value]
    else:
        values = [value.iloc[:, number] for number in range(value.shape[1])]
        # They are as many as the columns, not as the rows, and few: they go with the description.
        held: list[Column] = []
        told["labels"], told["held"] = _describe_index(value.columns, held), held
    described = [_described(one.array, columns) for one in values]
    told |= {"values": described, "attrs": dict(value.attrs)}
    told["duplicates"] = value.flags.allows_duplicate_labels
    names = tuple(str(number) for number in range(len(columns)))
    return Table(names=names, columns=tuple(columns), length=len(value)), told


def from_table(table: Table, told: dict[str, Any]) -> Any:
    """The DataFrame or the Series again."""
    import pandas as pd

    index = _rebuild_index(told["index"], table.columns)
    rows = pd.RangeIndex(told["rows"])
    made = [
        pd.Series(rebuilt, index=rows, dtype=_dtype(rebuilt), copy=False)
        for rebuilt in (rebuild_values(one, table.columns) for one in told["values"])
    ]
    if told["kind"] == "series":
        value: Any = made[0].rename(told["name"])
    else:
        value = pd.DataFrame(dict(enumerate(made)), index=rows, copy=False)
        value.columns = _rebuild_index(told["labels"], told["held"])
    # Last: joining columns over an index whose values repeat would not do.
    value.index = index
    value.attrs.update(told["attrs"])
    return value if told["duplicates"] else value.set_flags(allows_duplicate_labels=False)


def _described(array: Any, columns: list[Column]) -> dict[str, Any]:
    column, told = describe(array)
    if column is not None:
        told["column"] = len(columns)
        columns.append(column)
    return told


def _dtype(values: Any) -> Any:
    """The type that pandas is to keep: of objects it would make texts."""
    return values.dtype if str(values.dtype) == "object" else None


def _describe_index(index: Any, columns: list[Column]) -> dict[str, Any]:
    import pandas as pd

    told: dict[str, Any] = {"names": list(index.names)}
    if type(index) is pd.RangeIndex:
        told |= {"kind": "range", "range": (index.start, index.stop, index.step)}
    elif isinstance(index, pd.MultiIndex):
        levels = [index.get_level_values(number) for number in range(index.nlevels)]
        told |= {"kind": "multi", "levels": [_described(one.array, columns) for one in levels]}
    else:
        told |= {"kind": "plain", "values": _described(index.array, columns)}
        told["freq"] = getattr(index, "freqstr", None)
    return told


def _rebuild_index(told: dict[str, Any], columns: Sequence[Column]) -> Any:
    import pandas as pd

    names = told["names"]
    match told["kind"]:
        case "range":
            return pd.RangeIndex(*told["range"], name=names[0])
        case "multi":
            levels = [rebuild_values(one, columns) for one in told["levels"]]
            held = [pd.Index(one, dtype=_dtype(one)) for one in levels]
            return pd.MultiIndex.from_arrays(held, names=names)
    values = rebuild_values(told["values"], columns)
    index = pd.Index(values, dtype=_dtype(values), name=names[0], copy=False)
    if told["freq"] and hasattr(index, "freq"):
        index.freq = told["freq"]
    return index
