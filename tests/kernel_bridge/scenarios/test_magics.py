"""Magics in notebooks of both kernels, against real services of this machine."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds  # type: ignore[import-untyped]
import pytest
from cells import await_end, counts, frame_wheels, run, start
from driving import Desk, write_notebook
from gatewaying import SHEET, TOKEN, serve_graphql, serve_sheets
from labs import Lab, serve_bridged
from services import Postgres, run_postgres

KERNELS = ("porter-browser", "python3")
SLOW = "%%sql df << --on warehouse\nSELECT pg_sleep(60)"
ROWS = "%%sql df << --on warehouse\nSELECT i FROM generate_series(1, {}) AS t(i)"
PAGES = (
    "query($after: String) { issues(first: 100, after: $after) "
    "{ edges { node { title author { login } } } pageInfo { hasNextPage endCursor } } }"
)
FRAME = """import numpy as np, pandas as pd
df = pd.DataFrame({"n": np.arange(ROWS), "x": np.random.default_rng(1).random(ROWS)})
df["year"] = df.n % 2 + 2025"""
UPLOAD = '%%dataframe\nframe = "df"\nto = "lake"\nname = "NAME"\npartition = ["year"]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A lab, its database, and the folder that datasets go to."""

    lab: Lab
    postgres: Postgres
    lake: Path


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    (folder / "lake").mkdir()
    (folder / "files" / "data").mkdir(parents=True)
    (folder / "files" / "data" / "some.csv").write_text("a,b\n1,x\n2,y\n")
    (folder / "token").write_text(TOKEN)
    token = {"token-file": str(folder / "token")}
    lake, spool = str(folder / "lake"), str(folder / "spool")
    jobs = {"targets": {"lake": lake}, "spool": spool, "workers": 1}
    with run_postgres() as postgres, serve_sheets() as sheets, serve_graphql() as graphql:
        (folder / "dsn").write_text(postgres.new_database())
        services = {
            "warehouse": {"kind": "postgresql", "dsn-file": str(folder / "dsn")},
            "files": {"kind": "duckdb", "folders": ["data"]},
            "google": {"kind": "googlesheets", "url": sheets.url, **token},
            "tracker": {"kind": "graphql", "url": graphql.url, **token},
        }
        bridge = {"hosts": ["127.0.0.1"], "services": services, "rows_limit": 200_000}
        config = {"PorterJobs": jobs}
        with serve_bridged(folder, *frame_wheels(), bridge=bridge, config=config) as lab:
            yield Office(lab=lab, postgres=postgres, lake=folder / "lake")


@pytest.fixture(scope="module")
def bridged(office: Office) -> Lab:
    return office.lab


@pytest.fixture
def at(seat: Desk, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The tab with an empty notebook that is trusted, in the kernel that the scenario names."""
    name = getattr(request, "param", KERNELS[0])
    path = re.sub(r"\W+", "-", request.node.name)
    write_notebook(seat.lab.folder, f"{path}.ipynb", [""], kernel=name)
    with seat.lab.client as client:
        client.post(f"/api/contents/{path}.ipynb/trust").raise_for_status()
    seat.open(f"{path}.ipynb")
    yield seat
    seat.tidy_up()


both = pytest.mark.parametrize("at", KERNELS, indirect=True)


@both
def test_a_query_becomes_a_frame(at: Desk) -> None:
    shown = run(
        at,
        "least = 99_990; names = ['row 99991', 'row 99993', 'x']",
        "%%sql df << --on warehouse --param most=least+5\n"
        "SELECT i, 'row ' || i AS name FROM generate_series(1, 100000) AS t(i)\n"
        "WHERE i > :least AND i <= :most AND 'row ' || i = ANY(:names)",
        "print(type(df).__name__, df.i.tolist(), df.name.tolist())",
    )

    assert shown[1].strip() == "df: 2 rows, 2 columns"
    assert shown[2].strip() == "DataFrame [99991, 99993] ['row 99991', 'row 99993']"
    assert counts(at) == [1, 2, 3]


@both
def test_a_query_without_a_name_is_shown_as_a_table(at: Desk) -> None:
    run(at, "%%sql --on files --limit 1\nFROM '~/data/some.csv' ORDER BY a", "print(len(_))")

    data = [one for one in at.outputs(0) if one["output_type"] == "execute_result"]
    assert "<table" in "".join(data[0]["data"]["text/html"])
    assert "These are the first 1 rows; there are more." in at.text(0)
    assert at.text(1).strip() == "1"


@both
def test_many_rows_come(at: Desk) -> None:
    shown = run(at, ROWS.format(150_000), "print(int(df.i.sum()))")

    assert "df: 150,000 rows, 1 columns" in shown[0]
    assert shown[1].strip() == str(150_000 * 150_001 // 2)


@both
def test_sheets_and_graphql(at: Desk) -> None:
    shown = run(
        at,
        f"%%googlesheet people << --id {SHEET} --range 'Sheet1!A1:D'",
        "%%graphql issues << --on tracker --paginate issues --limit 120\n" + PAGES,
        "print(people.name.tolist()[0], len(issues))",
    )

    assert shown[0].strip() == "people: 4 rows, 4 columns"
    assert "These are the first 120 rows; there are more." in shown[1]
    assert shown[2].strip() == "Ada 120"


@both
def test_an_error_is_told_and_ends_run_all(at: Desk) -> None:
    shown = run(at, "df = 'as before'", "%%sql df << --on warehouse\nSELECT nope", "print(1)")

    assert 'column "nope" does not exist' in shown[1]
    assert "what to do" in json.dumps(at.outputs(1))
    assert shown[2] == ""
    assert counts(at)[2] is None
    assert run(at, "print(df)") == ["as before\n"]


@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [
        ("%%sql df << --in warehouse\nselect 1", "BadMagic", "there is no option --in"),
        ("%%sql df << --on warehouse\nselect :nope", "BadValue", "no variable 'nope'"),
        ("%%sql df << --on nowhere\nselect 1", "UnknownService", "no service 'nowhere'"),
        (ROWS.format(300_000), "TooMuch", "200"),
        ('%%dataframe\nframe = "nothing"\nto = "lake"\nname = "a"', "NoSuchName", "nothing"),
    ],
)
def test_mistakes_have_a_name(at: Desk, cell: str, error: str, message: str) -> None:
    shown = run(at, cell)

    assert shown[0].startswith(f"{error}: ")
    assert message in shown[0]


@both
def test_an_interrupt_ends_the_query(at: Desk, office: Office) -> None:
    start(at, SLOW)
    office.postgres.await_running("pg_sleep(60)", 1)

    at.execute("notebook:interrupt-kernel")
    await_end(at)

    office.postgres.await_running("pg_sleep(60)", 0)
    assert "KeyboardInterrupt" in at.text(0)
    assert at.text(1) == ""
    assert run(at, "print('still here')") == ["still here\n"]


def test_a_notebook_that_nobody_trusts_asks_nothing(at: Desk) -> None:
    path = write_notebook(at.lab.folder, "found größe.ipynb", [""], kernel="porter-browser")
    notebook = json.loads((at.lab.folder / path).read_text())
    html: dict[str, Any] = {"output_type": "display_data", "metadata": {}}
    notebook["cells"][0]["outputs"] = [{**html, "data": {"text/html": "<script></script>"}}]
    (at.lab.folder / path).write_text(json.dumps(notebook))
    at.open(path)

    told = run(at, "%%sql --on warehouse\nselect 1 as a")
    assert told[0].startswith("UntrustedNotebook: ")

    with at.lab.client as client:
        client.post(f"/api/contents/{path}/trust").raise_for_status()
    told = run(at, "%%sql df << --on warehouse\nselect 1 as a")
    assert told == ["df: 1 rows, 1 columns\n"]


@both
def test_a_frame_becomes_a_dataset_once(at: Desk, office: Office) -> None:
    name = f"sales/{at.kernel}"
    cell = UPLOAD.replace("NAME", name)
    run(at, FRAME.replace("ROWS", "200_000"), cell)

    assert f"df: 200,000 rows are in {office.lake / name} (" in at.text(1)
    assert len(at.outputs(1)) == 1
    found = ds.dataset(office.lake / name, partitioning="hive").to_table()
    assert sorted(found.column("n").to_pylist()) == list(range(200_000))
    written = (office.lake / name / "_porter.json").stat().st_mtime_ns
    told = at.text(1)
    at.run(1)
    assert at.text(1) == told
    assert (office.lake / name / "_porter.json").stat().st_mtime_ns == written


def test_an_upload_is_interrupted_and_goes_on(at: Desk, office: Office) -> None:
    assert run(at, FRAME.replace("ROWS", "1_500_000")) == [""]
    sent: list[str] = []

    def look(route: Any) -> None:
        sent.append(route.request.url.partition("?")[0])
        if len(sent) == 2:
            # The second chunk waits until somebody has interrupted the cell.
            at.page.evaluate("void window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
        route.continue_()

    at.page.route("**/porter/uploads/*/chunks/*", look)
    start(at, UPLOAD.replace("NAME", "interrupted"))
    await_end(at)
    at.page.unroute_all()

    assert "Interrupted: nothing was written." in at.text(0)
    assert "KeyboardInterrupt" in at.text(0)
    assert at.text(1) == ""
    assert not (office.lake / "interrupted").exists()
    again: list[str] = []
    at.page.on("request", lambda asked: again.append(asked.url.partition("?")[0]))
    at.run(0)
    assert "df: 1,500,000 rows are in" in at.text(0)
    assert not set(sent[:1]) & set(again)


def test_a_job_is_cancelled_from_the_page(at: Desk, office: Office) -> None:
    assert run(at, FRAME.replace("ROWS", "1_500_000")) == [""]

    def look(route: Any) -> None:
        # All is sent; the job starts, and somebody has interrupted the cell meanwhile.
        at.page.evaluate("void window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
        route.continue_()

    at.page.route("**/porter/uploads/*/complete*", look)
    start(at, UPLOAD.replace("NAME", "cancelled"))
    await_end(at)
    at.page.unroute_all()

    assert "Cancelled: nothing was written." in at.text(0)
    assert "KeyboardInterrupt" in at.text(0)
    assert at.text(1) == ""
    assert not (office.lake / "cancelled").exists()
    with at.lab.client as client:
        jobs = client.get("/porter/jobs").json()["jobs"]
    assert jobs[0]["status"] == "cancelled"
    at.run(0)
    assert "df: 1,500,000 rows are in" in at.text(0)


def test_an_upload_goes_on_where_the_connection_broke(at: Desk, office: Office) -> None:
    assert run(at, FRAME.replace("ROWS", "1_500_000")) == [""]
    came: list[str] = []

    def look(route: Any) -> None:
        address = route.request.url.partition("?")[0]
        if address.endswith("/chunks/0"):
            came.append(address)
            route.continue_()
        else:
            route.abort()

    at.page.route("**/porter/uploads/*/chunks/*", look)
    assert "ServerAway" in run(at, UPLOAD.replace("NAME", "broken"), "print('after')")[0]
    assert at.text(1) == ""
    assert not (office.lake / "broken").exists()
    at.page.unroute_all()
    again: list[str] = []
    at.page.on("request", lambda asked: again.append(asked.url.partition("?")[0]))

    at.run(0)

    assert "df: 1,500,000 rows are in" in at.text(0)
    assert len(came) == 1
    assert came[0] not in again
    assert came[0].replace("/chunks/0", "/chunks/1") in again
