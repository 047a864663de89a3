"""What the tests of the gateway ask."""

from collections.abc import Iterator

import pytest
from gatewaying import Asked, serve_graphql, serve_sheets
from services import Postgres, run_postgres


@pytest.fixture(scope="package")
def postgres() -> Iterator[Postgres]:
    with run_postgres() as cluster:
        yield cluster


@pytest.fixture
def sheets() -> Iterator[Asked]:
    with serve_sheets() as asked:
        yield asked


@pytest.fixture
def graphql() -> Iterator[Asked]:
    with serve_graphql() as asked:
        yield asked
