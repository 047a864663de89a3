"""The operations that a page may ask of a kernel, by name."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from kernel_bridge.inside.errors import BadArguments, UnknownOperation

type Arguments = Mapping[str, Any]
type Answer = tuple[dict[str, Any], Sequence[bytes]]
type Tell = Callable[[dict[str, Any]], None]
type Operation = Callable[[Any, Arguments, list[memoryview]], Answer]
type SlowOperation = Callable[[Any, Arguments, list[memoryview], Tell], Awaitable[Answer]]

OPERATIONS: dict[str, Operation] = {}
SLOW_OPERATIONS: dict[str, SlowOperation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    """Register what answers at once: `(shell, args, buffers) -> (result, buffers)`.

    The result is an object of JSON. An exception becomes an answer that says no.
    """

    def register(function: Operation) -> Operation:
        OPERATIONS[name] = function
        return function

    return register


def slow_operation(name: str) -> Callable[[SlowOperation], SlowOperation]:
    """Register a coroutine function, whose last argument tells the page how far it is."""

    def register(function: SlowOperation) -> SlowOperation:
        SLOW_OPERATIONS[name] = function
        return function

    return register


def find(name: str) -> Operation | SlowOperation:
    """What answers to a name; raises UnknownOperation."""
    found = OPERATIONS.get(name) or SLOW_OPERATIONS.get(name)
    if found is None:
        known = ", ".join(sorted((*OPERATIONS, *SLOW_OPERATIONS)))
        raise UnknownOperation(
            f"this kernel has no operation {name!r}", advice=f"it has {known}; restart the kernel"
        )
    return found


def argument[T](args: Arguments, name: str, kind: type[T], default: T | None = None) -> T:
    """One argument, of the type it is to have; raises BadArguments."""
    value = args.get(name, default)
    if value is None:
        value = default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadArguments(f"the argument {name!r} is not {kind.__name__}: {value!r}"[:200])
    return value


def names(args: Arguments, name: str) -> list[str]:
    """An argument that is a list of strings; raises BadArguments."""
    value = argument(args, name, list, [])
    if not all(isinstance(one, str) for one in value):
        raise BadArguments(f"the argument {name!r} is not a list of strings")
    return value
