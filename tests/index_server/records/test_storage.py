"""A folder and a bucket keep bytes alike, and say so when they are full or away."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest
from services import Bucket, free_port, run_bucket

from index_server.errors import BadSettings, NotHere, StorageAway, StorageFull
from index_server.records.storage import Store, open_store, reaching

KEY = f"ab/{'c' * 62}/acme_tools-1.0-py3-none-any.whl"
OTHER = f"ab/{'d' * 62}/other-1.0-py3-none-any.whl"


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store("", None, tmp_path / "files")
    bucket: Bucket = request.getfixturevalue("bucket")
    return open_store(f"s3://wheels/{uuid.uuid4().hex}", bucket.options, tmp_path)


def collect(store: Store, key: str, start: int, end: int) -> bytes:
    async def run() -> bytes:
        return b"".join([chunk async for chunk in store.stream(key, start, end)])

    return asyncio.run(run())


def test_bytes_come_back_as_they_were(store: Store, tmp_path: Path) -> None:
    data = os.urandom(5 << 20)
    source = tmp_path / "source"
    source.write_bytes(data)
    store.put(KEY, source)
    source.unlink()
    store.put_bytes(f"{KEY}.metadata", b"Name: acme\n")
    store.put_bytes(OTHER, b"other")
    assert store.read(KEY) == data
    assert b"".join(store.read_chunks(KEY)) == data
    assert store.size(KEY) == len(data)
    assert collect(store, KEY, 0, len(data)) == data
    assert collect(store, KEY, 1_000_000, 3_500_001) == data[1_000_000:3_500_001]
    assert sorted(store.keys()) == [KEY, f"{KEY}.metadata", OTHER]
    assert list(store.keys(f"ab/{'d' * 62}")) == [OTHER]
    assert store.read(f"{KEY}.metadata") == b"Name: acme\n"


def test_what_is_forgotten_leaves_nothing(store: Store) -> None:
    for key in (KEY, f"{KEY}.metadata", f"{KEY}.provenance", OTHER):
        store.put_bytes(key, b"x")
    store.forget(KEY)
    assert list(store.keys()) == [OTHER]
    store.forget(KEY)
    store.delete(OTHER)
    store.delete(OTHER)
    assert list(store.keys()) == []
    if store.folder is not None:
        assert [path for path in store.folder.rglob("*") if path.name != "ab"] == []


def test_what_is_not_there(store: Store) -> None:
    assert store.size(KEY) is None
    for ask in (store.read, lambda key: list(store.read_chunks(key))):
        with pytest.raises(NotHere):
            ask(KEY)
    with pytest.raises(NotHere):
        collect(store, KEY, 0, 1)


def test_the_same_bytes_may_be_put_twice(store: Store) -> None:
    store.put_bytes(KEY, b"same")
    store.put_bytes(KEY, b"same")
    assert store.read(KEY) == b"same"
    assert list(store.keys()) == [KEY]


def test_puts_and_removals_of_one_content_at_once(store: Store) -> None:
    failures: list[Exception] = []
    if store.folder is None:
        # S3 has no folders; rclone's, while one is made or emptied, loses what is put into it.
        store.put_bytes(f"{KEY}.kept", b"kept")

    def work(number: int) -> None:
        key = f"{KEY}{number}"
        try:
            for _ in range(10):
                store.put_bytes(key, b"same")
                assert store.read(key) == b"same"
                store.forget(key)
        except Exception as error:  # noqa: BLE001 # told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store.delete(f"{KEY}.kept")
    assert list(store.keys()) == []


def test_a_killed_put_is_not_listed_and_is_forgotten(tmp_path: Path) -> None:
    store = open_store("", None, tmp_path)
    half = tmp_path / f"{KEY}#123"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    (tmp_path / f"{KEY}.metadata#456").write_bytes(b"half")
    assert list(store.keys()) == []
    store.forget(KEY)
    assert not half.parent.exists()


def test_files_of_a_folder_can_be_read_by_other_servers(tmp_path: Path) -> None:
    store = open_store("", None, tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"x")
    source.chmod(0o600)
    store.put(KEY, source)
    path = store.path(KEY)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_full_folder_leaves_nothing_of_the_file(tmp_path: Path) -> None:
    """In a process of its own: no file may be larger than a megabyte there."""
    script = f"""
import resource, sys
from pathlib import Path
from index_server.errors import StorageFull
from index_server.records.storage import open_store
store = open_store("", None, Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    store.put_bytes({KEY!r}, b"x" * (2 << 20))
except StorageFull as error:
    print(error.status, error.message)
store.put_bytes({OTHER!r}, b"small")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "507 the store of files is full\n"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [Path(OTHER).name]


@pytest.mark.parametrize(
    "text", ["No space left on device (os error 28)", "Disk quota exceeded (os error 122)"]
)
def test_what_a_full_disk_says(text: str) -> None:
    with pytest.raises(StorageFull), reaching():
        raise OSError(text)


def test_a_bucket_that_is_away_and_back(tmp_path: Path) -> None:
    with run_bucket(tmp_path / "bucket") as bucket:
        store = open_store(bucket.url, bucket.options, tmp_path)
        store.put_bytes(KEY, b"x")
        bucket.stop()
        for ask in (
            lambda: store.size(KEY),
            lambda: store.read(KEY),
            lambda: store.put_bytes(OTHER, b"y"),
            lambda: store.delete(KEY),
            lambda: list(store.keys()),
        ):
            begun = time.monotonic()
            with pytest.raises(StorageAway) as away:
                ask()
            assert time.monotonic() - begun < 10
            assert str(bucket.port) not in away.value.message
        bucket.start()
        assert store.read(KEY) == b"x"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("nonsense", None),
        ("ftp://host/path", None),
        ("s3://bucket", {"no_such_option": "x"}),
    ],
)
def test_an_unusable_store_is_refused(
    url: str, options: dict[str, str] | None, tmp_path: Path
) -> None:
    with pytest.raises(BadSettings):
        open_store(url, options, tmp_path)


def test_a_key_that_is_refused(bucket: Bucket, tmp_path: Path) -> None:
    options = {**bucket.options, "secret_access_key": "wrong-secret-key"}
    store = open_store(bucket.url, options, tmp_path)
    with pytest.raises(StorageAway) as away:
        store.read(KEY)
    assert "wrong-secret-key" not in away.value.message


def test_a_bucket_that_never_was(tmp_path: Path) -> None:
    options = {
        "endpoint": f"http://127.0.0.1:{free_port()}",
        "access_key_id": "x" * 12,
        "secret_access_key": "y" * 12,
        "allow_http": "true",
        "region": "us-east-1",
    }
    store = open_store("s3://nothing/here", options, tmp_path)
    with pytest.raises(StorageAway):
        store.size(KEY)
