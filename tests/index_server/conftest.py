"""What tests of the index share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Served, serve_index

from index_server.engine import migrate
from index_server.holdings import Holdings, open_holdings
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
