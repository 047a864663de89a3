import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from labs import Lab

BYTES = bytes(range(256)) * 20


class Worker:
    """What a kernel's worker asks, as drivefs.js does."""

    def __init__(self, client: httpx.Client, context: str, folder: Path) -> None:
        self.client = client
        self.context = context
        self.folder = folder

    def post(self, method: str, path: str, data: object = None, **more: Any) -> httpx.Response:
        asked: dict[str, object] = {"method": method, "path": path, "requestId": "1"}
        if data is not None:
            asked["data"] = data
        body = json.dumps({"data": asked, "browsingContextId": self.context, "requestId": "1"})
        return self.client.post("/api/drive", content=body, **more)

    def ask(self, method: str, path: str, data: object = None) -> Any:
        answer = self.post(method, path, data)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, content: bytes) -> Any:
        text = base64.b64encode(content).decode()
        return self.ask("put", path, {"format": "base64", "data": text})

    def get(self, path: str) -> bytes:
        return base64.b64decode(self.ask("get", path)["content"], validate=True)


@pytest.fixture
def worker(lab: Lab) -> Iterator[Worker]:
    client, options = lab.log_in()
    # A worker cannot send the header.
    del client.headers["X-XSRFToken"]
    client.headers["Origin"] = lab.url
    yield Worker(client, options["context"], lab.folder)
    client.close()


def test_bytes_go_both_ways_unchanged(worker: Worker) -> None:
    (worker.folder / "data.bin").write_bytes(BYTES)
    assert worker.get("/data.bin") == BYTES
    worker.ask("mknod", "/new.csv", {"mode": 0o100666})
    assert worker.get("/new.csv") == b""
    worker.put("/new.csv", BYTES)
    assert (worker.folder / "new.csv").read_bytes() == BYTES
    worker.put("/new.csv", b"a\r\n\xff")
    assert (worker.folder / "new.csv").read_bytes() == b"a\r\n\xff"


@pytest.mark.parametrize("name", ["a.ipynb", "b.py", "c.md"])
def test_notebooks_and_scripts_are_files_like_others(worker: Worker, name: str) -> None:
    content = b'{"cells": [],\n  "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    (worker.folder / name).write_bytes(content)
    assert worker.get(f"/{name}") == content
    worker.put(f"/{name}", content + b"\n")
    assert (worker.folder / name).read_bytes() == content + b"\n"


def test_what_is_there_is_told_as_stat_does(worker: Worker) -> None:
    (worker.folder / "stat").mkdir(exist_ok=True)
    (worker.folder / "stat" / "a b.csv").write_bytes(b"12345")
    assert worker.ask("lookup", "/stat") == {"ok": True, "mode": 16895}
    assert worker.ask("lookup", "/stat/a b.csv") == {"ok": True, "mode": 33206}
    assert worker.ask("lookup", "/stat/none") == {"ok": False}
    assert worker.ask("getmode", "/stat") == 16895
    assert worker.ask("readdir", "/stat") == ["a b.csv"]
    told = worker.ask("getattr", "/stat/a b.csv")
    assert told["size"] == 5
    assert told["mtime"].startswith("20")
    assert worker.ask("get", "/stat/none") is None


def test_folders_are_made_moved_and_removed_when_empty(worker: Worker) -> None:
    worker.ask("mknod", "/made", {"mode": 0o040777})
    worker.put("/made/a", b"a")
    assert worker.post("rmdir", "/made").json()["errno"] == "ENOTEMPTY"
    assert (worker.folder / "made" / "a").is_file()
    worker.ask("rename", "/made", {"newPath": "/moved"})
    worker.ask("rmdir", "/moved/a")
    worker.ask("rmdir", "/moved")
    assert not (worker.folder / "moved").exists()


def test_a_file_that_is_moved_replaces_another(worker: Worker) -> None:
    worker.put("/old", b"old")
    worker.put("/new", b"new")
    worker.ask("rename", "/new", {"newPath": "/old"})
    assert worker.get("/old") == b"new"
    assert not (worker.folder / "new").exists()


def test_a_file_that_is_there_is_not_emptied(worker: Worker) -> None:
    worker.put("/kept", b"kept")
    worker.ask("mknod", "/kept", {"mode": 0o100666})
    assert worker.get("/kept") == b"kept"


REFUSED: list[tuple[str, str, object, str]] = [
    ("get", "/../../etc/passwd", None, "ENOENT"),
    ("put", "/../x", {"format": "base64", "data": ""}, "ENOENT"),
    ("rename", "/a", {"newPath": "/../x"}, "ENOENT"),
    ("getmode", "/none", None, "ENOENT"),
    ("readdir", "/none", None, "ENOENT"),
    ("rmdir", "/none", None, "ENOENT"),
    ("rmdir", "/", None, "EACCES"),
    ("put", "/", {"format": "base64", "data": ""}, "EACCES"),
    ("put", "/a", {"format": "base64", "data": "!"}, "EINVAL"),
    ("put", "/a", {"format": "base64"}, "EINVAL"),
    ("put", "/a", {"format": "base64", "data": "A" * 140_000}, "EFBIG"),
    ("put", "/a", "a", "EINVAL"),
    ("mknod", "/a", {"mode": "x"}, "EINVAL"),
    ("chmod", "/a", None, "EINVAL"),
    ("__init__", "/a", None, "EINVAL"),
]


@pytest.mark.parametrize(("method", "path", "data", "name"), REFUSED)
def test_what_cannot_be_done_has_the_name_of_an_errno(
    worker: Worker, method: str, path: str, data: object, name: str
) -> None:
    (worker.folder / "a").write_bytes(b"a")
    answer = worker.post(method, path, data)
    assert answer.status_code >= 400
    assert answer.json()["errno"] == name
    assert (worker.folder / "a").read_bytes() == b"a"
    assert not (worker.folder.parent / "x").exists()


def test_a_file_of_more_than_the_limit_is_not_read(worker: Worker) -> None:
    with (worker.folder / "large").open("wb") as file:
        os.truncate(file.fileno(), 100_001)
    assert worker.post("get", "/large").json()["errno"] == "EFBIG"


def test_a_request_proves_that_it_comes_from_a_page_of_the_user(worker: Worker, lab: Lab) -> None:
    another = lab.options()
    mine = worker.context
    for context in ("", "x.y", another["context"]):
        worker.context = context
        answer = worker.post("lookup", "/")
        assert answer.status_code == 403, context
        assert answer.json()["error"] == "NotAllowed"
    worker.context = mine
    site = {"Sec-Fetch-Site": "same-site"}
    assert worker.post("lookup", "/", headers=site).status_code == 403
    elsewhere = {"Origin": "http://127.0.0.1:1"}
    assert worker.post("lookup", "/", headers=elsewhere).status_code == 404
    assert worker.post("lookup", "/").status_code == 200
    worker.client.cookies.clear()
    assert worker.post("lookup", "/").status_code == 403


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"browsingContextId": 1, "data": {}}', b"\xff"]
)
def test_a_body_that_is_none_is_refused(worker: Worker, body: bytes) -> None:
    assert worker.client.post("/api/drive", content=body).status_code == 400
