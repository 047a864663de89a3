"""Put carried values into a kernel; what cannot be there is told, and nothing is raised."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from kernel_bridge.inside.state.model import Left
from kernel_bridge.inside.state.pickled import unpickle_value


@dataclass(slots=True, kw_only=True)
class Restored:
    """The names that are there now, and those that are not."""

    names: list[str] = field(default_factory=list)
    failed: list[Left] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One thing to make: the names it is for, and what makes their values."""

    names: tuple[str, ...]
    make: Callable[[], Mapping[str, Any]]


class BadSnapshot(Exception):
    """An entry of a snapshot that is not as `take` writes it."""


def put_snapshot(shell: Any, carried: Iterable[object], buffers: Sequence[memoryview]) -> Restored:
    """Bind the carried names in a shell.

    What needs another one that comes later is made after it: a class before its objects.
    """
    done = Restored()
    waiting = list(_steps(shell, carried, buffers, done))
    reasons: dict[tuple[str, ...], str] = {}
    while waiting:
        still = []
        for step in waiting:
            try:
                made = step.make()
                shell.user_ns.update({name: made[name] for name in step.names})
            except Exception as error:  # noqa: BLE001 # a value's own code raises what it likes
                reasons[step.names] = _reason(error)
                still.append(step)
            else:
                done.names += step.names
        if len(still) == len(waiting):
            break
        waiting = still
    for step in waiting:
        done.failed += [Left(name=name, reason=reasons[step.names]) for name in step.names]
    return done


def _steps(
    shell: Any, carried: Iterable[object], buffers: Sequence[memoryview], done: Restored
) -> Iterable[_Step]:
    groups: dict[int, list[Mapping[str, Any]]] = {}
    for entry in carried:
        name = "?"
        try:
            if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
                raise BadSnapshot("an entry has no name")
            name = entry["name"]
            if not name.isidentifier():
                raise BadSnapshot("it is not a name of Python")
            match entry.get("form"):
                case "import":
                    yield _Step(names=(name,), make=_importing(entry))
                case "source":
                    yield _Step(names=(name,), make=_defining(shell, entry))
                case "alias":
                    yield _Step(names=(name,), make=_naming(shell, entry))
                case "pickle" | "arrow":
                    groups.setdefault(int(entry["group"]), []).append(entry)
                case form:
                    raise BadSnapshot(f"it is carried in the form {form!r}, which is not known")
        except (BadSnapshot, KeyError, TypeError, ValueError) as error:
            done.failed.append(Left(name=name, reason=_reason(error)))
    for entries in groups.values():
        names = tuple(entry["name"] for entry in entries)
        yield _Step(names=names, make=_unpacking(shell, entries, buffers))


def _importing(entry: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    def make() -> Mapping[str, Any]:
        module = import_module(entry["module"])
        if attribute := entry.get("attribute"):
            return {entry["name"]: getattr(module, attribute)}
        return {entry["name"]: module}

    return make


def _defining(shell: Any, entry: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    """Runs the statement as a cell would be, so that its source is known to IPython again."""

    def make() -> Mapping[str, Any]:
        file = shell.compile.cache(entry["source"], 0)
        before = shell.user_ns.get(entry["name"])
        exec(shell.compile(entry["source"], file, "exec"), shell.user_global_ns, shell.user_ns)  # noqa: S102 # the user's own cell
        made = shell.user_ns[entry["name"]]
        if made is before:
            raise BadSnapshot("its source does not define it")
        return {entry["name"]: made}

    return make


def _naming(shell: Any, entry: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    return lambda: {entry["name"]: shell.user_ns[entry["of"]]}


def _unpacking(
    shell: Any, entries: Sequence[Mapping[str, Any]], buffers: Sequence[memoryview]
) -> Callable[[], Mapping[str, Any]]:
    def make() -> Mapping[str, Any]:
        indexes = entries[0]["buffers"]
        if not indexes or not all(isinstance(i, int) and 0 <= i < len(buffers) for i in indexes):
            raise BadSnapshot("its bytes did not come")
        data, *rest = (buffers[index] for index in indexes)
        value = unpickle_value(data, rest, shell.user_ns)
        if entries[0].get("together"):
            return dict(value)
        return {entries[0]["name"]: value}

    return make


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"this kernel has no module {error.name}"
    if isinstance(error, MemoryError):
        return "this kernel has not the memory for it"
    if isinstance(error, BadSnapshot):
        return str(error)
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:300]
