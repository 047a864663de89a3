"""Magics in notebooks of both kernels, against real services of this machine."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import psycopg
import pyarrow.dataset as ds  # type: ignore[import-untyped]
import pytest
from driving import PATIENCE, WIDGET, Desk, sit_down, write_notebook
from gatewaying import SHEET, TOKEN, serve_graphql, serve_sheets
from labs import Lab, serve_lab
from playwright.sync_api import Browser, Error
from services import Postgres, run_postgres

from demo.serving import publish, serving

ROOT = Path(__file__).parents[3]
EXTENSIONS = ROOT / "kernel_bridge" / "labextensions"
WHEELS = ROOT / "dist" / "bridge"
GUIDE = ROOT / "docs" / "how-to" / "write-a-cell-magic.md"
KERNELS = ("porter-browser", "python3")
NEEDED = ("nanoarrow", "numpy", "pandas", "python_dateutil", "six", "tzdata")
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

    def await_running(self, count: int) -> None:
        """Until PostgreSQL runs so many of the slow queries."""
        place = f"postgresql://porter@127.0.0.1:{self.postgres.port}/postgres"
        until = time.monotonic() + PATIENCE / 1000
        with psycopg.connect(place, autocommit=True) as connection:
            while True:
                found = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                    "query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
                ).fetchone()
                if found == (count,):
                    return
                assert time.monotonic() < until, found
                time.sleep(0.1)


def wheels() -> list[Path]:
    """What a browser's kernel needs for frames, as far as it was built."""
    found = (WHEELS.glob(f"{name}-*.whl") for name in NEEDED)
    return [max(paths) for paths in map(list, found) if paths]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    assert EXTENSIONS.is_dir(), "make labextension builds it"
    extensions = copytree(EXTENSIONS, folder / "labextensions")
    (folder / "lake").mkdir()
    (folder / "files" / "data").mkdir(parents=True)
    (folder / "files" / "data" / "some.csv").write_text("a,b\n1,x\n2,y\n")
    (folder / "token").write_text(TOKEN)
    token = {"token-file": str(folder / "token")}
    config: dict[str, dict[str, object]] = {
        "LabApp": {"expose_app_in_browser": True},
        "LabServerApp": {"extra_labextensions_path": [str(extensions)]},
        "PorterJobs": {
            "targets": {"lake": str(folder / "lake")},
            "spool": str(folder / "spool"),
            "workers": 1,
        },
    }
    with (
        serving(folder / "index") as index,
        run_postgres() as postgres,
        serve_sheets() as sheets,
        serve_graphql() as graphql,
    ):
        if wheels():
            publish(wheels(), index)
        (folder / "dsn").write_text(postgres.new_database())
        services = {
            "warehouse": {"kind": "postgresql", "dsn-file": str(folder / "dsn")},
            "files": {"kind": "duckdb", "folders": ["data"]},
            "google": {"kind": "googlesheets", "url": sheets.url, **token},
            "tracker": {"kind": "graphql", "url": graphql.url, **token},
        }
        bridge = {"index": index.url, "hosts": ["127.0.0.1"], "services": services}
        with serve_lab(folder, {**bridge, "rows_limit": 200_000}, config=config) as lab:
            yield Office(lab=lab, postgres=postgres, lake=folder / "lake")


@pytest.fixture(scope="module")
def seat(browser: Browser, office: Office) -> Iterator[Desk]:
    with sit_down(browser, office.lab) as taken:
        yield taken


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


@pytest.fixture
def frames(at: Desk) -> Desk:
    """The same tab, where its kernel can have frames."""
    if at.kernel == KERNELS[0] and len(wheels()) < len(NEEDED):
        pytest.fail(f"{WHEELS} lacks one of {', '.join(NEEDED)}: make frames builds them")
    return at


both = pytest.mark.parametrize("at", KERNELS, indirect=True)


def fill(desk: Desk, *cells: str) -> None:
    """Have just these cells in the notebook."""
    desk.page.evaluate(
        f"""cells => {{
            const shared = {WIDGET}.content.model.sharedModel;
            shared.deleteCellRange(0, shared.cells.length);
            shared.insertCells(0, cells.map(source => ({{ cell_type: 'code', source }})));
        }}""",
        list(cells),
    )


def run(desk: Desk, *cells: str) -> list[str]:
    """What these cells show, run from the first to the last, or to the first that fails."""
    fill(desk, *cells)
    with suppress(Error):  # the cells tell
        desk.run_all()
    return [desk.text(index) for index in range(len(cells))]


def counts(desk: Desk) -> list[int | None]:
    told = desk.page.evaluate(f"{WIDGET}.content.widgets.map(one => one.model.executionCount)")
    return list(told)


def start(desk: Desk, cell: str) -> None:
    """Run one cell, and come back at once."""
    fill(desk, cell, "print('after')")
    desk.start_run_all()


def await_end(desk: Desk) -> None:
    desk.page.wait_for_function(
        f"""{WIDGET}.content.widgets[0].model.executionCount !== null &&
            {WIDGET}.content.widgets.every(one => one.model.executionState === 'idle')""",
        timeout=PATIENCE,
    )


@both
def test_a_query_becomes_a_frame(frames: Desk) -> None:
    shown = run(
        frames,
        "least = 99_990; names = ['row 99991', 'row 99993', 'x']",
        "%%sql df << --on warehouse --param most=least+5\n"
        "SELECT i, 'row ' || i AS name FROM generate_series(1, 100000) AS t(i)\n"
        "WHERE i > :least AND i <= :most AND 'row ' || i = ANY(:names)",
        "print(type(df).__name__, df.i.tolist(), df.name.tolist())",
    )

    assert shown[1].strip() == "df: 2 rows, 2 columns"
    assert shown[2].strip() == "DataFrame [99991, 99993] ['row 99991', 'row 99993']"
    assert counts(frames) == [1, 2, 3]


@both
def test_a_query_without_a_name_is_shown_as_a_table(frames: Desk) -> None:
    run(frames, "%%sql --on files --limit 1\nFROM '~/data/some.csv' ORDER BY a", "print(len(_))")

    data = [one for one in frames.outputs(0) if one["output_type"] == "execute_result"]
    assert "<table" in "".join(data[0]["data"]["text/html"])
    assert "These are the first 1 rows; there are more." in frames.text(0)
    assert frames.text(1).strip() == "1"


@both
def test_many_rows_come(frames: Desk) -> None:
    shown = run(frames, ROWS.format(150_000), "print(int(df.i.sum()))")

    assert "df: 150,000 rows, 1 columns" in shown[0]
    assert shown[1].strip() == str(150_000 * 150_001 // 2)


@both
def test_sheets_and_graphql(frames: Desk) -> None:
    shown = run(
        frames,
        f"%%googlesheet people << --id {SHEET} --range 'Sheet1!A1:D'",
        "%%graphql issues << --on tracker --paginate issues --limit 120\n" + PAGES,
        "print(people.name.tolist()[0], len(issues))",
    )

    assert shown[0].strip() == "people: 4 rows, 4 columns"
    assert "These are the first 120 rows; there are more." in shown[1]
    assert shown[2].strip() == "Ada 120"


@both
def test_an_error_is_told_and_ends_run_all(frames: Desk) -> None:
    shown = run(frames, "df = 'as before'", "%%sql df << --on warehouse\nSELECT nope", "print(1)")

    assert 'column "nope" does not exist' in shown[1]
    assert "what to do" in json.dumps(frames.outputs(1))
    assert shown[2] == ""
    assert counts(frames)[2] is None
    assert run(frames, "print(df)") == ["as before\n"]


@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [
        ("%%sql df <<\nselect 1", "BadMagic", "--on is missing"),
        ("%%sql df << --on warehouse\nselect :nope", "BadValue", "no variable 'nope'"),
        ("%%sql df << --on nowhere\nselect 1", "UnknownService", "no service 'nowhere'"),
        (ROWS.format(300_000), "TooMuch", "200"),
        ('%%dataframe\nframe = "nothing"\nto = "lake"\nname = "a"', "NoSuchName", "nothing"),
    ],
)
def test_mistakes_have_a_name(frames: Desk, cell: str, error: str, message: str) -> None:
    shown = run(frames, cell)

    assert shown[0].startswith(f"{error}: ")
    assert message in shown[0]


@both
def test_an_interrupt_ends_the_query(frames: Desk, office: Office) -> None:
    start(frames, SLOW)
    office.await_running(1)

    frames.execute("notebook:interrupt-kernel")
    await_end(frames)

    office.await_running(0)
    assert "KeyboardInterrupt" in frames.text(0)
    assert frames.text(1) == ""
    assert run(frames, "print('still here')") == ["still here\n"]


def test_a_notebook_that_nobody_trusts_asks_nothing(frames: Desk) -> None:
    path = write_notebook(frames.lab.folder, "found größe.ipynb", [""], kernel="porter-browser")
    notebook = json.loads((frames.lab.folder / path).read_text())
    html: dict[str, Any] = {"output_type": "display_data", "metadata": {}}
    notebook["cells"][0]["outputs"] = [{**html, "data": {"text/html": "<script></script>"}}]
    (frames.lab.folder / path).write_text(json.dumps(notebook))
    frames.open(path)

    told = run(frames, "%%sql --on warehouse\nselect 1 as a")
    assert told[0].startswith("UntrustedNotebook: ")

    with frames.lab.client as client:
        client.post(f"/api/contents/{path}/trust").raise_for_status()
    told = run(frames, "%%sql df << --on warehouse\nselect 1 as a")
    assert told == ["df: 1 rows, 1 columns\n"]


@both
def test_a_frame_becomes_a_dataset_once(frames: Desk, office: Office) -> None:
    name = f"sales/{frames.kernel}"
    cell = UPLOAD.replace("NAME", name)
    run(frames, FRAME.replace("ROWS", "200_000"), cell)

    assert f"df: 200,000 rows are in {office.lake / name} (" in frames.text(1)
    assert len(frames.outputs(1)) == 1
    found = ds.dataset(office.lake / name, partitioning="hive").to_table()
    assert sorted(found.column("n").to_pylist()) == list(range(200_000))
    written = (office.lake / name / "_porter.json").stat().st_mtime_ns
    told = frames.text(1)
    frames.run(1)
    assert frames.text(1) == told
    assert (office.lake / name / "_porter.json").stat().st_mtime_ns == written


def test_an_upload_is_interrupted_and_goes_on(frames: Desk, office: Office) -> None:
    assert run(frames, FRAME.replace("ROWS", "1_500_000")) == [""]
    sent: list[str] = []

    def look(route: Any) -> None:
        sent.append(route.request.url.partition("?")[0])
        if len(sent) == 2:
            # The second chunk waits until somebody has interrupted the cell.
            frames.page.evaluate(
                "void window.jupyterapp.commands.execute('notebook:interrupt-kernel')"
            )
        route.continue_()

    frames.page.route("**/porter/uploads/*/chunks/*", look)
    start(frames, UPLOAD.replace("NAME", "interrupted"))
    await_end(frames)
    frames.page.unroute_all()

    assert "Interrupted: nothing was written." in frames.text(0)
    assert "KeyboardInterrupt" in frames.text(0)
    assert frames.text(1) == ""
    assert not (office.lake / "interrupted").exists()
    again: list[str] = []
    frames.page.on("request", lambda asked: again.append(asked.url.partition("?")[0]))
    frames.run(0)
    assert "df: 1,500,000 rows are in" in frames.text(0)
    assert not set(sent[:1]) & set(again)


def test_a_magic_of_somebody_elses(at: Desk) -> None:
    source = re.search(r"```ts\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert source is not None
    made = subprocess.run(
        ["node", "-e", TRANSPILE, str(ROOT / "kernel_bridge/ui/node_modules/typescript")],
        input=source[1],
        capture_output=True,
        text=True,
        check=True,
    )
    at.page.evaluate(LOAD, made.stdout)

    shown = run(at, "%%shout word\nhello", "print(word)", "%%shout\nx")

    assert shown[0].strip() == "HELLO"
    assert shown[1].strip() == "HELLO"
    assert shown[2].startswith("NoName: ")


TRANSPILE = """
const ts = require(process.argv[1]);
const source = require('fs').readFileSync(0, 'utf8');
const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
process.stdout.write(ts.transpileModule(source, { compilerOptions }).outputText);
"""
# As JupyterLab loads an extension that shares `porter-kernel-bridge` with it.
LOAD = """async text => {
    const factory = await window._JUPYTERLAB['porter-kernel-bridge'].get('./index');
    const modules = { 'porter-kernel-bridge': factory() };
    const module = { exports: {} };
    new Function('require', 'exports', 'module', text)(
        name => modules[name], module.exports, module
    );
    const plugin = module.exports.default;
    window.jupyterapp.registerPlugin(plugin);
    await window.jupyterapp.activatePlugin(plugin.id);
}"""
