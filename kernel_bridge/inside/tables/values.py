"""One column's values of pandas as a column of Arrow and a description, and back."""

from collections.abc import Callable, Sequence
from typing import Any

from kernel_bridge.inside.tables.model import NUMBERS, UNITS, Column

MISSING = ("None", "nan", "NA")


class NotATable(Exception):
    """Values of a type that cannot be told by name, or that have parts that cannot."""


def describe(array: Any) -> tuple[Column | None, dict[str, Any]]:
    """The values of a Series' or an Index' `array`; raises NotATable."""
    import numpy as np
    import pandas as pd  # type: ignore[import-untyped]

    if isinstance(array, pd.arrays.NumpyExtensionArray):
        array = array.to_numpy()
    dtype = array.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categorical(array)
    if isinstance(dtype, pd.StringDtype):
        texts = [None if one is pd.NA or one != one else one for one in array]  # noqa: PLR0124 # NaN alone
        nan = getattr(dtype, "na_value", pd.NA) is not pd.NA
        return Column(format="U", values=texts), {"type": "str" if nan else "string"}
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _times(array, f"ts{UNITS[dtype.unit]}:", str(dtype.tz), dtype.unit, dtype.tz)
    if isinstance(dtype, pd.PeriodDtype):
        values = array.asi8
        return Column(format="l", values=values), {"type": "period", "freq": str(dtype)[7:-1]}
    name = str(dtype)
    if name.lower() in (*NUMBERS, "boolean") and hasattr(array, "_mask"):
        return _masked(array, name)
    if _is_extension(dtype):
        raise NotATable(f"{name} is a type that only its own library knows")
    return _plain(np.asarray(array), name)


def rebuild_values(told: dict[str, Any], columns: Sequence[Column]) -> Any:
    """Values that pandas takes for a column."""
    column = columns[told["column"]] if "column" in told else None
    return REBUILD[told["type"]](told, column)


def _is_extension(dtype: Any) -> bool:
    import numpy as np

    return not isinstance(dtype, np.dtype)


def _plain(values: Any, name: str) -> tuple[Column | None, dict[str, Any]]:
    """Values of a type of NumPy's."""
    if name in NUMBERS:
        return Column(format=NUMBERS[name], values=values), {"type": "number"}
    if name == "bool":
        return Column(format="b", values=values), {"type": "number"}
    if values.dtype.kind in "mM" and (unit := _unit(values.dtype)) in UNITS:
        start = "ts" if values.dtype.kind == "M" else "tD"
        end = ":" if start == "ts" else ""
        return _times(values, f"{start}{UNITS[unit]}{end}", "", unit, None)
    if name == "object":
        return _objects(values)
    return None, {"type": "kept", "values": values}


def _objects(values: Any) -> tuple[Column | None, dict[str, Any]]:
    """Texts with one kind of nothing between them; what else there is, as it is."""
    found: set[str] = set()
    texts: list[str | None] = []
    for one in values.tolist():
        if type(one) is str:
            texts.append(one)
            continue
        found.add(_missing(one))
        texts.append(None)
        if len(found) > 1 or "" in found:
            return None, {"type": "kept", "values": values}
    try:
        for text in texts:
            if text is not None and not text.isascii():
                text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None, {"type": "kept", "values": values}
    return Column(format="U", values=texts), {"type": "texts", "missing": min(found, default="")}


def _missing(one: Any) -> str:
    import pandas as pd

    if one is None:
        return "None"
    if one is pd.NA:
        return "NA"
    return "nan" if type(one) is float and one != one else ""  # noqa: PLR0124 # NaN alone


def _categorical(array: Any) -> tuple[Column, dict[str, Any]]:
    categories = array.categories
    inner, told = describe(categories.array)
    told = {
        "type": "category",
        "ordered": bool(array.ordered),
        "categories": {"column of": inner, **told},
        "name": categories.name,
    }
    return Column(format="l", values=array.codes.astype("int64")), told


def _times(
    array: Any,
    code: str,
    zone: str,
    unit: str,
    tz: Any,
) -> tuple[Column, dict[str, Any]]:
    """Times as whole numbers; the zone as an object, which may be more than its name."""
    values = array.asi8 if hasattr(array, "asi8") else array.view("int64")
    kind = "zoned" if tz is not None else "times"
    told = {"type": kind, "unit": unit, "zone": tz, "letter": "m" if "D" in code else "M"}
    return Column(format=code + zone, values=values, valid=_there(values)), told


def _there(values: Any) -> Any:
    import numpy as np

    valid = values != np.iinfo("int64").min  # NaT
    return None if valid.all() else valid


def _masked(array: Any, name: str) -> tuple[Column, dict[str, Any]]:
    kind = "b" if name == "boolean" else NUMBERS[name.lower()]
    values, mask = array._data, array._mask  # noqa: SLF001 # no public way keeps both
    valid = ~mask if mask.any() else None
    return Column(format=kind, values=values, valid=valid), {"type": "nullable", "dtype": name}


def _unit(dtype: Any) -> str:
    import numpy as np

    unit, count = np.datetime_data(dtype)
    return unit if count == 1 else ""


# -- back ------------------------------------------------------------------------------------------


def _kept(told: dict[str, Any], _column: Column | None) -> Any:
    return told["values"]


def _number(_told: dict[str, Any], column: Any) -> Any:
    return column.values if column.values.flags.writeable else column.values.copy()


def _rebuild_texts(told: dict[str, Any], column: Any) -> Any:
    import numpy as np
    import pandas as pd

    nothing = {"None": None, "nan": float("nan"), "NA": pd.NA, "": None}[told["missing"]]
    made = np.empty(len(column), "object")
    made[:] = [nothing if one is None else one for one in column.values]
    return made


def _rebuild_str(told: dict[str, Any], column: Any) -> Any:
    import pandas as pd

    if told["type"] == "string":
        return pd.array([pd.NA if one is None else one for one in column.values], dtype="string")
    values = [float("nan") if one is None else one for one in column.values]
    try:
        return pd.array(values, dtype=pd.StringDtype(na_value=float("nan")))
    except TypeError:  # pandas 2.2 and before: texts are objects
        return _rebuild_texts({"missing": "nan"}, column)


def _rebuild_category(told: dict[str, Any], column: Any) -> Any:
    import pandas as pd

    inner = told["categories"]
    values = REBUILD[inner["type"]](inner, inner["column of"])
    kept = values.dtype if str(values.dtype) == "object" else None
    categories = pd.Index(values, dtype=kept, name=told["name"])
    return pd.Categorical.from_codes(column.values, categories, ordered=told["ordered"])


def _rebuild_times(told: dict[str, Any], column: Any) -> Any:
    import numpy as np

    values = column.values.copy()
    if column.valid is not None:
        values[~column.valid] = np.iinfo("int64").min
    return values.view(f"{told['letter']}8[{told['unit']}]")


def _rebuild_zoned(told: dict[str, Any], column: Any) -> Any:
    import pandas as pd

    times = pd.DatetimeIndex(_rebuild_times(told, column))
    return times.tz_localize("UTC").tz_convert(told["zone"]).array


def _rebuild_period(told: dict[str, Any], column: Any) -> Any:
    import pandas as pd

    return pd.PeriodIndex.from_ordinals(column.values, freq=told["freq"]).array


def _rebuild_nullable(told: dict[str, Any], column: Any) -> Any:
    import numpy as np
    import pandas as pd

    name = told["dtype"]
    mask = np.zeros(len(column), "bool") if column.valid is None else ~column.valid
    values = column.values.copy()
    if name == "boolean":
        return pd.arrays.BooleanArray(values, mask)
    if name.startswith("Float"):
        return pd.arrays.FloatingArray(values, mask)
    return pd.arrays.IntegerArray(values, mask)


REBUILD: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "kept": _kept,
    "number": _number,
    "texts": _rebuild_texts,
    "str": _rebuild_str,
    "string": _rebuild_str,
    "category": _rebuild_category,
    "times": _rebuild_times,
    "zoned": _rebuild_zoned,
    "period": _rebuild_period,
    "nullable": _rebuild_nullable,
}
