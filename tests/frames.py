"""Frames in chunks, and their uploads to a real JupyterLab's bridge."""

import base64
import hashlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa  # type: ignore[import-untyped]

READY = 120.0


def make_table(rows: int, *, start: int = 0) -> Any:
    numbers = range(start, start + rows)
    return pa.table(
        {
            "n": pa.array(numbers, pa.int64()),
            "text": [f"row {number}" for number in numbers],
            "part": pa.array([number % 3 for number in numbers], pa.int32()),
        }
    )


def to_stream(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def to_chunks(table: Any, count: int) -> list[bytes]:
    step = -(-table.num_rows // count)
    return [to_stream(table.slice(at * step, step)) for at in range(count)]


def digest_header(data: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return {"Content-Digest": f"sha-256=:{digest}:"}


def opening(key: str, **more: Any) -> dict[str, Any]:
    return {"key": f"test-key-{key}", "target": "lake", "name": "sales", **more}


def open_upload(client: httpx.Client, key: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/porter/uploads", json=opening(key, **more))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def put_chunk(client: httpx.Client, upload: str, number: int, data: bytes) -> httpx.Response:
    path = f"/porter/uploads/{upload}/chunks/{number}"
    return client.put(path, content=data, headers=digest_header(data))


def upload_frame(client: httpx.Client, key: str, chunks: list[bytes], **more: Any) -> str:
    """Open, send, complete; the job's id."""
    identity: str = open_upload(client, key, **more)["id"]
    for number, data in enumerate(chunks):
        assert put_chunk(client, identity, number, data).status_code == 200
    complete(client, identity, len(chunks))
    return identity


def complete(client: httpx.Client, identity: str, count: int) -> dict[str, Any]:
    answer = client.post(f"/porter/uploads/{identity}/complete", json={"chunks": count})
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


def await_job(client: httpx.Client, identity: str) -> dict[str, Any]:
    until = time.monotonic() + READY
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(f"/porter/jobs/{identity}").json()
        if job["status"] not in ("open", "running"):
            return job
        time.sleep(0.1)
    raise AssertionError(job)


def read_events(client: httpx.Client, identity: str) -> Iterator[str]:
    with client.stream("GET", f"/porter/jobs/{identity}/events", timeout=READY) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield from answer.iter_lines()
