"""What is mounted reads the index as whoever asks, and is left out where it cannot be."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from wheels import make_wheel, put_wheel

from index_server.app import create_app
from index_server.holdings import Holdings
from index_server.people.access import Permission
from index_server.people.tokens import create_token
from index_server.settings import Reading
from index_server.web.mounts import GROUP, load_mounts

OUTSIDE = "https://wheels.example.org"


@pytest.fixture
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with an application, and one whose requirements are not installed."""
    metadata = tmp_path / "site" / "echoing-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: echoing\nVersion: 1.0\n")
    lines = f"[{GROUP}]\necho = echoing:mount\nlacking = there_is_no_such_module:mount\n"
    (metadata / "entry_points.txt").write_text(lines)
    monkeypatch.syspath_prepend(tmp_path / "site")


class Client:
    """Asks the application as a browser behind a proxy does, which ends TLS."""

    def __init__(self, index: Holdings, portal: Any) -> None:
        transport = httpx.ASGITransport(create_app(index))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765")
        self._portal = portal

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            self._client.cookies.clear()
            return await self._client.request(method, path, **more)

        answer: httpx.Response = self._portal.call(send)
        return answer

    def echo(self, path: str, prefix: str = "", **more: Any) -> dict[str, Any]:
        answer = self("POST", f"{prefix}/api/echo?{path}", **more)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
def closed(index: Holdings, tmp_path: Path, entries: None) -> Iterator[tuple[Client, str]]:
    """A closed index behind a proxy, and a token that reads acme-*."""
    put_wheel(index, make_wheel(tmp_path, "acme-tools"))
    put_wheel(index, make_wheel(tmp_path, "secret-plans", members={"a.txt": b"x" * 200_000}))
    token = create_token(
        index.engine,
        name="reader",
        permissions=[Permission.READ],
        projects=("acme-*",),
        lifetime=timedelta(hours=1),
        actor="tests",
    )[1]
    index.settings = replace(index.settings, reading=Reading.TOKEN, base_url=OUTSIDE)
    index.refresh()
    with start_blocking_portal() as portal:
        yield Client(index, portal), token


def test_it_reads_as_whoever_asks(closed: tuple[Client, str]) -> None:
    client, token = closed
    ways: tuple[dict[str, Any], ...] = (
        {"auth": ("__token__", token)},
        {"headers": {"authorization": f"Bearer {token}"}},
    )
    for auth in ways:
        told = client.echo("/simple/acme-tools/", **auth)
        assert (told["status"], told["base"], told["serial"] > 0) == (200, OUTSIDE, True)
        assert told["type"].startswith("text/html")
        assert f"{told['inside']}/files/" in told["body"]
        assert OUTSIDE not in told["body"]
        assert "reader" in told["who"]
        assert client.echo("/simple/secret-plans/", **auth)["status"] == 403
        assert client.echo("/nothing/here", **auth)["status"] in (403, 404)


def test_nobody_is_let_in_by_another_way(closed: tuple[Client, str]) -> None:
    client, token = closed
    assert client("POST", "/api/echo?/simple/acme-tools/").status_code == 401
    assert client("GET", "/api/echo?/simple/").status_code == 401
    wrong: dict[str, Any] = {"auth": ("__token__", token[:-1])}
    assert client("POST", "/api/echo?/simple/acme-tools/", **wrong).status_code == 401


def test_a_session_and_a_path_token_read_too(closed: tuple[Client, str]) -> None:
    client, token = closed
    page = client("POST", "/login", data={"token": token}, headers={"origin": OUTSIDE})
    assert page.status_code in (302, 303), page.text
    cookie = page.headers["set-cookie"].partition(";")[0]
    session: dict[str, Any] = {"headers": {"cookie": cookie, "origin": OUTSIDE}}
    assert client.echo("/simple/acme-tools/", **session)["status"] == 200
    assert client.echo("/simple/secret-plans/", **session)["status"] == 403
    # Another site cannot have a browser ask with its cookie.
    other: dict[str, Any] = {"headers": {"cookie": cookie, "origin": "https://other.example.org"}}
    assert client("POST", "/api/echo?/simple/acme-tools/", **other).status_code == 403
    made = client("POST", "/api/path-tokens", json={}, auth=("__token__", token)).json()
    prefix = f"/t/{made['token']}"
    told = client.echo("/simple/acme-tools/", prefix=prefix)
    assert (told["status"], told["base"]) == (200, OUTSIDE)
    assert f"{told['inside']}{prefix}/files/" in told["body"]
    assert client.echo(f"{prefix}/simple/acme-tools/", prefix=prefix)["status"] == 200
    assert client.echo("/simple/secret-plans/", prefix=prefix)["status"] == 403


def test_an_answer_that_is_too_large_is_not_kept(
    index: Holdings, tmp_path: Path, entries: None
) -> None:
    members = {"noise.bin": os.urandom(150_000)}
    put_wheel(index, make_wheel(tmp_path, "acme-large", members=members))
    index.refresh()
    file = index.snapshot.projects["acme-large"].files[0]
    with start_blocking_portal() as portal:
        client = Client(index, portal)
        told = client.echo(f"/files/{file.sha256[:2]}/{file.sha256[2:]}/{file.filename}")
        assert client.echo("/simple/acme-large/")["status"] == 200
    assert (told["status"], told["body"]) == (0, "the answer has more than 100000 bytes")
    assert told["who"] == "anybody"


def test_what_is_not_installed_is_left_out(index: Holdings, entries: None) -> None:
    assert "/api/echo" in load_mounts(index).paths
