"""The operations `snapshot` and `restore`."""

from typing import Any

from kernel_bridge.inside.registry import Answer, Arguments, argument, names, operation
from kernel_bridge.inside.state.put import put_snapshot
from kernel_bridge.inside.state.take import take_snapshot

MEBIBYTE = 1 << 20
LIMIT = 256 * MEBIBYTE


@operation("snapshot")
def snapshot(shell: Any, args: Arguments, _buffers: list[memoryview]) -> Answer:
    """`{names?, limit?}` → `{carried, left}` and the pieces of what is carried."""
    wanted = names(args, "names") if args.get("names") is not None else None
    taken = take_snapshot(shell, names=wanted, limit=argument(args, "limit", int, LIMIT))
    result = {
        "carried": [one.as_json() for one in taken.carried],
        "left": [one.as_json() for one in taken.left],
    }
    return result, [bytes(piece) for piece in taken.buffers]


@operation("restore")
def restore(shell: Any, args: Arguments, buffers: list[memoryview]) -> Answer:
    """`{carried}` and its pieces → `{restored, failed}`."""
    done = put_snapshot(shell, argument(args, "carried", list), buffers)
    return {"restored": done.names, "failed": [one.as_json() for one in done.failed]}, ()
