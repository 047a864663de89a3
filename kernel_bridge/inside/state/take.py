"""Take values out of a kernel: what can be elsewhere is packed, the rest has a reason."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from kernel_bridge.inside.analysis.cell import analyse_cell, known_of
from kernel_bridge.inside.state.group import group_by_sharing
from kernel_bridge.inside.state.model import Carried, Form, Left
from kernel_bridge.inside.state.names import own_names
from kernel_bridge.inside.state.pickled import Pickled, TooLarge, pickle_value
from kernel_bridge.inside.state.reasons import why_it_stays, why_not_pickled
from kernel_bridge.inside.state.sources import MAIN, NoSource, find_source, inner_definition


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """What is carried, what stays, and the pieces of what is carried."""

    carried: list[Carried] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    buffers: list[memoryview] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packed:
    """Names in one piece."""

    names: tuple[str, ...]
    pickled: Pickled


def take_snapshot(shell: Any, *, names: Iterable[str] | None = None, limit: int) -> Snapshot:
    """The notebook's names, or those asked for; of packed values no more than `limit` bytes.

    Nothing in the kernel changes, and nothing is raised for what a value is. Of what is too much
    together the largest stays.
    """
    namespace = own_names(shell, names)
    snapshot = Snapshot()
    values = _without_packing(shell, namespace, snapshot)
    packed, staying = _pack_all(values, shell.user_ns, limit)
    snapshot.left += staying
    packed = _with_definitions(packed, snapshot, namespace)
    for one in _within(packed, limit, snapshot):
        _add(one, values, snapshot)
    place = {name: number for number, name in enumerate(namespace)}
    snapshot.carried.sort(key=lambda one: (one.form not in FIRST, _order(one, place)))
    snapshot.left.sort(key=lambda one: place[one.name])
    return snapshot


FIRST = ("import", "source")


def _order(one: Carried, place: Mapping[str, int]) -> int:
    if one.form == "source":
        return int((one.detail or {})["place"])
    return place[one.name]


def _without_packing(shell: Any, namespace: Mapping[str, Any], into: Snapshot) -> dict[str, Any]:
    """The values that are left to be packed, after imports, definitions and what has to stay."""
    values = {}
    defined: dict[int, str] = {}
    for name, value in namespace.items():
        if found := _import(value):
            into.carried.append(_carried(name, "import", value, found))
        elif inner_definition(value) is not None:
            _define(shell, name, value, defined, into)
        elif reason := why_it_stays(value):
            into.left.append(Left(name=name, reason=reason))
        else:
            values[name] = value
    return values


def _define(shell: Any, name: str, value: Any, defined: dict[int, str], into: Snapshot) -> None:
    if id(value) in defined:
        into.carried.append(_carried(name, "alias", value, {"of": defined[id(value)]}))
        return
    own = getattr(value, "__name__", name)
    if own not in (name, "<lambda>") and shell.user_ns.get(own) is value:
        into.carried.append(_carried(name, "alias", value, {"of": own}))
        return
    try:
        source, place = find_source(shell, name, value)
    except NoSource as error:
        into.left.append(Left(name=name, reason=str(error)))
        return
    effects = [one for one in analyse_cell(source, known_of(own_names(shell))).effects if one.asks]
    if effects:
        reason = f"defining it again does more than that: {effects[0].what}"
        into.left.append(Left(name=name, reason=reason))
        return
    defined[id(value)] = name
    detail = {"source": source, "place": str(place)}
    into.carried.append(_carried(name, "source", value, detail))


def _import(value: Any) -> dict[str, str] | None:
    """What to import for a value that is a module, or that a module has under its own name."""
    if isinstance(value, ModuleType):
        name = value.__name__
        if name == MAIN or sys.modules.get(name) is not value:
            return None
        return {"module": name}
    if not isinstance(value, FunctionType | BuiltinFunctionType | type):
        return None
    module, name = getattr(value, "__module__", None), value.__qualname__
    if not isinstance(module, str) or module == MAIN or "." in name or "<" in name:
        return None
    if getattr(sys.modules.get(module), name, None) is not value:
        return None
    return {"module": module, "attribute": name}


def _pack_all(
    values: Mapping[str, Any], namespace: Mapping[str, Any], limit: int
) -> tuple[list[_Packed], list[Left]]:
    staying = []
    alone: dict[str, Pickled] = {}
    for name, value in values.items():
        found = _pack(value, namespace, limit)
        if isinstance(found, str):
            staying.append(Left(name=name, reason=found))
        else:
            alone[name] = found
    packed = []
    for names in group_by_sharing({name: one.shared for name, one in alone.items()}):
        together = alone[names[0]]
        if len(names) > 1:
            whole = _pack({name: values[name] for name in names}, namespace, limit)
            if isinstance(whole, str):
                staying += [Left(name=name, reason=whole) for name in names]
                continue
            together = whole
        packed.append(_Packed(names=names, pickled=together))
    return packed, staying


def _pack(value: Any, namespace: Mapping[str, Any], limit: int) -> Pickled | str:
    """A pickle, or why there is none."""
    try:
        return pickle_value(value, namespace, limit=limit)
    except TooLarge:
        return f"it is larger than the {_megabytes(limit)} that may be carried"
    except Exception as error:  # noqa: BLE001 # a value's own code raises whatever it likes
        return why_not_pickled(error)


def _with_definitions(
    packed: list[_Packed], snapshot: Snapshot, namespace: Mapping[str, Any]
) -> list[_Packed]:
    """Without those whose own classes and functions stay."""
    made = {one.name for one in snapshot.carried}
    kept = []
    for one in packed:
        lacking = (one.pickled.definitions - made) & namespace.keys()
        if not lacking:
            kept.append(one)
            continue
        reason = f"it needs {', '.join(sorted(lacking))}, which stays"
        snapshot.left += [Left(name=name, reason=reason) for name in one.names]
    return kept


def _within(packed: list[_Packed], limit: int, snapshot: Snapshot) -> list[_Packed]:
    """As many as the limit lets through, the smallest first, in their order."""
    total = 0
    chosen = []
    for number, one in sorted(enumerate(packed), key=lambda pair: pair[1].pickled.size):
        total += one.pickled.size
        if total <= limit:
            chosen.append((number, one))
            continue
        size = _megabytes(one.pickled.size)
        reason = f"it is {size}, too much beside all else: {_megabytes(limit)} may be carried"
        snapshot.left += [Left(name=name, reason=reason) for name in one.names]
    return [one for _, one in sorted(chosen, key=lambda pair: pair[0])]


def _add(one: _Packed, values: Mapping[str, Any], snapshot: Snapshot) -> None:
    first = len(snapshot.buffers)
    pieces = (memoryview(one.pickled.data), *one.pickled.buffers)
    snapshot.buffers += pieces
    indexes = tuple(range(first, first + len(pieces)))
    form: Form = "arrow" if one.pickled.tables else "pickle"
    snapshot.carried += [
        Carried(
            name=name,
            form=form,
            type=_type_name(values[name]),
            bytes=one.pickled.size,
            buffers=indexes,
            group=first,
            modules=tuple(sorted(one.pickled.modules)),
            detail={"together": "yes"} if len(one.names) > 1 else None,
        )
        for name in one.names
    ]


def _carried(name: str, form: Form, value: Any, detail: dict[str, str]) -> Carried:
    top = detail.get("module", "").partition(".")[0]
    outside = (top,) if top and top not in sys.stdlib_module_names else ()
    return Carried(name=name, form=form, type=_type_name(value), modules=outside, detail=detail)


def _type_name(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
