import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from labs import Lab
from servers import Served
from uploading import post_wheel
from wheels import make_wheel

from kernel_bridge.deciding import MOST_CELLS


@pytest.fixture
def client(indexed: Lab) -> Iterator[httpx.Client]:
    with indexed.client as client:
        yield client


def notebook(*sources: str) -> dict[str, Any]:
    cells = [
        {"cell_type": "code", "id": f"c{i}", "source": one, "metadata": {}, "outputs": []}
        for i, one in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def decide(client: httpx.Client, *sources: str, **more: object) -> Any:
    body = {"path": "a.ipynb", "notebook": notebook(*sources), **more}
    answer = client.post("/porter/decisions", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_notebook_of_the_standard_library_and_the_kernels_own_runs_in_the_browser(
    client: httpx.Client,
) -> None:
    told = decide(client, "import json, IPython, ipywidgets, micropip")
    assert told["kernel"] == "porter-browser", told["reasons"]
    assert told["verdict"] == "browser"


def test_what_needs_a_server_is_told_with_the_servers_kernel(client: httpx.Client) -> None:
    told = decide(client, "1 + 1", "import subprocess\nsubprocess.run(['ls'])")
    assert told["kernel"] == "conda-base"
    assert [cell["backend"] for cell in told["cells"]] == ["browser", "server"]
    again = decide(client, "1 + 1", "import os", previous=told["id"])
    assert again["kernel"] == "porter-browser"


def test_the_first_decision_is_made_before_anybody_asks(indexed: Lab) -> None:
    until = time.monotonic() + 60
    while "ready to decide" not in (told := indexed.output.read_text()):
        assert time.monotonic() < until, told
        time.sleep(0.1)


def test_local_modules_are_found_beside_the_notebook(client: httpx.Client, indexed: Lab) -> None:
    (indexed.folder / "beside.py").write_text("x = 1\n")
    assert decide(client, "import beside")["verdict"] == "browser"


def test_the_index_is_looked_at_anew_where_it_changed(
    client: httpx.Client, index: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert decide(client, "import acme_fresh")["verdict"] != "browser"
    with index.admin as admin:
        wheel = make_wheel(tmp_path_factory.mktemp("w"), "acme-fresh")
        assert post_wheel(admin, wheel).status_code == 200
    index.await_project("acme-fresh")
    told = decide(client, "import acme_fresh")
    assert told["verdict"] == "browser"
    assert told["requirements"][0]["requirement"] == "acme-fresh==1.0"


def test_a_policy_is_heeded(client: httpx.Client) -> None:
    told = decide(client, "import json", policy={"deny": {"imports": ["json"]}})
    assert told["kernel"] == "conda-base"


REFUSED: list[tuple[dict[str, object], int]] = [
    ({}, 400),
    ({"notebook": []}, 400),
    ({"notebook": {"cells": {}}}, 400),
    ({"notebook": notebook(), "path": 1}, 400),
    ({"notebook": notebook(), "path": "../a.ipynb"}, 404),
    ({"notebook": notebook(), "policy": 1}, 400),
    ({"notebook": notebook(), "policy": {"index": "http://127.0.0.1"}}, 400),
    ({"notebook": notebook(), "policy": {"mapping": "/etc/passwd"}}, 400),
    ({"notebook": notebook(), "policy": {"memory": -1}}, 400),
    ({"notebook": {"cells": [{}] * (MOST_CELLS + 1)}}, 413),
]


@pytest.mark.parametrize(("body", "status"), REFUSED)
def test_what_cannot_be_read_is_refused(
    client: httpx.Client, body: dict[str, object], status: int
) -> None:
    answer = client.post("/porter/decisions", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] in ("BadRequest", "NotThere", "TooMuch")


def test_strangers_are_told_nothing(indexed: Lab) -> None:
    with indexed.stranger as stranger:
        assert stranger.post("/porter/decisions", json={}).status_code == 403
