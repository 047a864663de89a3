"""The gateway's answer as frames. Pure; `kernel_bridge.inside.query.frames` reads them.

A frame is the length of its payload (4 bytes, big-endian), its kind (1 byte) and its payload.
"""

import json
import struct
from collections.abc import Mapping

from kernel_bridge.errors import BridgeError

CONTENT_TYPE = "application/vnd.porter.frames"
HEAD = struct.Struct(">IB")
ARROW, PROGRESS, DONE, ERROR = b"APDE"


def frame(kind: int, payload: bytes) -> bytes:
    """One frame."""
    return HEAD.pack(len(payload), kind) + payload


def told_frame(kind: int, told: Mapping[str, object]) -> bytes:
    """A frame whose payload is an object of JSON."""
    return frame(kind, json.dumps(told).encode())


def error_frame(error: BridgeError) -> bytes:
    """The same object as an answer with an error's status has."""
    return told_frame(
        ERROR, {"error": type(error).__name__, "message": str(error), "advice": error.advice}
    )
