"""Real databases: what is bound, what comes, what is refused, and what ends."""

import asyncio
import datetime as dt
import resource
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from services import Postgres, free_port

from kernel_bridge.errors import BadRequest, BridgeError, NotAllowed, ServiceAway, TooMuch
from kernel_bridge.gateway.errors import QueryFailed, TokenRefused
from kernel_bridge.gateway.outgoing import Limits, Outgoing, make_limits
from kernel_bridge.gateway.secret import SecretPlace
from kernel_bridge.gateway.services import DuckdbService, PostgresqlService
from kernel_bridge.gateway.sql import parse_sql_request, run_sql
from kernel_bridge.inside.query.values import wire_value

type AnyService = PostgresqlService | DuckdbService
type Ask = Callable[..., pa.Table]

MANY = Limits(rows=1_000_000, bytes=1 << 30)
HOSTS = ("127.0.0.1",)


async def collect(
    service: AnyService,
    query: str,
    values: Mapping[str, object],
    *,
    root: Path,
    hosts: tuple[str, ...] = HOSTS,
    limits: Limits = MANY,
) -> pa.Table:
    wired = {name: wire_value(name, value) for name, value in values.items()}
    asked = parse_sql_request({"query": query, "parameters": wired})
    async with aclosing(run_sql(service, asked, hosts=hosts, root=root)) as found:
        outgoing = Outgoing(await anext(found), limits)
        held = [outgoing.begin()]
        async for batch in found:
            held.append(outgoing.add(batch))
            if outgoing.truncated:
                break
    held.append(outgoing.end())
    return pa.ipc.open_stream(b"".join(held)).read_all()


@pytest.fixture(scope="module")
def warehouse(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> PostgresqlService:
    dsn = postgres.new_database()
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE people (name text, born date, salary numeric)")
        connection.execute("INSERT INTO people VALUES ('Ada', '1815-12-10', 1.5), ('Bob', NULL, 2)")
    file = tmp_path_factory.mktemp("secrets") / "dsn"
    file.write_text(dsn.replace("porter@", "porter:hunter2-hunter2@") + "\n")
    return PostgresqlService(name="warehouse", dsn=SecretPlace(file=file))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A server's root, with a database and files, and a file outside."""
    (tmp_path / "outside.csv").write_text("a\n1\n")
    found = tmp_path / "root"
    (found / "data").mkdir(parents=True)
    (found / "data" / "some.csv").write_text("a,b\n1,x\n2,y\n")
    (found / "data" / "link.csv").symlink_to(tmp_path / "outside.csv")
    (found / "other.csv").write_text("a\n1\n")
    with duckdb.connect(str(found / "people.duckdb")) as made:
        made.execute("CREATE TABLE people (name text, born date, salary decimal(9, 2))")
        made.execute("INSERT INTO people VALUES ('Ada', '1815-12-10', 1.5), ('Bob', NULL, 2)")
    return found


@pytest.fixture(params=["postgresql", "duckdb"])
def service(request: pytest.FixtureRequest) -> AnyService:
    if request.param == "duckdb":
        return DuckdbService(name="files", path="people.duckdb", folders=("data",))
    found: PostgresqlService = request.getfixturevalue("warehouse")
    return found


@pytest.fixture
def ask(service: AnyService, root: Path) -> Ask:
    def run(query: str, limits: Limits = MANY, **values: object) -> pa.Table:
        return asyncio.run(collect(service, query, values, root=root, limits=limits))

    return run


def test_rows_come_as_a_table(ask: Ask) -> None:
    table = ask("SELECT * FROM people ORDER BY name -- all of them")
    assert table.column_names == ["name", "born", "salary"]
    assert table["name"].to_pylist() == ["Ada", "Bob"]
    assert table["born"].to_pylist() == [dt.date(1815, 12, 10), None]
    assert [float(one) for one in table["salary"].to_pylist()] == [1.5, 2]
    assert not table.schema.metadata
    assert all(not field.metadata for field in table.schema)


def test_no_rows_are_a_table_with_columns(ask: Ask) -> None:
    for table in (
        ask("SELECT * FROM people WHERE false"),
        ask("SELECT * FROM people WHERE name = :name", name="nobody"),
    ):
        assert table.num_rows == 0
        assert table.column_names == ["name", "born", "salary"]


HOSTILE = [
    "'; DROP TABLE people; --",
    "' OR '1'='1",
    "\\'; DROP TABLE people; --",
    "$1",
    ":name",
    "$$; DROP TABLE people; $$",
    "Ada' UNION SELECT 'x', NULL, NULL --",
    "\u02bc; DROP TABLE people",
    '"people"',
    "{{ name }}",
    "%s",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_never_is_sql(ask: Ask, value: str) -> None:
    assert ask("SELECT name FROM people WHERE name = :name", name=value).num_rows == 0
    assert ask("SELECT :name AS x", name=value)["x"].to_pylist() == [value]
    assert ask("SELECT count(*) AS n FROM people")["n"].to_pylist() == [2]


def test_each_kind_of_value_is_bound(ask: Ask) -> None:
    values: dict[str, object] = {
        "whole": 1 << 60,
        "part": 0.5,
        "text": "ü",
        "yes": True,
        "day": dt.date(2024, 1, 2),
        "then": dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        "raw": b"\x00\xff",
        "at": dt.time(10, 30),
    }
    names = ", ".join(f":{name} AS {name}" for name in values)
    (row,) = ask(f"SELECT {names}", **values).to_pylist()
    assert row == values
    table = ask("SELECT name FROM people WHERE name = ANY(:names)", names=["Ada", "Cyd"])
    assert table["name"].to_pylist() == ["Ada"]
    assert ask("SELECT :x::date AS d", x="2024-01-02")["d"].to_pylist() == [dt.date(2024, 1, 2)]
    assert ask("SELECT name FROM people WHERE :x::text IS NULL", x=None).num_rows == 2


WRITES = [
    "DELETE FROM people",
    "UPDATE people SET name = 'x'",
    "INSERT INTO people VALUES ('x', NULL, 1)",
    "DROP TABLE people",
    "CREATE TABLE x (a int)",
    "SELECT 1; DROP TABLE people",
    "WITH gone AS (DELETE FROM people RETURNING 1) SELECT * FROM gone",
    "SELECT * INTO other FROM people",
    "COPY people TO '/tmp/porter-never.csv'",
    "COPY (SELECT 1) TO PROGRAM 'touch /tmp/porter-never'",
    "SELECT 1) TO PROGRAM 'touch /tmp/porter-never' --",
    "COMMIT",
    "ATTACH '/tmp/porter-never.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET lock_configuration = false",
    "SET TRANSACTION READ WRITE",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "",
    ";",
    "-- nothing",
    "SELECT $1",
    "SELECT $x",
    "nonsense",
]


@pytest.mark.parametrize("query", WRITES)
def test_what_does_not_read_is_refused(ask: Ask, query: str) -> None:
    with pytest.raises((QueryFailed, BadRequest)) as refused:
        ask(query)
    assert "hunter2" not in str(refused.value)
    assert refused.value.advice
    assert refused.value.__cause__ is None or "hunter2" not in str(refused.value.__cause__)
    assert ask("SELECT count(*) AS n FROM people")["n"].to_pylist() == [2]
    assert not list(Path("/tmp").glob("porter-never*"))


def test_errors_say_where(warehouse: PostgresqlService, tmp_path: Path) -> None:
    with pytest.raises(QueryFailed) as refused:
        asyncio.run(collect(warehouse, "SELECT 1,\n  nope FROM people", {}, root=tmp_path))
    lines = str(refused.value).splitlines()
    assert lines[0] == 'column "nope" does not exist'
    assert lines[1] == "LINE 2:   nope FROM people"
    assert lines[2].index("^") == lines[1].index("nope")


def test_an_error_after_rows_is_that_error(ask: Ask) -> None:
    with pytest.raises(QueryFailed):
        ask(
            "SELECT 1 / (50000 - i) AS x, ('' || (i * 0))::int + ('x' || (i - 60000))::text::int"
            " FROM generate_series(1, 90000) AS t(i)"
        )


def test_a_hundred_thousand_rows_with_and_without_values(ask: Ask) -> None:
    rows = "SELECT i, 'row ' || i AS s FROM generate_series(1, 100000) AS t(i)"
    assert ask(rows)["i"].to_pylist() == list(range(1, 100_001))
    bound = ask(rows + " WHERE i > :least", least=10)
    assert bound["i"].to_pylist() == list(range(11, 100_001))
    assert bound["s"].to_pylist()[-1] == "row 100000"


def test_limits(ask: Ask) -> None:
    rows = "SELECT i FROM generate_series(1, 100000) AS t(i)"
    assert ask(rows, Limits(rows=10**6, bytes=1 << 30, first=7))["i"].to_pylist() == [*range(1, 8)]
    with pytest.raises(TooMuch, match="more than 50,000 rows"):
        ask(rows, Limits(rows=50_000, bytes=1 << 30))
    with pytest.raises(TooMuch, match="more than 100,000 bytes"):
        ask(rows, Limits(rows=10**6, bytes=100_000))
    with pytest.raises(TooMuch):
        make_limits(10, 10, 11)


def test_many_rows_take_little_memory(service: AnyService, root: Path) -> None:
    rows = "SELECT i, repeat('x', 100) AS s FROM generate_series(1, {}) AS t(i) WHERE i > :n"

    async def count(number: int) -> int:
        asked = parse_sql_request({"query": rows.format(number), "parameters": {"n": 0}})
        async with aclosing(run_sql(service, asked, hosts=HOSTS, root=root)) as found:
            await anext(found)
            return sum([batch.num_rows async for batch in found])

    assert asyncio.run(count(10_000)) == 10_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # 150 MB of text.
    assert asyncio.run(count(1_500_000)) == 1_500_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


SLOW = {
    "postgresql": "SELECT pg_sleep(60)",
    "duckdb": "SELECT count(*) FROM range(100000000) AS a, range(1000000) AS b",
}


def test_leaving_ends_the_query(
    warehouse: PostgresqlService, postgres: Postgres, root: Path
) -> None:
    service = DuckdbService(name="files")

    async def leave(one: AnyService, query: str) -> float:
        task = asyncio.create_task(collect(one, query, {}, root=root))
        await asyncio.sleep(2)
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - begun

    # No promise of speed: a minute would be one of the query running to its end.
    assert asyncio.run(leave(warehouse, SLOW["postgresql"])) < 30
    assert asyncio.run(leave(service, SLOW["duckdb"])) < 30
    with psycopg.connect(f"postgresql://porter@127.0.0.1:{postgres.port}/postgres") as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> "
            "pg_backend_pid()"
        ).fetchone()
    assert found == (0,)


@pytest.mark.parametrize(
    ("dsn", "hosts", "error"),
    [
        ("postgresql://u:hunter2@127.0.0.1:{port}/x", (), NotAllowed),
        ("postgresql://u:hunter2@127.0.0.1:{port}/x", ("127.0.0.1:1",), NotAllowed),
        ("postgresql://u:hunter2@localhost:{port}/x", HOSTS, NotAllowed),
        ("postgresql://u:hunter2@127.0.0.1:{free}/x", HOSTS, ServiceAway),
        ("postgresql://u:hunter2@127.0.0.1:{port}/hunter2", HOSTS, ServiceAway),
        ("postgresql://u:hunter2@127.0.0.1:{port}/x?host=/tmp", HOSTS, ServiceAway),
        ("postgresql://u:hunter2@127.0.0.1:{port}/x?hostaddr=10.0.0.1", HOSTS, ServiceAway),
        ("postgresql://u:hunter2@127.0.0.1:{port}/x?nonsense=hunter2", HOSTS, ServiceAway),
        ("postgresql://u:hunter2@127.0.0.1,10.0.0.1/x", HOSTS, NotAllowed),
        ("postgresql:///x?password=hunter2", HOSTS, ServiceAway),
        ("host=127.0.0.1 password=hunter2", HOSTS, ServiceAway),
        ("mysql://u:hunter2@127.0.0.1/x", HOSTS, ServiceAway),
        ("postgresql://locked:hunter2@127.0.0.1:{port}/postgres", HOSTS, TokenRefused),
    ],
)
def test_where_a_dsn_may_lead(
    postgres: Postgres,
    tmp_path: Path,
    dsn: str,
    hosts: tuple[str, ...],
    error: type[BridgeError],
) -> None:
    if "locked" in dsn:
        _lock(postgres)
    file = tmp_path / "dsn"
    file.write_text(dsn.format(port=postgres.port, free=free_port()))
    service = PostgresqlService(name="w", dsn=SecretPlace(file=file))
    with pytest.raises(error) as refused:
        asyncio.run(collect(service, "SELECT 1", {}, root=tmp_path, hosts=hosts))
    told = f"{refused.value} {refused.value.advice} {refused.value.__cause__!r}"
    assert "hunter2" not in told
    assert "127.0.0.1" not in told


def _lock(postgres: Postgres) -> None:
    """A user who is asked for a password."""
    access = postgres.folder / "data" / "pg_hba.conf"
    access.write_text("host all locked 127.0.0.1/32 scram-sha-256\n" + access.read_text())
    place = f"postgresql://porter@127.0.0.1:{postgres.port}/postgres"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'other'")
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(1)


READ = ["FROM '~/data/some.csv'", "FROM read_csv('~/data/some.csv')", "FROM '{root}/data/some.csv'"]
OUTSIDE = [
    "FROM '~/other.csv'",
    "FROM '{root}/other.csv'",
    "FROM '~/data/../other.csv'",
    "FROM 'data/some.csv'",
    "FROM '../outside.csv'",
    "FROM '~/data/link.csv'",
    "FROM '/etc/passwd'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "FROM 'http://127.0.0.1:1/x.csv'",
    "FROM 's3://bucket/x.parquet'",
    "SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 'x')",
    "SELECT * FROM sqlite_scan('x.db', 'x')",
    "FROM CLOSED",
    "FROM rewrite",
    "SELECT getenv('HOME')",
]


def test_duckdb_reads_its_folders(root: Path) -> None:
    service = DuckdbService(name="files", folders=("data",))
    for query in READ:
        table = asyncio.run(collect(service, query.format(root=root), {}, root=root))
        assert table.to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize("query", OUTSIDE)
def test_duckdb_reads_nothing_else(root: Path, query: str) -> None:
    service = DuckdbService(name="files", folders=("data",))
    with pytest.raises(QueryFailed):
        asyncio.run(collect(service, query.format(root=root), {}, root=root))


def test_a_file_out_of_the_root_is_not_opened(root: Path) -> None:
    (root / "away.duckdb").symlink_to(root.parent / "outside.csv")
    (root / "bad.duckdb").write_text("not a database")
    cases: list[tuple[str, type[BridgeError]]] = [
        ("away.duckdb", NotAllowed),
        ("bad.duckdb", ServiceAway),
        ("none.duckdb", ServiceAway),
    ]
    for path, error in cases:
        with pytest.raises(error):
            asyncio.run(collect(DuckdbService(name="x", path=path), "SELECT 1", {}, root=root))
    assert not (root / "none.duckdb").exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": 3},
        {"query": "SELECT :x"},
        {"query": "SELECT :x", "parameters": []},
        {"query": "SELECT :x", "parameters": {"x": {"type": "date", "value": "never"}}},
        {"query": "SELECT :x", "parameters": {"x": {"type": "pickle", "value": "x"}}},
        {"query": "SELECT :x", "parameters": {"x": {"a": 1}}},
        {"query": "SELECT :x", "parameters": {"x": [[1]]}},
        {"query": "SELECT :x", "parameters": {"x": 1 << 63}},
        {"query": "SELECT :x", "parameters": {"x": "a\0b"}},
        {"query": "SELECT :x", "parameters": {"x": {"type": "decimal", "value": "x"}}},
        {"query": "SELECT \0"},
        {"query": "SELECT 1", "limit": 0},
        {"query": "SELECT 1", "limit": True},
        {"query": "x" * (1 << 21)},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        parse_sql_request(body)
