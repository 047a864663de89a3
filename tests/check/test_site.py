"""The server of one run: what it has, and what it must not say."""

import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from audit.corpus import make_wheel

from porter.check.site import Site, pack_tests, serve, wheels_by_hash
from porter.home import Home
from porter.runtime import Runtime


@pytest.fixture
def site(runtime: Runtime, home: Home, env: dict[str, str], tmp_path: Path) -> Iterator[Site]:
    wheel = make_wheel(tmp_path, {"sample.py": b""}, project="iniconfig")
    events = tmp_path / "events"
    events.touch()
    found = Site(
        runtime=runtime,
        wheels=wheels_by_hash([wheel]),
        tests=pack_tests([("a.py", Path(__file__))]),
        events=events,
        home=home,
        env=env,
        plan={"x": 1},
    )
    with serve(found):
        yield found


def get(site: Site, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(site.url + path, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def page(site: Site, path: str) -> Any:
    return json.loads(get(site, path)[1])


def test_it_listens_on_the_loopback_interface_only(site: Site) -> None:
    assert site.url.startswith("http://127.0.0.1:")


def test_what_is_at_hand_hides_what_the_index_has(site: Site) -> None:
    mine = page(site, "/simple/iniconfig/")
    assert [file["filename"] for file in mine["files"]] == ["iniconfig-1.0-py3-none-any.whl"]
    assert page(site, "/simple//iniconfig/") == mine
    file = mine["files"][0]
    status, body = get(site, file["url"].removeprefix(site.url))
    assert status == 200
    assert body.startswith(b"PK")


def test_what_the_index_has_is_passed_on(site: Site) -> None:
    files = page(site, "/simple/sortedcontainers/")["files"]
    assert files
    assert all(file["filename"].endswith(".whl") for file in files)
    assert all(file["url"].startswith(site.url) for file in files)
    status, body = get(site, files[-1]["url"].removeprefix(site.url))
    assert (status, body[:2]) == (200, b"PK")


def test_the_lock_has_only_what_is_here(site: Site) -> None:
    lock = page(site, "/lock.json")
    assert lock["info"]["abi_version"]
    assert "numpy" not in lock["packages"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/runtime/",
        "/runtime/..",
        "/runtime/../../etc/passwd",
        "/runtime/%2e%2e/passwd",
        "/files/0000/x.whl",
        "/simple/",
        "/simple/no-such-project-in-any-index/",
    ],
)
def test_what_is_not_here(site: Site, path: str) -> None:
    assert get(site, path)[0] == 404


def test_an_index_that_is_away_is_a_failure_not_an_absence(site: Site) -> None:
    site.env = {**site.env, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    assert get(site, "/simple/sortedcontainers/")[0] == 502


def test_events_of_several_requests_stay_whole(site: Site) -> None:
    def post(number: int) -> None:
        body = json.dumps({"n": number, "text": "x" * 5000}).encode()
        urllib.request.urlopen(site.url + "/events", data=body, timeout=30).close()

    threads = [threading.Thread(target=post, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = site.events.read_bytes().splitlines()
    assert sorted(json.loads(line)["n"] for line in lines) == list(range(20))


def ask_and_reset(site: Site, path: str) -> None:
    """Read the answer's first byte, then reset the connection, as a browser that is killed."""
    place = urllib.parse.urlsplit(site.url)
    connection = socket.create_connection((place.hostname or "", place.port or 0), timeout=30)
    connection.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    assert connection.recv(1) == b"H"
    # To linger for no time is to reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def ask_and_close(site: Site, path: str) -> None:
    urllib.request.urlopen(site.url + path, timeout=30).close()


@pytest.mark.parametrize("leave", [ask_and_close, ask_and_reset])
def test_a_tab_that_is_gone_is_told(site: Site, leave: Callable[[Site, str], None]) -> None:
    leave(site, "/alive")
    for _ in range(200):
        if site.events.read_bytes():
            break
        threading.Event().wait(0.05)
    assert json.loads(site.events.read_bytes())["kind"] == "died"


def test_a_browser_that_is_stopped_leaves_no_traceback(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    ask_and_reset(site, "/plan.json")
    deadline = time.monotonic() + 30
    while any("process_request" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert get(site, "/plan.json")[0] == 200
    assert capfd.readouterr().err == ""
