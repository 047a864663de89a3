"""What one server knows of an index, and how it learns what others change."""

import threading
import time
from pathlib import Path

import pytest
from services import Postgres, free_port
from sqlalchemy import text
from wheels import make_wheel, put_wheel

from index_server.errors import DatabaseAway
from index_server.holdings import Holdings, open_holdings
from index_server.model import Snapshot
from index_server.records.database import delete_file, yank
from index_server.records.engine import migrate, writing
from index_server.settings import Settings
from porter.home import Home


def names(snapshot: Snapshot) -> list[str]:
    return [file.filename for project in snapshot.projects.values() for file in project.files]


@pytest.fixture
def other(index: Holdings, home: Home) -> Holdings:
    """Another server of the same index."""
    return open_holdings(index.settings, home)


def test_a_server_sees_what_another_changes(
    index: Holdings, other: Holdings, tmp_path: Path
) -> None:
    assert not other.refresh()
    file = put_wheel(index, make_wheel(tmp_path))
    before = other.snapshot
    assert other.refresh()
    assert not other.refresh()
    assert names(other.snapshot) == [file.filename]
    yank(index.engine, file.filename, "broken", actor="tests")
    assert other.refresh()
    assert other.snapshot.projects["acme-tools"].files[0].yanked == "broken"
    delete_file(index.engine, file.filename, actor="tests")
    assert other.refresh()
    assert names(other.snapshot) == []
    # Whoever holds an older snapshot keeps it whole.
    assert names(before) == []
    other.engine.dispose()


def test_an_unchanged_project_is_the_same_value(index: Holdings, tmp_path: Path) -> None:
    put_wheel(index, make_wheel(tmp_path, "first"))
    kept = index.snapshot.projects["first"]
    put_wheel(index, make_wheel(tmp_path, "second"))
    assert index.snapshot.projects["first"] is kept


def test_a_database_that_was_restored(index: Holdings, tmp_path: Path) -> None:
    put_wheel(index, make_wheel(tmp_path, "first"))
    put_wheel(index, make_wheel(tmp_path, "second"))
    with writing(index.engine) as connection:
        connection.execute(text("DELETE FROM files WHERE project = 'second'"))
        connection.execute(text("DELETE FROM projects WHERE name = 'second'"))
        connection.execute(text("UPDATE state SET value = '1' WHERE name = 'serial'"))
    assert index.refresh()
    assert list(index.snapshot.projects) == ["first"]
    assert index.snapshot.serial == 1


def test_many_threads_refresh_at_once(index: Holdings, other: Holdings, tmp_path: Path) -> None:
    failures: list[str] = []
    done = threading.Event()

    def look() -> None:
        last = 0
        while not done.is_set():
            other.refresh()
            snapshot = other.snapshot
            count = len(names(snapshot))
            if snapshot.serial < last or count != snapshot.serial:
                failures.append(f"{count} files at {snapshot.serial} after {last}")
            last = snapshot.serial

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        put_wheel(index, make_wheel(tmp_path, version=f"1.{number}"))
    done.set()
    for thread in threads:
        thread.join()
    other.refresh()
    assert failures == []
    assert len(names(other.snapshot)) == 10
    other.engine.dispose()


def test_its_age_is_since_the_database_answered(tmp_path: Path, home: Home) -> None:
    url = f"postgresql://porter@127.0.0.1:{free_port()}/index"
    index = open_holdings(Settings(data=str(tmp_path / "index"), database=url), home)
    assert index.age > 1e9
    with pytest.raises(DatabaseAway):
        index.refresh()
    assert index.age > 1e9


def test_a_refresh_makes_it_young(index: Holdings) -> None:
    index.refreshed -= 60
    assert index.age >= 60
    index.refresh()
    assert index.age < 30


def test_without_a_database_the_snapshot_stays(
    postgres: Postgres, tmp_path: Path, home: Home
) -> None:
    settings = Settings(data=str(tmp_path / "index"), database=postgres.new_database())
    index = open_holdings(settings, home)
    migrate(index.engine)
    file = put_wheel(index, make_wheel(tmp_path))
    index.engine.dispose()
    port = int(settings.database.rpartition(":")[2].partition("/")[0])
    away = open_holdings(
        Settings(
            data=settings.data, database=settings.database.replace(str(port), str(free_port()))
        ),
        home,
    )
    away.snapshot = index.snapshot
    begun = time.monotonic()
    with pytest.raises(DatabaseAway):
        away.refresh()
    assert time.monotonic() - begun < 6
    assert names(away.snapshot) == [file.filename]
