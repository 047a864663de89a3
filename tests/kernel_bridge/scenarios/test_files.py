"""`%%sql` on files in kernels of both kinds: in the browser the page's own DuckDB reads them."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from cells import await_end, counts, frame_wheels, run, start
from driving import WIDGET, Desk, write_notebook
from labs import Lab, serve_bridged

KERNELS = ("porter-browser", "python3")
ROWS = 50_000
LONG = "%%sql\nSELECT count(*) FROM range(3000000) a(i), range(3000000) b(j) WHERE i * j % 7 = 3"
# The kernel has begun with a cell; before, it may be busy with what the page asks of it.
BEGUN = f"""wanted => {{
    const kernel = {WIDGET}.sessionContext.session.kernel;
    kernel.iopubMessage.connect((_, {{ header, content }}) => {{
        if (header.msg_type === 'execute_input' && content.code === wanted) window.begun = true;
    }});
    window.begun = false;
}}"""
# Somebody interrupts the kernel while the page asks it something before a cell.
ASKED = f"""() => {{
    const kernel = {WIDGET}.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {{ msg, direction }}) => {{
        if (direction === 'send' && msg.content.data?.op === 'hello') {{
            void window.jupyterapp.commands.execute('notebook:interrupt-kernel');
        }}
    }});
}}"""
# Of DuckDB, and of what reads Parquet.
PARTS = re.compile(r"(duckdb|parquet)[^/]*\.(js|wasm)$")


def make_files(folder: Path) -> None:
    """Files of each kind, in a folder of the notebook's and beside it."""
    (folder / "data").mkdir()
    table = pa.table(
        {
            "n": pa.array(range(ROWS)),
            "name": pa.array([None if i % 5 == 0 else f"row {i}" for i in range(ROWS)]),
            "x": pa.array([i / 2 for i in range(ROWS)]),
        }
    )
    pq.write_table(table, folder / "data" / "rows.parquet", row_group_size=20_000)
    pq.write_table(table.slice(0, 0), folder / "data" / "none.parquet")
    for year in (2025, 2026):
        (folder / "lake" / f"year={year}").mkdir(parents=True)
        part = pa.table({"n": [year, year + 10]})
        pq.write_table(part, folder / "lake" / f"year={year}" / "a.parquet")
    (folder / "data" / "some.csv").write_text("a,b\n1,x\n2,größe\n")
    (folder / "data" / "more.csv").write_text("a,b\n3,y\n")
    (folder / "data" / "it's.csv.gz").write_bytes(gzip.compress(b"a;b\n5;z\n"))
    rows = [
        {"id": 1, "tags": ["a"], "place": {"city": "Ulm"}},
        {"id": 2, "tags": [], "place": None},
    ]
    (folder / "data" / "rows.json").write_text(json.dumps(rows))
    (folder / "data" / "rows.jsonl").write_text('{"k": 1.5}\n{"k": null, "late": true}\n')


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "files" / "work").mkdir(parents=True)
    make_files(folder / "files" / "work")
    (folder / "files" / "top.csv").write_text("t\n7\n")
    bridge = {"rows_limit": 100_000, "bytes_limit": 1 << 22}
    with serve_bridged(folder, *frame_wheels(), bridge=bridge) as served:
        yield served


@pytest.fixture
def at(seat: Desk, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The tab with an empty notebook in the kernel that the scenario names, trusted by nobody."""
    name = getattr(request, "param", KERNELS[0])
    path = f"work/{re.sub(r'\W+', '-', request.node.name)}.ipynb"
    write_notebook(seat.lab.folder, path, [""], kernel=name)
    seat.open(path)
    yield seat
    seat.page.unroute_all()
    seat.tidy_up()


both = pytest.mark.parametrize("at", KERNELS, indirect=True)


def test_nothing_is_loaded_before_a_file_is_asked_for(at: Desk) -> None:
    asked: list[str] = []
    at.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    loaded = at.page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    assert not [url for url in loaded if PARTS.search(url)]

    assert run(at, "print(1)", "%%sql df <<\nFROM 'data/some.csv'")[1] == "df: 2 rows, 2 columns\n"

    parts = [re.sub(r"\..*\.", ".*.", name) for name in asked if PARTS.search(name)]
    assert sorted(parts) == ["duckdb-browser-eh.*.js", "duckdb-eh.*.wasm"]
    asked.clear()
    assert run(at, "%%sql df <<\nFROM 'data/more.csv'", "print(len(df))")[1] == "1\n"
    assert not [name for name in asked if PARTS.search(name)]


@both
def test_files_of_each_kind_become_frames(at: Desk) -> None:
    shown = run(
        at,
        "least = 49_990",
        "%%sql few <<\nSELECT n, name, x FROM 'data/rows.parquet'\n"
        "WHERE n > :least AND name IS NOT NULL ORDER BY n",
        "%%sql both <<\nSELECT a, b FROM 'data/*.csv' ORDER BY a",
        "%%sql packed <<\nFROM read_csv('data/it''s.csv.gz', delim=';')",
        "%%sql json <<\nSELECT id, tags, place.city AS city FROM 'data/rows.json' ORDER BY id",
        "%%sql lines <<\nFROM read_json('data/rows.jsonl')",
        "%%sql up <<\nSELECT t FROM '../top.csv'",
        "%%sql parts <<\nSELECT year, sum(n) AS n FROM read_parquet('lake/**/*.parquet') "
        "GROUP BY year ORDER BY year",
        "%%sql none <<\nFROM 'data/none.parquet'",
        "print(few.n.tolist(), few.name.tolist()[0], few.x.tolist()[0])\n"
        "print(both.a.tolist(), both.b.tolist(), packed.b.tolist(), up.t.tolist())\n"
        "print(json.id.tolist(), json.tags.tolist(), json.city.tolist()[0])\n"
        "print(lines.k.tolist()[0], len(lines), parts.year.tolist(), parts.n.tolist())\n"
        "print(none.shape, list(none.columns), [str(one) for one in none.dtypes])",
    )

    assert [one.partition(",")[0] for one in shown[1:-1]] == [
        "few: 8 rows",
        "both: 3 rows",
        "packed: 1 rows",
        "json: 2 rows",
        "lines: 2 rows",
        "up: 1 rows",
        "parts: 2 rows",
        "none: 0 rows",
    ]
    assert shown[-1].splitlines() == [
        "[49991, 49992, 49993, 49994, 49996, 49997, 49998, 49999] row 49991 24995.5",
        "[1, 2, 3] ['x', 'größe', 'y'] ['z'] [7]",
        "[1, 2] [['a'], []] Ulm",
        "1.5 2 [2025, 2026] [4060, 4062]",
        "(0, 3) ['n', 'name', 'x'] ['int64', 'str', 'float64']",
    ]


@both
def test_values_are_bound_with_their_types(at: Desk) -> None:
    shown = run(
        at,
        "import datetime as dt, decimal\n"
        "n = 5; big = 2**60; x = 1.0; t = \"it's\"; d = dt.date(2024, 2, 29); raw = b'\\x00a'\n"
        "at = dt.datetime(2024, 1, 2, 3, 4, 5); money = decimal.Decimal('1.50'); names = ['a', t]",
        "%%sql df << --param yes=True --param nothing=None\n"
        "SELECT :n AS n, :big AS big, :x AS x, :t AS t, :d AS d, :raw AS raw, :at AS ts,\n"
        "  :money AS money, :names AS names, :t = ANY(:names) AS there, :yes AS yes,\n"
        "  :nothing AS nothing, ':n' AS text",
        "r = df.to_dict('records')[0]\n"
        "print(r['n'] + 1, r['big'], r['x'], r['t'], r['d'], r['raw'], r['ts'], r['money'])\n"
        "print(list(r['names']), r['there'], r['yes'], r['text'], df.isna().sum().sum())",
    )

    assert shown[2].splitlines() == [
        "6 1152921504606846976 1.0 it's 2024-02-29 b'\\x00a' 2024-01-02 03:04:05 1.50",
        "['a', \"it's\"] True True :n 1",
    ]


@both
def test_the_first_rows_and_a_table_without_a_name(at: Desk) -> None:
    run(at, "%%sql --limit 3\nSELECT n FROM 'data/rows.parquet' ORDER BY n", "print(_.n.tolist())")

    data = [one for one in at.outputs(0) if one["output_type"] == "execute_result"]
    assert "<table" in "".join(data[0]["data"]["text/html"])
    assert "These are the first 3 rows; there are more." in at.text(0)
    assert at.text(1) == "[0, 1, 2]\n"
    assert counts(at) == [1, 2]


@both
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("FROM 'data/nothing.csv'", "nothing.csv"),
        ("FROM read_csv('data/nothing.csv')", "nothing.csv"),
        ("SELECT nope FROM 'data/some.csv'", "nope"),
        ("FROM 'http://127.0.0.1:9/a.csv'", "a.csv"),
        ("LOAD httpfs", "one query that reads"),
        ("CREATE TABLE t AS SELECT 1", "one query that reads"),
        ("SELECT 1; SELECT 2", "one query that reads"),
    ],
)
def test_what_cannot_be_read_is_told(at: Desk, query: str, message: str) -> None:
    shown = run(at, "df = 1", f"%%sql df <<\n{query}", "print('after')")

    assert "QueryFailed: " in shown[1]
    assert message in shown[1]
    assert shown[2] == ""
    assert run(at, "print(df)") == ["1\n"]


def test_too_much_is_refused(at: Desk) -> None:
    (at.lab.folder / "work" / "large.csv").write_bytes(b"a\n" + b"1\n" * (1 << 21))

    assert run(at, "%%sql\nFROM 'large.csv'")[0].startswith("TooMuch: large.csv has more than")
    told = run(at, "%%sql\nFROM range(100001)")[0]
    assert told.startswith("TooMuch: the answer has more than 100,000 rows")
    assert run(at, "%%sql df <<\nFROM range(100000)", "print(len(df))")[1] == "100000\n"


@both
def test_an_interrupt_ends_the_query(at: Desk) -> None:
    run(at, "%%sql df <<\nSELECT 1 AS a")
    at.page.evaluate(BEGUN, LONG)
    start(at, LONG)
    if at.kernel == KERNELS[0]:
        at.await_text(0, "DuckDB runs")
    else:
        at.page.wait_for_function("window.begun")

    at.execute("notebook:interrupt-kernel")
    await_end(at)

    assert "KeyboardInterrupt" in at.text(0)
    assert at.text(1) == ""
    again = run(at, "%%sql df <<\nFROM 'data/some.csv'", "print(len(df))")
    assert again[1] == "2\n"


@pytest.mark.parametrize("at", KERNELS[1:], indirect=True)
def test_an_interrupt_before_the_kernel_has_the_query_ends_it(at: Desk) -> None:
    run(at, "%%sql df <<\nSELECT 1 AS a")
    at.page.evaluate(ASKED)
    start(at, LONG)
    at.await_text(0, "KeyboardInterrupt")

    assert at.text(0) == "KeyboardInterrupt: the cell was interrupted before it ran"
    assert at.text(1) == ""
    assert run(at, "print('still here')") == ["still here\n"]
