"""A frame's way to the bridge: chunks that are not there yet are sent, then its job is followed.

The addresses: docs/reference/uploads-and-jobs.md.
"""

import base64
import hashlib
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kernel_bridge.inside.errors import BadArguments
from kernel_bridge.inside.gateway import Gateway, GatewayError
from kernel_bridge.inside.uploading.cell import FrameCell
from kernel_bridge.inside.uploading.frames import Frame, chunks, encode, serialize_schema

# A chunk is sent again so often where its connection breaks.
TRIES = 3
# What is told while a frame goes its way: a phase, and how much of it is done (0 to 1).
type Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """A chunk that was made once, and let go of."""

    rows: range
    digest: bytes
    size: int


def send_frame(gateway: Gateway, cell: FrameCell, frame: Frame, tell: Tell) -> str:
    """Upload a frame and start its job; the job's id. Raises GatewayError, BadArguments.

    Called again for the same cell and the same frame, it sends what is missing.
    """
    limits = gateway.ask("GET", "uploads")
    if cell.to not in limits["targets"]:
        known = ", ".join(limits["targets"]) or "none"
        raise BadArguments(f"there is no target {cell.to}", advice=f"the server's targets: {known}")
    for column in cell.partition:
        if column not in frame.schema.names:
            raise BadArguments(
                f"partition: the frame has no column {column}",
                advice=f"it has {', '.join(frame.schema.names[:20])}",
            )
    found = _measure(frame, limits["chunk_limit"], tell)
    size = sum(one.size for one in found)
    opening = _opening(cell, frame, found)
    upload = gateway.ask("POST", "uploads", json_body=opening)
    identity = str(upload["id"])
    if upload["status"] in ("running", "done"):
        return identity
    held = {one["number"]: one["sha256"] for one in upload["chunks"]}
    sent = 0
    for number, one in enumerate(found):
        tell("sending", sent / max(1, size))
        sent += one.size
        if held.get(number) != one.digest.hex():
            path = f"uploads/{identity}/chunks/{number}"
            _put(gateway, path, encode(frame, one.rows), one.digest)
    gateway.ask("POST", f"uploads/{identity}/complete", json_body={"chunks": len(found)})
    return identity


def follow_job(gateway: Gateway, identity: str) -> Iterator[Mapping[str, Any]]:
    """The job's document at each change, the last when it has ended; raises GatewayError."""
    job: Mapping[str, Any] = {"status": "running"}
    failures = 0
    while job["status"] == "running":
        answer = gateway.open("GET", f"jobs/{identity}/events")
        try:
            for line in answer:
                if line.startswith(b"data: "):
                    job = json.loads(line[6:])
                    failures = 0
                    yield job
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures += 1
            if failures == TRIES:
                raise GatewayError(
                    f"the job cannot be followed any more: {error}",
                    advice="run the cell again: it goes on where it is",
                ) from error
        finally:
            answer.close()


def cancel_job(gateway: Gateway, identity: str) -> Mapping[str, Any]:
    """Cancel a job and wait for its end, which may be that it was done already."""
    gateway.ask("DELETE", f"jobs/{identity}")
    return list(follow_job(gateway, identity))[-1]


def _measure(frame: Frame, most: int, tell: Tell) -> list[_Chunk]:
    """The chunks as they will be: the key of the upload is made of all of their hashes."""
    found = []
    for rows, data in chunks(frame, most):
        found.append(_Chunk(rows=rows, digest=hashlib.sha256(data).digest(), size=len(data)))
        del data
        tell("reading the frame", 0.0)
    return found


def _opening(cell: FrameCell, frame: Frame, found: list[_Chunk]) -> dict[str, Any]:
    schema = base64.b64encode(serialize_schema(frame)).decode()
    asked = {
        "target": cell.to,
        "name": cell.name,
        "mode": cell.mode,
        "partition": list(cell.partition),
        "compression": cell.compression,
        "schema": schema,
    }
    # The same cell with the same frame is the same upload, also in another kernel.
    told = json.dumps([asked, cell.key, [one.digest.hex() for one in found]])
    key = f"cell-{hashlib.sha256(told.encode()).hexdigest()}"
    size = sum(one.size for one in found)
    return {**asked, "key": key, "chunks": len(found), "rows": frame.rows, "bytes": size}


def _put(gateway: Gateway, path: str, data: memoryview, digest: bytes) -> None:
    headers = {"Content-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:"}
    for left in reversed(range(TRIES)):
        try:
            gateway.ask("PUT", path, body=data, headers=headers)
        except GatewayError as error:
            # 422: other bytes came than were sent.
            if left == 0 or error.status not in (0, 422, 502, 503):
                raise
        else:
            return
