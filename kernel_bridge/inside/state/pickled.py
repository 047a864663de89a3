"""Values as pickles of protocol 5, with their large buffers beside (PEP 574).

Modules go by name; functions and classes of the notebook by the names they have in it, since they
are made anew from their sources; tables by `kernel_bridge.inside.tables`.
"""

import io
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from kernel_bridge.inside.state.sources import MAIN
from kernel_bridge.inside.tables.reduce import reduce_table

PROTOCOL = 5
# A buffer of fewer bytes stays in the pickle.
SMALL = 4096
# What two names may share without anybody noticing.
ALIKE = (str, bytes, int, float, complex, tuple, frozenset, type, ModuleType, range, slice)
CODE = (FunctionType, BuiltinFunctionType)
VALUE_MODULES = ("datetime", "decimal", "fractions", "numpy.dtypes", "uuid", "pathlib", "zoneinfo")


class TooLarge(Exception):
    """A pickle grows beyond what may be carried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickled:
    """A pickle and its buffers.

    `shared` has objects that other pickles may hold too, by identity; `definitions` the notebook's
    own functions and classes in it, `modules` what has to be importable where it is read.
    """

    data: bytes
    buffers: tuple[memoryview, ...] = ()
    shared: Mapping[int, Any] = field(default_factory=dict)
    definitions: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    tables: int = 0

    @property
    def size(self) -> int:
        """Bytes, all together."""
        return len(self.data) + sum(buffer.nbytes for buffer in self.buffers)


def pickle_value(value: Any, namespace: Mapping[str, Any], *, limit: int) -> Pickled:
    """Pack a value; `limit` bytes are the most.

    Raises TooLarge, or whatever the value's own code raises.
    """
    out, buffers = _Bounded(limit), list[memoryview]()

    def keep(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < SMALL:
            return True
        out.count(raw.nbytes)
        buffers.append(raw)
        return False

    pickler = _Pickler(out, namespace, keep)
    pickler.dump(value)
    memo = [held for _, held in pickler.memo.copy().values()]
    return Pickled(
        data=out.getvalue(),
        buffers=tuple(buffers),
        shared={id(held): held for held in memo if _can_be_shared(held)},
        definitions=frozenset(pickler.definitions),
        modules=frozenset(filter(None, map(_module, memo))),
        tables=pickler.tables,
    )


def unpickle_value(
    data: memoryview, buffers: Sequence[memoryview], namespace: Mapping[str, Any]
) -> Any:
    """Unpack a value; its buffers are copied, so that its arrays can be written to.

    Raises whatever the value's own code raises.
    """
    copies = [bytearray(buffer) for buffer in buffers]
    return _Unpickler(io.BytesIO(data), buffers=copies, namespace=namespace).load()


class _Pickler(pickle.Pickler):
    def __init__(
        self,
        out: io.BytesIO,
        namespace: Mapping[str, Any],
        keep: Callable[[pickle.PickleBuffer], bool],
    ) -> None:
        super().__init__(out, protocol=PROTOCOL, buffer_callback=keep)
        self._namespace = namespace
        self.definitions: set[str] = set()
        self.tables = 0

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, ModuleType):
            if sys.modules.get(obj.__name__) is not obj:
                raise pickle.PicklingError(f"the module {obj.__name__} was made in this kernel")
            return _module_named, (obj.__name__,)
        if isinstance(obj, FunctionType | type) and obj.__module__ == MAIN:
            self.definitions.add(obj.__qualname__.partition(".")[0])
            if _resolve(self._namespace, obj.__qualname__) is not obj:
                raise pickle.PicklingError(
                    f"{obj.__qualname__} is not what the notebook has under that name"
                )
            return notebook_definition, (obj.__qualname__,)
        reduced = reduce_table(obj)
        if reduced is not NotImplemented:
            self.tables += 1
        return reduced


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, file: io.BytesIO, *, buffers: Sequence[bytearray], namespace: Mapping[str, Any]
    ) -> None:
        super().__init__(file, buffers=buffers)
        self._namespace = namespace

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name == __name__ and global_name == notebook_definition.__name__:
            return self._definition
        return super().find_class(module_name, global_name)

    def _definition(self, name: str) -> Any:
        found = _resolve(self._namespace, name)
        if found is None:
            raise pickle.UnpicklingError(f"the notebook's own {name} is not here")
        return found


def notebook_definition(name: str) -> Any:
    """Stands in a pickle for what the notebook defines under a qualified name."""
    raise pickle.UnpicklingError(f"{name} is the notebook's own, and this is none")


def _resolve(namespace: Mapping[str, Any], name: str) -> Any:
    first, *rest = name.split(".")
    found = namespace.get(first)
    for part in rest:
        found = getattr(found, part, None)
    return found


def _module_named(name: str) -> ModuleType:
    from importlib import import_module

    return import_module(name)


def _can_be_shared(held: Any) -> bool:
    if isinstance(held, (*ALIKE, *CODE)):
        return False
    return type(held).__module__ not in VALUE_MODULES


def _module(held: Any) -> str | None:
    """The module that a class or function in a pickle is imported from."""
    if not isinstance(held, (type, *CODE)) or held.__module__ in (MAIN, None):
        return None
    top = str(held.__module__).partition(".")[0]
    return None if top in sys.stdlib_module_names or top == "kernel_bridge" else top


class _Bounded(io.BytesIO):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self._left = limit

    def write(self, data: Any, /) -> int:
        self.count(len(data))
        return super().write(data)

    def count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise TooLarge
