"""Values that stayed where they were made: a name in the browser, the value on the server."""

from typing import Any, NoReturn

from kernel_bridge.inside.errors import BadArguments, InsideError
from kernel_bridge.inside.registry import Answer, Arguments, argument, operation


class StaysRemote(InsideError):
    """A value is on the server, and too large to come."""


class Remote:
    """Stands for a value of the server's kernel; what a `%%remote` cell reads of it is the value."""

    def __init__(self, name: str, kind: str, reason: str) -> None:
        self.__dict__.update(_name=name, _kind=kind, _reason=reason)

    def __repr__(self) -> str:
        told = self.__dict__
        return f"<{told['_name']}, a {told['_kind']} on the server: {told['_reason']}>"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise StaysRemote(
            f"{self!r} is not here",
            advice="use it in a %%remote cell, which may bring what is small",
        )

    # Python looks these up on the class; the rest goes through __getattr__.
    __len__ = __iter__ = __getitem__ = __setitem__ = __call__ = __bool__ = _refuse
    __add__ = __sub__ = __mul__ = __truediv__ = __lt__ = __gt__ = _refuse

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        # Carried elsewhere it would stand for nothing: the kernel that has the value ends then.
        self._refuse()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # what displays a value looks for such names
        self._refuse()


@operation("handles")
def handles(shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{names: [{name, type, reason}]}` → `{named}`: put a Remote under each of these names."""
    named = []
    for one in argument(args, "names", list):
        if not isinstance(one, dict) or not str(one.get("name", "")).isidentifier():
            raise BadArguments(f"this is not the name of a remote value: {one!r}"[:200])
        name = str(one["name"])
        kind, reason = str(one.get("type", "value")), str(one.get("reason", ""))
        shell.user_ns[name] = Remote(name, kind, reason)
        named.append(name)
    return {"named": named}, ()
