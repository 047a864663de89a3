"""Changes and what is read of them, on both databases, alone and all at once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from services import Postgres
from sqlalchemy import Engine, insert, text
from wheels import make_file

from index_server.errors import Conflict, FileExists, NotHere
from index_server.model import AuditSummary, File, ProjectDetail, Stage, Status
from index_server.records.changes import read_entries
from index_server.records.database import (
    add_file,
    begin_upload,
    delete_file,
    end_upload,
    is_name_taken,
    known_names,
    promote,
    read_changes,
    read_pending,
    read_serial,
    read_state,
    release,
    set_status,
    unyank,
    yank,
)
from index_server.records.engine import connect, migrate, writing
from index_server.records.schema import projects

WHEEL = "acme_tools-1.0-py3-none-any.whl"
FULL = make_file(
    WHEEL,
    requires_python=">=3.13",
    metadata_sha256="1" * 64,
    summary="Tools — with “quotes” and \N{SNOWMAN}",
    imports=("acme_tools", "acme_more"),
    requires=("numpy>=1; python_version<'4'",),
    extras=("more",),
    audits=(AuditSummary(platform="0.29", clean=False, blocked=True, findings=("E: X: y",)),),
    attested=True,
    uploaded_by="ci",
    stage=Stage.STAGING,
    quarantine="broken",
)


def add(engine: Engine, file: File, shown: str = "Acme_Tools") -> None:
    claim = begin_upload(engine, file.key, "tests:1")
    add_file(engine, file, shown=shown, actor="ci", claim=claim)


def test_a_file_comes_back_as_it_was(engine: Engine) -> None:
    add(engine, FULL)
    serial, changed = read_changes(engine, 0)
    assert serial == read_serial(engine) == 1
    project = changed["acme-tools"]
    assert project.files == (FULL,)
    assert (project.shown, project.serial, project.status) == ("Acme_Tools", 1, Status.ACTIVE)
    assert read_pending(engine) == []
    assert read_changes(engine, 1) == (1, {})


def test_moments_come_back_in_utc(engine: Engine) -> None:
    elsewhere = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=timezone(timedelta(hours=5)))
    add(engine, replace(FULL, uploaded_at=elsewhere.astimezone(UTC)))
    (file,) = read_changes(engine, 0)[1]["acme-tools"].files
    assert file.uploaded_at == elsewhere
    assert file.uploaded_at.utcoffset() == timedelta(0)
    (event,) = read_entries(engine)
    assert abs(event.at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "again",
    [WHEEL, "Acme_Tools-1.0-py3-none-any.whl", "acme_tools-1.0.0-py3-none-any.whl"],
)
def test_a_name_is_used_once(engine: Engine, again: str) -> None:
    add(engine, FULL)
    second = replace(FULL, filename=again, sha256="2" * 64)
    claim = begin_upload(engine, second.key, "tests:1")
    with pytest.raises(FileExists, match="already exists"):
        add_file(engine, second, shown="x", actor="ci", claim=claim)
    # Nothing of it is there, and its claim still is: its bytes are to be taken away.
    assert read_serial(engine) == 1
    assert [row["id"] for row in read_pending(engine)] == [claim]
    forgotten: list[str] = []
    assert end_upload(engine, claim, second.key, forgotten.append)
    assert forgotten == [second.key]
    assert read_pending(engine) == []


def test_a_name_stays_used_when_its_file_is_deleted(engine: Engine) -> None:
    add(engine, FULL)
    claim, key = delete_file(engine, WHEEL, actor="ann", reason="a mistake")
    assert read_changes(engine, 0)[1]["acme-tools"].files == ()
    assert is_name_taken(engine, WHEEL)
    assert list(known_names(engine)) == ["acme-tools"]
    forgotten: list[str] = []
    assert end_upload(engine, claim, key, forgotten.append)
    assert forgotten == [FULL.key]
    with pytest.raises(FileExists):
        add(engine, FULL)
    with pytest.raises(NotHere):
        delete_file(engine, WHEEL, actor="ann")


def test_bytes_that_somebody_owns_or_claims_stay(engine: Engine) -> None:
    first, second, third = (begin_upload(engine, FULL.key, f"tests:{n}") for n in range(3))
    assert not end_upload(engine, first, FULL.key, pytest.fail)
    add_file(engine, FULL, shown="x", actor="ci", claim=second)
    assert not end_upload(engine, third, FULL.key, pytest.fail)
    assert read_pending(engine) == []


def test_a_claim_stays_where_the_bytes_could_not_be_taken_away(engine: Engine) -> None:
    claim = begin_upload(engine, FULL.key, "tests:1")

    def fail(_key: str) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 # any
        end_upload(engine, claim, FULL.key, fail)
    assert [row["id"] for row in read_pending(engine)] == [claim]


def test_nobody_begins_with_a_key_that_is_being_forgotten(engine: Engine) -> None:
    claim = begin_upload(engine, FULL.key, "tests:1")
    order: list[str] = []
    begun = threading.Event()

    def begin() -> None:
        begun.set()
        begin_upload(engine, FULL.key, "tests:2")
        order.append("begun")

    other = threading.Thread(target=begin)

    def forget(_key: str) -> None:
        other.start()
        begun.wait()
        other.join(0.3)
        order.append("forgotten")

    assert end_upload(engine, claim, FULL.key, forget)
    other.join()
    assert order == ["forgotten", "begun"]


def test_an_upload_whose_claim_is_gone_is_not_seen(engine: Engine) -> None:
    claim = begin_upload(engine, FULL.key, "tests:1")
    assert end_upload(engine, claim, FULL.key, lambda _key: None)
    with pytest.raises(Conflict, match="given up"):
        add_file(engine, FULL, shown="x", actor="ci", claim=claim)
    assert read_changes(engine, 0) == (0, {})


def test_another_broken_constraint_is_a_mistake(engine: Engine) -> None:
    claim = begin_upload(engine, FULL.key, "tests:1")
    nothing = replace(FULL, requires_python=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)not.null"):
        add_file(engine, nothing, shown="x", actor="ci", claim=claim)


def test_each_change_is_seen_and_told(engine: Engine) -> None:
    add(engine, FULL)
    yank(engine, WHEEL, "broken", actor="ann")
    unyank(engine, WHEEL, actor="ann")
    yank(engine, WHEEL, "", actor="ann")
    release(engine, WHEEL, actor="bob", reason="looked at")
    promote(engine, WHEEL, actor="bob")
    set_status(engine, "acme-tools", Status.ARCHIVED, "old", actor="bob")
    serial, changed = read_changes(engine, 6)
    project = changed["acme-tools"]
    assert (serial, project.serial) == (7, 7)
    assert (project.status, project.status_reason) == (Status.ARCHIVED, "old")
    (file,) = project.files
    assert (file.yanked, file.quarantine, file.stage) == ("", "", Stage.PRODUCTION)
    told = [(event.actor, event.action) for event in reversed(read_entries(engine))]
    assert told == [
        ("ci", "upload"),
        ("ann", "yank"),
        ("ann", "unyank"),
        ("ann", "yank"),
        ("bob", "release"),
        ("bob", "promote"),
        ("bob", "status"),
    ]
    assert read_entries(engine, project="other") == []


def test_what_does_not_fit_changes_nothing(engine: Engine) -> None:
    add(engine, replace(FULL, stage=Stage.PRODUCTION))
    with pytest.raises(Conflict):
        promote(engine, WHEEL, actor="ann")
    with pytest.raises(NotHere):
        yank(engine, "other-1-py3-none-any.whl", "", actor="ann")
    with pytest.raises(NotHere):
        set_status(engine, "other", Status.ARCHIVED, "", actor="ann")
    assert read_serial(engine) == 1
    assert len(read_entries(engine)) == 1


def test_a_state_is_made_once(engine: Engine) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(read_state(engine, "key", str(n))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_many_projects_changed_at_once(engine: Engine) -> None:
    rows = [
        {"name": f"p{n}", "shown": f"P{n}", "serial": 5, "status": "active", "status_reason": ""}
        for n in range(21_000)
    ]
    with writing(engine) as connection:
        connection.execute(insert(projects), rows)
        connection.execute(text("UPDATE state SET value = '5' WHERE name = 'serial'"))
    add(engine, make_file("p7-1.0-py3-none-any.whl"))
    serial, changed = read_changes(engine, 4)
    assert (serial, len(changed)) == (6, 21_000)
    assert len(changed["p7"].files) == 1


def test_two_writers_of_one_name(engine: Engine) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(8, timeout=30)

    def upload(number: int) -> None:
        file = replace(FULL, sha256=f"{number}" * 64)
        claim = begin_upload(engine, file.key, "tests:1")
        ready.wait()
        try:
            add_file(engine, file, shown="x", actor=str(number), claim=claim)
            outcomes.append("won")
        except FileExists:
            end_upload(engine, claim, file.key, lambda _key: None)
            outcomes.append("lost")

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    (file,) = read_changes(engine, 0)[1]["acme-tools"].files
    (event,) = read_entries(engine)
    assert file.sha256 == event.actor * 64
    assert read_pending(engine) == []


def ticks(done: threading.Event) -> Iterator[None]:
    """Until it is done, and once more."""
    while not done.is_set():
        yield
    yield


def test_no_reader_misses_a_change(engine: Engine) -> None:
    """Writers change projects at once; readers that only ask for what is new know it all in the end.

    At each step what a reader knows is one moment of the index: as many files as changes.
    """
    writers, each = 6, 12
    done = threading.Event()
    failures: list[str] = []

    def write(number: int) -> None:
        for count in range(each):
            name = f"p{(number + count) % 4}"
            add(engine, make_file(f"{name}-{number}.{count}-py3-none-any.whl"))

    def read() -> None:
        known: dict[str, ProjectDetail] = {}
        serial = 0
        for _ in ticks(done):
            serial, changed = read_changes(engine, serial)
            known.update(changed)
            count = sum(len(project.files) for project in known.values())
            newest = max((project.serial for project in known.values()), default=0)
            if not count == newest == serial:
                failures.append(f"{count} files, {newest}, at serial {serial}")
        if serial != writers * each:
            failures.append(f"the reader ended at {serial}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*threads, *readers):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []


def test_two_pools_see_each_other(postgres: Postgres) -> None:
    url = postgres.new_database()
    first, second = connect(url), connect(url)
    migrate(first)
    add(first, FULL)
    assert read_serial(second) == 1
    first.dispose()
    second.dispose()
