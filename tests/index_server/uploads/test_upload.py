"""The journey of an upload: whatever fails on the way, nothing is half there."""

import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile import WHEEL, make_form, wheel
from services import Bucket, Postgres

from index_server.errors import FileExists, StorageAway, StorageFull, UploadRefused
from index_server.holdings import Holdings, open_holdings
from index_server.model import File, Stage, Status
from index_server.records.database import delete_file, read_pending, set_status
from index_server.records.engine import migrate
from index_server.settings import Settings
from index_server.uploads.audits import Surfaces
from index_server.uploads.form import Reader
from index_server.uploads.incoming import open_incoming
from index_server.uploads.upload import make_rules, take_upload
from index_server.uploads.validate import check_form
from porter.home import Home

type Take = Callable[..., File]


@pytest.fixture
def take(index: Holdings, tmp_path: Path) -> Take:
    rules = make_rules(index, Surfaces(index.home))

    def run(data: bytes | None = None, filename: str = WHEEL, **fields: str) -> File:
        form = make_form(wheel() if data is None else data, filename, fields, tmp_path)
        named = check_form(form)
        try:
            return take_upload(
                index, form, named, rules=rules, stage=Stage.PRODUCTION, actor="tests"
            )
        finally:
            form.path.unlink()

    return run


def test_what_was_taken_is_there(index: Holdings, take: Take) -> None:
    file = take()
    assert index.snapshot.projects["acme-tools"].files == (file,)
    assert index.store.read(file.key) == wheel()
    assert b"Name: acme-tools" in index.store.read(f"{file.key}.metadata")
    assert read_pending(index.engine) == []


def test_a_name_is_never_used_again(index: Holdings, take: Take) -> None:
    take()
    with pytest.raises(FileExists, match="already exists"):
        take()
    delete_file(index.engine, WHEEL, actor="tests")
    with pytest.raises(FileExists, match="already exists"):
        take()
    assert read_pending(index.engine) == [] or all(
        not claim["owner"] for claim in read_pending(index.engine)
    )


@pytest.mark.parametrize("status", [Status.ARCHIVED, Status.QUARANTINED])
def test_a_closed_project(status: Status, index: Holdings, take: Take) -> None:
    take()
    set_status(index.engine, "acme-tools", status, "closed", actor="tests")
    index.refresh()
    text = "Metadata-Version: 2.1\nName: acme-tools\nVersion: 2.0\n"
    with pytest.raises(UploadRefused, match=f"is {status}"):
        take(wheel(version="2.0", metadata=text), WHEEL.replace("1.0", "2.0"))


def test_a_store_that_is_away(index: Holdings, take: Take) -> None:
    folder = index.store.folder
    assert folder is not None
    folder.rmdir()
    folder.write_bytes(b"not a folder")
    with pytest.raises(StorageAway):
        take()
    assert index.snapshot.projects == {}
    # The bytes could not be taken away either: the claim stays and tells of them.
    assert len(read_pending(index.engine)) == 1
    folder.unlink()
    folder.mkdir()
    assert take().filename == WHEEL


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """A system that lets no file grow beyond `room` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full(index: Holdings) -> None:
    incoming = open_incoming(index.incoming)
    reader = Reader(b"b", incoming, 1 << 20)
    head = f'--b\r\nContent-Disposition: form-data; name="content"; filename="{WHEEL}"\r\n\r\n'
    reader.feed(head.encode())
    with full_disk(1000), pytest.raises(StorageFull) as caught:
        reader.feed(b"x" * 5000)
    assert caught.value.status == 507
    incoming.discard()
    assert list(index.incoming.iterdir()) == []


def test_into_a_bucket_and_postgresql(
    bucket: Bucket, postgres: Postgres, home: Home, tmp_path: Path
) -> None:
    settings = Settings(
        data=str(tmp_path / "index"),
        database=postgres.new_database(),
        storage=f"{bucket.url}/{tmp_path.name}",
        storage_options=bucket.options,
    )
    index = open_holdings(settings, home)
    migrate(index.engine)
    rules = make_rules(index, Surfaces(home))

    def send(number: int) -> bool:
        """The same bytes each time: their key in the store is one."""
        folder = tmp_path / str(number)
        folder.mkdir()
        form = make_form(wheel(), WHEEL, {}, folder)
        try:
            take_upload(
                index, form, check_form(form), rules=rules, stage=Stage.PRODUCTION, actor="tests"
            )
        except FileExists:
            return False
        return True

    try:
        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(send, range(6))) == [False] * 5 + [True]
        file = index.snapshot.projects["acme-tools"].files[0]
        assert index.store.read(file.key) == wheel()
        assert set(index.store.keys()) == {file.key, f"{file.key}.metadata"}
        assert read_pending(index.engine) == []
    finally:
        index.engine.dispose()
