"""Uploads and jobs of a real JupyterLab, with a Dask cluster of its own."""

import contextlib
import itertools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.dataset as ds  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from frames import (
    await_job,
    complete,
    digest_header,
    make_table,
    open_upload,
    opening,
    put_chunk,
    read_events,
    to_chunks,
    to_stream,
    upload_frame,
)
from labs import Lab, serve_lab

pytestmark = pytest.mark.journey


def jobs_config(folder: Path, **more: Any) -> dict[str, dict[str, Any]]:
    lake = folder / "lake"
    lake.mkdir(exist_ok=True)
    told = {"targets": {"lake": str(lake)}, "spool": str(folder / "spool"), "workers": 1}
    return {"PorterJobs": {**told, **more}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[Lab]:
    config = jobs_config(folder, chunk_limit=1 << 20, upload_limit=4 << 20)
    with serve_lab(folder, config=config) as started:
        yield started


@pytest.fixture
def client(lab: Lab) -> Iterator[httpx.Client]:
    with lab.client as opened:
        yield opened


def rows_of(folder: Path, name: str) -> list[int]:
    table = ds.dataset(folder / "lake" / name, partitioning="hive").to_table()
    return sorted(table.column("n").to_pylist())


def test_a_frame_becomes_a_dataset_in_any_order_of_its_chunks(
    client: httpx.Client, folder: Path
) -> None:
    chunks = to_chunks(make_table(1000), 4)
    upload = open_upload(client, "order", name="in/order", rows=1000)
    for number in (2, 0, 3):
        assert put_chunk(client, upload["id"], number, chunks[number]).status_code == 200
    early = client.post(f"/porter/uploads/{upload['id']}/complete", json={"chunks": 4})
    assert (early.status_code, early.json()["error"]) == (409, "Conflict")
    assert "1 chunks are missing: 1" in early.json()["message"]
    # The same key finds it again, with what is there.
    again = open_upload(client, "order", name="in/order", rows=1000)
    assert again["id"] == upload["id"]
    assert [one["number"] for one in again["chunks"]] == [0, 2, 3]
    put_chunk(client, upload["id"], 1, chunks[1])
    put_chunk(client, upload["id"], 1, chunks[1])
    complete(client, upload["id"], 4)
    job = await_job(client, upload["id"])
    assert (job["status"], job["progress"], job["rows"]) == ("done", 1.0, 1000)
    assert job["result"]["location"] == str(folder / "lake/in/order")
    assert rows_of(folder, "in/order") == list(range(1000))
    # It is done once: the chunks' room is free, and again is the same.
    assert complete(client, upload["id"], 4)["status"] == "done"
    assert client.get(f"/porter/uploads/{upload['id']}").json()["chunks"] == []
    assert not [path for path in (folder / "lake/.porter").iterdir() if path.name != "locks"]


def test_modes_and_partitions(client: httpx.Client, folder: Path) -> None:
    first, second = (to_chunks(make_table(30, start=start), 2) for start in (0, 30))
    name = {"name": "modes", "partition": ["part"]}
    assert await_job(client, upload_frame(client, "m1", first, **name))["status"] == "done"
    manifest = json.loads((folder / "lake/modes/_porter.json").read_bytes())
    assert manifest["partition"] == ["part"]
    assert sorted(path.name for path in (folder / "lake/modes").glob("part=*")) == [
        "part=0", "part=1", "part=2",
    ]  # fmt: skip
    refused = await_job(client, upload_frame(client, "m2", second, **name))
    assert (refused["status"], refused["error"]["error"]) == ("failed", "JobFailed")
    assert refused["error"]["message"] == "modes is there already"
    job = await_job(client, upload_frame(client, "m3", second, mode="append", **name))
    assert (job["status"], job["result"]["rows"]) == ("done", 30)
    assert rows_of(folder, "modes") == list(range(60))
    # The same upload again appends nothing.
    assert open_upload(client, "m3", mode="append", **name)["status"] == "done"
    other = {**name, "partition": []}
    job = await_job(client, upload_frame(client, "m4", second, mode="append", **other))
    assert "modes has another partition" in job["error"]["message"]
    job = await_job(client, upload_frame(client, "m5", second, mode="replace", **other))
    assert job["status"] == "done"
    assert rows_of(folder, "modes") == list(range(30, 60))
    # What the dataset no longer has can be brought again.
    assert open_upload(client, "m3", mode="append", **name)["status"] == "open"


def test_chunks_of_parquet(client: httpx.Client, folder: Path, tmp_path: Path) -> None:
    pq.write_table(make_table(10), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    job = upload_frame(client, "pq", [data], name="pq", form="parquet", compression="none")
    assert await_job(client, job)["status"] == "done"
    assert rows_of(folder, "pq") == list(range(10))


def test_chunks_that_are_pieces_of_one_stream(client: httpx.Client, folder: Path) -> None:
    table = make_table(30)
    sink = pa.BufferOutputStream()
    cuts = [0]
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for at in range(0, 30, 10):
            writer.write_table(table.slice(at, 10))
            cuts.append(sink.tell())
    data = bytes(sink.getvalue())
    pieces = [data[a:b] for a, b in itertools.pairwise([*cuts, len(data)])]
    job = upload_frame(client, "pieces", pieces, name="pieces", form="pieces")
    assert await_job(client, job)["status"] == "done"
    assert rows_of(folder, "pieces") == list(range(30))


def test_events_tell_until_the_end(client: httpx.Client) -> None:
    job = upload_frame(client, "events", to_chunks(make_table(50), 2), name="events")
    lines = [line for line in read_events(client, job) if line]
    assert lines[0] == "event: job"
    told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert told[-1]["status"] == "done"
    assert [one["progress"] for one in told] == sorted(one["progress"] for one in told)
    assert job in [one["id"] for one in client.get("/porter/jobs").json()["jobs"]]


def test_what_is_wrong_with_a_frame_is_told_and_leaves_nothing(
    client: httpx.Client, folder: Path
) -> None:
    good = to_stream(make_table(5))
    other = to_stream(make_table(5).drop_columns(["text"]))
    many = to_chunks(make_table(3000), 1)
    (folder / "lake/own").mkdir(exist_ok=True)
    (folder / "lake/own/mine.txt").write_text("mine")
    (folder / "lake/out").symlink_to(folder)
    table: list[tuple[str, list[bytes], dict[str, Any], str]] = [
        ("no-arrow", [b"no arrow"], {}, "the first chunk cannot be read"),
        ("cut", [good, good[: len(good) // 2]], {}, "chunk 1 is no arrow"),
        ("parquet", [good], {"form": "parquet"}, "the first chunk cannot be read"),
        (
            "schema",
            [good, other],
            {},
            "chunk 1 has other columns or types than the upload: n, part",
        ),
        ("rows", [good], {"rows": 6}, "5 rows came, and 6 were told of"),
        ("column", [good], {"partition": ["year"]}, "year"),
        ("partitions", many, {"partition": ["n"]}, "partitions"),
        ("own", [good], {"name": "own", "mode": "replace"}, "was not written by an upload"),
        ("link", [good], {"name": "out/x"}, "out/x leads out of the target"),
    ]
    for key, chunks, more, message in table:
        job = await_job(client, upload_frame(client, key, chunks, **{"name": "bad", **more}))
        assert job["status"] == "failed", key
        assert message in job["error"]["message"], key
    assert not (folder / "lake/bad").exists()
    assert (folder / "lake/own/mine.txt").read_text() == "mine"
    assert not [path for path in (folder / "lake/.porter").iterdir() if path.name != "locks"]


def test_hostile_requests(client: httpx.Client, lab: Lab) -> None:
    bodies: list[tuple[dict[str, Any], int]] = [
        ({"name": "../up"}, 400), ({"name": "/etc"}, 400), ({"name": "a/../b"}, 400),
        ({"name": ".porter"}, 400), ({"name": "a//b"}, 400), ({"name": "a\n"}, 400),
        ({"name": "a/b/c/d/e"}, 400), ({"name": ["a"]}, 400), ({"name": "x" * 101}, 400),
        ({"key": "short"}, 400), ({"key": "k" * 201}, 400), ({"key": "with space"}, 400),
        ({"mode": "delete"}, 400), ({"form": "pickle"}, 400), ({"compression": []}, 400),
        ({"partition": "n"}, 400), ({"partition": ["n", "n"]}, 400), ({"partition": [1]}, 400),
        ({"schema": "not base64"}, 400), ({"schema": "x" * (2 << 20)}, 400),
        ({"schema": "AAAA"}, 400), ({"rows": -1}, 400), ({"chunks": 1.5}, 400),
        ({"chunks": 10**9}, 400), ({"bytes": True}, 400), ({"else": 1}, 400),
        ({"target": "nowhere"}, 404), ({"target": "../lake"}, 404), ({"bytes": 1 << 50}, 507),
    ]  # fmt: skip
    for body, status in bodies:
        answer = client.post("/porter/uploads", json={**opening("hostile"), **body})
        assert answer.status_code == status, body
        assert answer.json()["message"], body
    upload = open_upload(client, "hostile")["id"]
    data = b"x" * 1000
    for path, content, headers, status in [
        ("0", data, {}, 400),
        ("0", data, {"Content-Digest": "md5=:AAAA:"}, 400),
        ("0", data, digest_header(b"other"), 422),
        ("-1", data, digest_header(data), 400),
        ("1e3", data, digest_header(data), 400),
        ("100000", data, digest_header(data), 400),
        ("..%2f..%2fjob.json", data, digest_header(data), 400),
        ("٣", data, digest_header(data), 400),
    ]:
        answer = client.put(
            f"/porter/uploads/{upload}/chunks/{path}", content=content, headers=headers
        )
        assert answer.status_code == status, (path, headers)
    huge = b"x" * ((1 << 20) + 1)
    # The connection ends where more comes than is taken.
    with contextlib.suppress(httpx.TransportError):
        assert put_chunk(client, upload, 0, huge).status_code in (400, 413)
    for identity in ("0" * 32, "%2e%2e%2f", "X" * 32, "0" * 31):
        for path in (f"uploads/{identity}", f"jobs/{identity}", f"jobs/{identity}/events"):
            assert client.get(f"/porter/{path}").status_code == 404, path
    assert put_chunk(client, "0" * 32, 0, data).status_code == 404
    assert client.get(f"/porter/uploads/{upload}").json()["chunks"] == []
    # A chunk that is there is not written over.
    assert put_chunk(client, upload, 0, data).status_code == 200
    assert put_chunk(client, upload, 0, b"y").status_code == 409
    for number in range(1, 5):
        answer = put_chunk(client, upload, number, bytes([number]) * (1 << 20))
        assert answer.status_code == (200 if number < 4 else 507), number
    assert client.post("/porter/uploads", json=opening("hostile", rows=1)).status_code == 409
    assert client.delete(f"/porter/uploads/{upload}").status_code == 204
    assert client.get(f"/porter/uploads/{upload}").status_code == 404
    with lab.stranger as stranger:
        assert stranger.get("/porter/jobs").status_code == 403
        token = {"X-Porter-Kernel": "kernel.0000"}
        assert stranger.get("/porter/jobs", headers=token).status_code == 403
        with contextlib.suppress(httpx.TransportError):
            assert stranger.put("/porter/uploads/x/chunks/0", content=data).status_code == 403


def test_a_killed_server_forgets_nothing(tmp_path: Path) -> None:
    config = jobs_config(tmp_path)
    chunks = to_chunks(make_table(400_000), 40)
    with serve_lab(tmp_path, config=config) as lab, lab.client as client:
        upload = open_upload(client, "half", name="half")["id"]
        put_chunk(client, upload, 0, chunks[0])
        job = upload_frame(client, "killed", chunks, name="killed")
        os.kill(lab.process.pid, signal.SIGKILL)
        lab.process.wait()
    assert not (tmp_path / "lake/killed").exists()
    with serve_lab(tmp_path, config=config) as lab, lab.client as client:
        told = client.get(f"/porter/jobs/{job}").json()
        assert (told["status"], told["ended"]) == ("interrupted", None)
        half = open_upload(client, "half", name="half")
        assert [one["number"] for one in half["chunks"]] == [0]
        assert len(open_upload(client, "killed", name="killed")["chunks"]) == 40
        complete(client, job, 40)
        assert await_job(client, job)["status"] == "done"
        assert len(rows_of(tmp_path, "killed")) == 400_000
        left = [path for path in (tmp_path / "lake/.porter").iterdir() if path.name != "locks"]
        assert not left


def test_a_cancelled_job_leaves_nothing(client: httpx.Client, folder: Path) -> None:
    chunks = to_chunks(make_table(20_000), 20)
    job = upload_frame(client, "cancel", chunks, name="cancelled")
    assert client.delete(f"/porter/jobs/{job}").status_code == 202
    told = await_job(client, job)
    assert told["status"] in ("cancelled", "done")
    if told["status"] == "cancelled":
        assert not (folder / "lake/cancelled").exists()
        assert open_upload(client, "cancel", name="cancelled")["status"] == "open"


def test_workers_listen_on_loopback_alone(client: httpx.Client, lab: Lab) -> None:
    job = upload_frame(client, "loopback", to_chunks(make_table(10), 1), name="loopback")
    assert await_job(client, job)["status"] == "done"
    server = psutil.Process(lab.process.pid)
    processes = [server, *server.children(recursive=True)]
    listening = [
        one.laddr.ip
        for process in processes
        for one in process.net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    ]
    # The server itself, Dask's scheduler, its pages, and a worker with its keeper.
    assert len(listening) > 3
    assert set(listening) == {"127.0.0.1"}
