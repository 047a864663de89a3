"""The log: what is in it, and that no secret ever is."""

import json
import time
from typing import Any

import pytest
from servers import Served

from index_server.web.journal import hide_secrets

CANARY = "porter_0123456789ab_CanaryCanaryCanaryCanaryCanaryCanary"
PLAIN = "Canary0123456789plain"
PATHS = (
    "/",
    "/simple/",
    "/simple/nothing/",
    "/r/0.29/simple/",
    "/r/none/simple/",
    "/files/00/11/x.whl",
    "/legacy/",
    "/api/tokens",
    "/api/openapi.json",
    "/login",
    "/tokens",
    "/log",
    "/healthz",
    "/metrics",
    "/static/none",
    "/integrity/a/1/a-1.whl/provenance",
    "/nothing/at/all",
)


def logged(served: Served) -> list[dict[str, Any]]:
    lines = served.output.read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_no_secret_is_ever_logged(served: Served) -> None:
    secrets = (CANARY, PLAIN)
    with served.client as client:
        for path in PATHS:
            for secret in secrets:
                for method in ("GET", "POST", "DELETE", "PROPFIND"):
                    client.request(method, path, auth=("__token__", secret))
                bearer = {"Authorization": f"Bearer {secret}"}
                client.get(path, headers=bearer)
                client.get(path, headers={"Authorization": secret, "Cookie": f"session={secret}"})
                client.get(f"/t/{secret}{path}")
                client.post(f"/t/{secret}{path}")
                client.get(path, params={"token": secret})
                client.post(path, data={"token": secret, "password": secret})
                client.post(path, json={"name": secret})
                client.get(f"{path}/{secret if secret is CANARY else ''}")
    with served.admin as admin:
        admin.get("/api/tokens")
        admin.post("/api/tokens", json={"name": "x"})
        admin.post("/legacy/", data={"name": "x"})
    text = served.output.read_text()
    assert len(logged(served)) > 100
    for secret in secrets:
        assert secret not in text
    assert "Canary" not in text
    # Once, to the person who started the server.
    assert text.count(served.token) == 1


def test_a_write_is_logged_and_a_read_is_not(served: Served) -> None:
    with served.client as client:
        client.get("/simple/")
        client.get("/simple/nothing/")
        assert logged(served) == []
        client.post("/legacy/", data={"a": "b"})
    until = time.monotonic() + 10
    # The line is written after the answer.
    while not logged(served) and time.monotonic() < until:
        time.sleep(0.05)
    (line,) = logged(served)
    assert (line["event"], line["method"], line["path"]) == ("request", "POST", "/legacy/")
    assert (line["status"], line["route"], line["client"]) == (401, "upload", "127.0.0.1")
    assert line["ms"] >= 0
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("/t/abc.def-1/simple/", "/t/***/simple/"),
        ("https://h/t/abc/simple/ failed", "https://h/t/***/simple/ failed"),
        (f"token {CANARY}!", "token ***!"),
        ("Authorization: Basic dXNlcg==", "Authorization: Basic ***"),
        ("bearer abc", "bearer ***"),
        ("/simple/nothing/", "/simple/nothing/"),
    ],
)
def test_what_looks_like_a_token_is_hidden(said: str, kept: str) -> None:
    event = {"event": said, "inner": [{"deep": said}], "status": 200}
    assert hide_secrets(None, "", event) == {
        "event": kept,
        "inner": [{"deep": kept}],
        "status": 200,
    }
