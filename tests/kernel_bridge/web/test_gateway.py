"""A real JupyterLab, its kernels, and real services behind its gateway."""

import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import psycopg
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from channels import KernelChannel
from gatewaying import SHEET, TOKEN, Asked, serve_graphql, serve_sheets
from jupyter_client.blocking.client import BlockingKernelClient
from labs import Lab, serve_lab
from services import Postgres, run_postgres

pytestmark = pytest.mark.journey

PASSWORD = "hunter2-hunter2"  # noqa: S105 # of nothing
SLOW = "SELECT pg_sleep(60)"
MANY = "SELECT i, 'row ' || i AS name FROM generate_series(1, {}) AS t(i)"
PAGES = (
    "query($after: String) { issues(first: 100, after: $after) "
    "{ edges { node { title author { login } } } pageInfo { hasNextPage endCursor } } }"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A lab and what is behind it."""

    lab: Lab
    postgres: Postgres
    sheets: Asked
    graphql: Asked

    def running(self) -> int:
        """How many of our slow queries PostgreSQL runs."""
        place = f"postgresql://porter@127.0.0.1:{self.postgres.port}/postgres"
        with psycopg.connect(place) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                "query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
            ).fetchone()
        assert found is not None
        return int(found[0])

    def await_running(self, count: int) -> None:
        until = time.monotonic() + 40
        while self.running() != count:
            assert time.monotonic() < until, self.running()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("gateway")
    with run_postgres() as postgres, serve_sheets() as sheets, serve_graphql() as graphql:
        dsn = postgres.new_database().replace("porter@", f"porter:{PASSWORD}@")
        (folder / "dsn").write_text(dsn)
        (folder / "token").write_text(TOKEN)
        (folder / "files" / "data").mkdir(parents=True)
        (folder / "files" / "data" / "some.csv").write_text("a,b\n1,x\n2,y\n")
        token = {"token-file": str(folder / "token")}
        warehouse = {"kind": "postgresql", "dsn-file": str(folder / "dsn")}
        services = {
            "warehouse": {**warehouse, "queries": 2},
            "hasty": {**warehouse, "timeout": 2},
            "files": {"kind": "duckdb", "folders": ["data"]},
            "google": {"kind": "googlesheets", "url": sheets.url, **token},
            "tracker": {"kind": "graphql", "url": graphql.url, **token},
        }
        bridge = {"hosts": ["127.0.0.1"], "services": services, "rows_limit": 200_000}
        with serve_lab(folder, bridge, env={"PORTER_TEST": "1"}) as lab:
            yield Place(lab=lab, postgres=postgres, sheets=sheets, graphql=graphql)
            told = lab.output.read_text("utf-8", "replace")
            assert PASSWORD not in told
            assert TOKEN not in told
            assert "kernel_bridge/gateway" not in told, "a traceback"


@pytest.fixture
def client(place: Place) -> Iterator[httpx.Client]:
    """A program with the server's token, that names a trusted notebook."""
    notebook("trusted.ipynb", place.lab)
    with place.lab.client as client:
        client.headers["Porter-Notebook"] = "trusted.ipynb"
        yield client


def notebook(name: str, lab: Lab) -> None:
    content = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    body = {"type": "notebook", "format": "json", "content": content}
    with lab.client as client:
        assert client.put(f"/api/contents/{quote(name)}", json=body).status_code in (200, 201)


def frames(answer: bytes) -> dict[str, list[Any]]:
    """Payloads by kind."""
    found: dict[str, list[Any]] = {"A": [], "P": [], "D": [], "E": []}
    start = 0
    while start < len(answer):
        size, kind = struct.unpack_from(">IB", answer, start)
        payload = answer[start + 5 : start + 5 + size]
        assert len(payload) == size
        found[chr(kind)].append(payload if kind == ord("A") else json.loads(payload))
        start += 5 + size
    return found


def table_of(answer: httpx.Response) -> pa.Table:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/vnd.porter.frames"
    found = frames(answer.content)
    assert not found["E"], found["E"]
    assert len(found["D"]) == 1
    table = pa.ipc.open_stream(b"".join(found["A"])).read_all()
    assert found["D"][0]["rows"] == table.num_rows
    return table


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """After a second, or the first rows, an answer has begun: then its error is its last frame."""
    told = answer.json() if answer.status_code != 200 else frames(answer.content)["E"][0]
    assert isinstance(told, dict)
    return told


def test_services_are_told_by_name_and_kind_alone(client: httpx.Client) -> None:
    told = client.get("/porter/services").json()["services"]
    assert {"name": "warehouse", "kind": "postgresql"} in told
    assert all(set(one) == {"name", "kind"} for one in told)


def test_a_hundred_thousand_rows_come_with_their_progress(client: httpx.Client) -> None:
    body = {"service": "warehouse", "query": MANY.format(100_000), "id": "a-query-of-ours-1"}
    answer = client.post("/porter/sql", json=body)
    assert table_of(answer)["i"].to_pylist() == list(range(1, 100_001))
    assert answer.headers["Porter-Query"] == "a-query-of-ours-1"
    found = frames(answer.content)
    rows = [told["rows"] for told in found["P"]]
    assert rows == sorted(rows)
    assert rows[-1] == 100_000
    assert len(rows) > 1
    assert found["D"][0]["truncated"] is False


def test_each_kind_of_service_answers(client: httpx.Client) -> None:
    sql = {
        "service": "files",
        "query": "FROM '~/data/some.csv' WHERE a > :n",
        "parameters": {"n": 1},
    }
    assert table_of(client.post("/porter/sql", json=sql)).to_pylist() == [{"a": 2, "b": "y"}]
    sheet = {"spreadsheet": SHEET, "range": "Sheet1!A1:D"}
    assert table_of(client.post("/porter/sheets", json=sheet)).num_rows == 4
    graph = {"service": "tracker", "query": PAGES, "paginate": "issues", "limit": 120}
    answer = client.post("/porter/graphql", json=graph)
    assert table_of(answer).num_rows == 120
    assert frames(answer.content)["D"][0]["truncated"] is True


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("sql", {}, 400, "BadRequest"),
    ("sql", {"query": "SELECT 1"}, 404, "UnknownService"),
    ("sql", {"query": "SELECT 1", "service": "tracker"}, 404, "UnknownService"),
    ("sql", {"query": "SELECT nope", "service": "warehouse"}, 422, "QueryFailed"),
    ("sql", {"query": "SELECT :x", "service": "warehouse"}, 400, "BadRequest"),
    ("sql", {"query": "SELECT 1", "service": "warehouse", "limit": 10**9}, 413, "TooMuch"),
    ("sql", {"query": "SELECT 1", "service": "warehouse", "id": "../x"}, 400, "BadRequest"),
    ("sql", {"query": SLOW, "service": "hasty"}, 504, "TooSlow"),
    ("sql", {"query": MANY.format(300_000), "service": "warehouse"}, 413, "TooMuch"),
    ("sheets", {"spreadsheet": "private", "range": "A1"}, 403, "NotAllowed"),
    ("graphql", {"service": "tracker", "query": "{ nope }"}, 422, "GraphqlErrors"),
    ("graphql", {"service": "tracker", "query": "mutation { a }"}, 422, "QueryFailed"),
]


@pytest.mark.parametrize(("address", "body", "status", "error"), REFUSED)
def test_what_is_refused_is_named(
    client: httpx.Client, address: str, body: dict[str, Any], status: int, error: str
) -> None:
    answer = client.post(f"/porter/{address}", json=body)
    told = error_of(answer)
    assert told["error"] == error
    assert told["advice"]
    assert answer.status_code in (200, status)
    assert PASSWORD not in answer.text
    assert TOKEN not in answer.text


def test_a_notebook_that_nobody_trusts_gets_nothing(place: Place, client: httpx.Client) -> None:
    made = {
        "cells": [
            {
                "cell_type": "code",
                "id": "a",
                "metadata": {"trusted": True},
                "source": "1",
                "execution_count": 1,
                "outputs": [
                    {
                        "output_type": "display_data",
                        "data": {"text/html": "<script>"},
                        "metadata": {"trusted": True},
                    }
                ],
            }
        ],
        "metadata": {"signature": "sha256:" + "0" * 64},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (place.lab.folder / "found größe.ipynb").write_text(json.dumps(made))
    (place.lab.folder / "plain.txt").write_text("x")
    body = {"service": "warehouse", "query": "SELECT 1 AS a"}
    for name in (
        "found größe.ipynb",
        "none.ipynb",
        "plain.txt",
        "../x.ipynb",
        "",
        "%2e%2e/x",
        "data",
    ):
        for address in ("sql", "sheets", "graphql"):
            headers = {"Porter-Notebook": quote(name)}
            answer = client.post(f"/porter/{address}", json=body, headers=headers)
            assert answer.status_code == 403, (name, answer.text)
            assert answer.json()["error"] == "UntrustedNotebook"
    del client.headers["Porter-Notebook"]
    assert client.post("/porter/sql", json=body).status_code == 403
    assert client.post("/api/contents/found%20größe.ipynb/trust").status_code == 201
    headers = {"Porter-Notebook": quote("found größe.ipynb")}
    assert table_of(client.post("/porter/sql", json=body, headers=headers)).num_rows == 1
    made["cells"] = []
    (place.lab.folder / "found größe.ipynb").write_text(json.dumps({**made, "metadata": {"a": 1}}))
    assert client.post("/porter/sql", json=body, headers=headers).status_code == 403


def test_strangers_and_other_sites_get_nothing(place: Place, client: httpx.Client) -> None:
    body = {"service": "warehouse", "query": "SELECT 1 AS a"}
    headers = {"Porter-Notebook": "trusted.ipynb"}
    with place.lab.stranger as stranger:
        for told in ({}, {"X-Porter-Kernel": "x.y"}, {"X-Porter-Kernel": "."}):
            answer = stranger.post("/porter/sql", json=body, headers={**headers, **told})
            assert answer.status_code == 403
        assert stranger.delete("/porter/queries/aaaaaaaaaaaaaaaa").status_code == 403
    page, _ = place.lab.log_in()
    with closing(page):
        assert table_of(page.post("/porter/sql", json=body, headers=headers)).num_rows == 1
        del page.headers["X-XSRFToken"]
        assert page.post("/porter/sql", json=body, headers=headers).status_code == 403


def test_a_query_is_cancelled_and_others_wait(place: Place, client: httpx.Client) -> None:
    ended: list[httpx.Response] = []
    body = {"service": "warehouse", "query": SLOW}

    def run(number: int) -> None:
        with place.lab.client as other:
            told = {**body, "id": f"slow-query-number-{number}"}
            headers = {"Porter-Notebook": "trusted.ipynb"}
            ended.append(other.post("/porter/sql", json=told, headers=headers))

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    place.await_running(2)
    busy = client.post("/porter/sql", json=body)
    assert (busy.status_code, busy.json()["error"]) == (429, "Busy")
    assert client.delete("/porter/queries/slow-query-number-3").status_code == 404
    for number in (1, 2):
        assert client.delete(f"/porter/queries/slow-query-number-{number}").status_code == 202
    for thread in threads:
        thread.join(30)
    assert [error_of(one)["error"] for one in ended] == ["Cancelled"] * 2
    assert place.running() == 0


def test_who_goes_away_ends_the_query(place: Place, client: httpx.Client) -> None:
    body = {"service": "warehouse", "query": SLOW}
    with client.stream("POST", "/porter/sql", json=body) as answer:
        chunks = answer.iter_raw()
        assert next(chunks)[4:5] == b"P"
        place.await_running(1)
    place.await_running(0)


@pytest.fixture(scope="module")
def kernel(place: Place) -> Iterator[KernelChannel]:
    """A kernel of the server's, of a notebook that is trusted."""
    notebook("cells.ipynb", place.lab)
    asked = {
        "path": "cells.ipynb",
        "name": "cells.ipynb",
        "type": "notebook",
        "kernel": {"name": "python3"},
    }
    with place.lab.client as client:
        identity = client.post("/api/sessions", json=asked).json()["kernel"]["id"]
        runtime = place.lab.output.parent / "runtime"
        told = BlockingKernelClient(connection_file=str(runtime / f"kernel-{identity}.json"))
        told.load_connection_file()
        told.start_channels(hb=False)
        try:
            told.kernel_info(reply=True, timeout=120)
            channel = KernelChannel(told)
            channel.run("%load_ext kernel_bridge.inside")
            yield channel
        finally:
            told.stop_channels()
            client.delete(f"/api/kernels/{identity}")


def fail(kernel: KernelChannel, code: str) -> str:
    reply = kernel.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
    content = reply["content"]
    assert content["status"] == "error"
    return "\n".join((content["evalue"], *content["traceback"]))


def test_cells_of_a_server_kernel(kernel: KernelChannel) -> None:
    kernel.run("least = 99_990\nnames = ['x', 'y']")
    cell = "%%sql df << --on warehouse --param most=least+5\n"
    cell += MANY.format(100_000) + " WHERE i > :least AND i <= :most"
    assert "df: 5 rows, 2 columns" in kernel.run(cell)
    assert kernel.run("print(type(df).__name__, list(df.i))") == (
        "DataFrame [99991, 99992, 99993, 99994, 99995]\n"
    )
    assert "100,000 rows" in kernel.run("%%sql df << --on warehouse\n" + MANY.format(100_000))
    kernel.run("x = %sql --on files select b from '~/data/some.csv' where b = any(:names)")
    assert kernel.run("print(list(x.b))") == "['x', 'y']\n"
    kernel.run(f"%%googlesheet people << --id {SHEET} --range 'Sheet1!A1:D'")
    assert kernel.run("print(people.name.tolist()[0])") == "Ada\n"
    told = kernel.run("%%graphql issues << --on tracker --paginate issues --limit 120\n" + PAGES)
    assert "first 120 rows; there are more" in told
    assert "issues: 120 rows, 2 columns" in told


def test_mistakes_of_a_cell_are_one_line(kernel: KernelChannel) -> None:
    kernel.run("df = 'as before'")
    told = fail(kernel, "%%sql df << --on warehouse\nselect nope")
    assert 'QueryFailed: column "nope" does not exist' in told
    assert "what to do" in told
    assert "File " not in told
    for cell, message in (
        ("%%sql df << --on nowhere\nselect 1", "UnknownService: there is no service 'nowhere'"),
        ("%%sql df << --in w\nselect 1", "BadMagic: %%sql: there is no option --in"),
        ("%%sql df << --on warehouse\nselect :nope", "BadValue: the notebook has no variable"),
        ("%%sql df << --on warehouse\n" + MANY.format(300_000), "TooMuch"),
    ):
        assert message in fail(kernel, cell)
    assert kernel.run("print(df)") == "as before\n"


def test_an_interrupt_ends_the_query(place: Place, kernel: KernelChannel) -> None:
    identity = kernel.run("import os; print(os.environ['PORTER_GATEWAY_TOKEN'].split('.')[0])")

    def interrupt() -> None:
        place.await_running(1)
        with place.lab.client as client:
            client.post(f"/api/kernels/{identity.strip()}/interrupt")

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert "KeyboardInterrupt" in fail(kernel, f"%%sql df << --on warehouse\n{SLOW}")
    thread.join(60)
    place.await_running(0)


def test_a_kernel_has_no_secret(place: Place, kernel: KernelChannel) -> None:
    told = kernel.run("import os; print(dict(os.environ))")
    assert PASSWORD not in told
    assert TOKEN not in told
    assert place.lab.token not in told


def test_a_kernel_of_a_notebook_that_nobody_trusts_gets_nothing(
    place: Place, kernel: KernelChannel
) -> None:
    path = Path(place.lab.folder / "cells.ipynb")
    trusted = path.read_text()
    of_notebook = {"path": "cells.ipynb", "type": "notebook"}
    # As a page starts the kernel of a notebook's remote cells.
    of_cells = {"path": f"cells.ipynb-remote-{uuid4()}", "type": "porter-remote"}
    with place.lab.client as client:
        (session,) = client.get("/api/sessions").json()
        try:
            for told in (of_cells, of_notebook):
                client.patch(f"/api/sessions/{session['id']}", json=told).raise_for_status()
                path.write_text(trusted)
                kernel.run("%sql --on warehouse select 1")
                path.write_text(trusted.replace('"metadata": {}', '"metadata": {"a": 1}'))
                assert "UntrustedNotebook" in fail(kernel, "%sql --on warehouse select 1")
        finally:
            path.write_text(trusted)


def test_a_page_has_a_cell_made_into_a_request(kernel: KernelChannel) -> None:
    kernel.open()
    code = "%%sql df << --on warehouse\nselect :least as x"
    kernel.run("least = 3")
    asked = kernel.ask("query", {"code": code}).result["request"]
    assert asked == {
        "address": "sql",
        "target": "df",
        "body": {
            "service": "warehouse",
            "query": "select :least as x",
            "parameters": {"least": 3},
        },
    }
    assert kernel.ask("query", {"code": "least"}).result == {"request": None}
    asked = kernel.ask("query", {"code": "%%sql\nFROM 'a.csv' WHERE b > :least;"}).result["request"]
    assert asked == {
        "address": "files",
        "target": None,
        "body": {
            "query": "FROM 'a.csv' WHERE b > CAST($1 AS BIGINT)",
            "parameters": ["3"],
            "names": ["a.csv"],
        },
    }
    refused = kernel.ask("query", {"code": "%%sql --in w\nselect 1"}).data
    assert (refused["ok"], refused["error"]) == (False, "BadMagic")
