"""What tests of the index share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Served, serve_index
from services import Bucket, Postgres, run_bucket, run_postgres
from sqlalchemy import Engine

from index_server.holdings import Holdings, open_holdings
from index_server.records.engine import connect, migrate
from index_server.settings import Settings
from porter.home import Home


@pytest.fixture
def index(tmp_path: Path, home: Home) -> Iterator[Holdings]:
    """An open index, empty, on SQLite and a folder."""
    opened = open_holdings(Settings(data=str(tmp_path / "index")), home)
    migrate(opened.engine)
    opened.refresh()
    yield opened
    opened.engine.dispose()


@pytest.fixture
def served(tmp_path: Path, home: Home) -> Iterator[Served]:
    """A real server of an index of its own, in `served.data`."""
    with serve_index(tmp_path / "served", home=home.root) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL; each test makes a database of its own in it."""
    with run_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A real bucket that speaks S3; each test has a prefix of its own."""
    with run_bucket(tmp_path_factory.mktemp("services") / "bucket") as service:
        yield service


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'index.sqlite'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database of each kind with the newest schema."""
    opened = connect(database_url)
    migrate(opened)
    yield opened
    opened.dispose()
