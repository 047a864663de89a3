"""A store between machines: what one has put there others have, and what is damaged nobody uses."""

import hashlib
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from services import Bucket, run_bucket
from shelving import Shelf, found, key_of, make_artefact

from porter.artefact import artefact_key
from porter.errors import StoreAway, StoreDamaged, UsageError
from porter.home import Home, hash_file
from porter.store import shared
from porter.store.check import write_checked
from porter.store.model import Entry, entry_path
from porter.store.objects import Objects, open_objects
from porter.store.survey import list_entries, verify_store


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(open_objects(str(tmp_path / "store"), os.environ))


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Home, Home]:
    return Home(root=tmp_path / "one"), Home(root=tmp_path / "two")


def test_what_one_builds_another_has(
    shelf: Shelf, homes: tuple[Home, Home], tmp_path: Path
) -> None:
    one, two = homes
    made = make_artefact(one, tmp_path)
    key = key_of(made)
    assert (shelf.store.look(key), shelf.store.fetch(key, two)) == (None, None)
    shelf.store.keep(key, made)
    entry = shelf.store.look(key)
    assert entry is not None
    assert (entry.sha256, entry.seconds, entry.audit) == (made.sha256, 2.5, "clean")
    got = shelf.again().store.fetch(key, two)
    assert got is not None
    assert (hash_file(got.wheel), got.seconds, dict(got.inputs)) == (
        made.sha256,
        made.seconds,
        made.inputs,
    )
    assert found(two, made)
    assert list(two.work.iterdir()) == []
    assert shelf.said == []
    verified = verify_store(shelf.objects)
    assert (verified.entries, verified.flaws, verified.unused) == (1, (), 0)


@pytest.mark.parametrize(
    "damage", ["bytes", "cut", "longer", "gone", "entry", "other", "liar", "none"]
)
def test_what_is_damaged_is_told_of_not_used_and_replaced(
    shelf: Shelf, homes: tuple[Home, Home], tmp_path: Path, damage: str
) -> None:
    one, two = homes
    made, other = make_artefact(one, tmp_path), make_artefact(one, tmp_path, "other")
    key = key_of(made)
    for each in (made, other):
        shelf.store.keep(key_of(each), each)
    folder = tmp_path / "store"
    file = folder / "files" / made.sha256 / made.wheel.name
    entry = folder / entry_path(key)
    text = entry.read_text()
    if damage == "bytes":
        file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    elif damage in ("cut", "longer"):
        data = file.read_bytes()
        file.write_bytes(data[:-1] if damage == "cut" else data + b"x")
    elif damage == "gone":
        file.unlink()
    elif damage == "entry":
        entry.write_text(text[:-9])
    elif damage == "other":
        # The inputs of one, by the name of the other.
        entry.write_text((folder / entry_path(key_of(other))).read_text())
    else:
        # Well-formed, and true of its file, which is another's or no wheel at all.
        bogus = other.wheel.read_bytes() if damage == "liar" else b"no wheel"
        place = tmp_path / "bogus"
        place.write_bytes(bogus)
        sha256 = hash_file(place)
        shelf.objects.put(f"files/{sha256}/{made.wheel.name}", bogus)
        entry.write_text(
            text.replace(made.sha256, sha256).replace(
                f'"size": {file.stat().st_size}', f'"size": {len(bogus)}'
            )
        )
    again = shelf.again()
    assert again.store.fetch(key, two) is None
    assert not found(two, made)
    (said,) = again.said
    assert said.startswith(f"StoreDamaged: {entry_path(key)}")
    flaws = verify_store(shelf.objects).flaws
    assert len(flaws) == 1
    # It is built again, and what was built takes its place.
    again.store.keep(key, made)
    last = shelf.again()
    assert last.store.fetch(key, two) is not None
    assert last.said == []
    assert verify_store(shelf.objects).flaws == ()


def test_a_library_is_known_by_its_name(tmp_path: Path) -> None:
    inputs = {"name": "libz", "source": "1"}

    def entry(filename: str) -> Entry:
        return Entry(
            key=artefact_key(inputs),
            filename=filename,
            sha256=hashlib.sha256(b"tar").hexdigest(),
            size=3,
            seconds=1,
            audit="a library",
            inputs=inputs,
        )

    write_checked(entry("libz-1.3-tag.library.tar"), [b"t", b"ar"], tmp_path / "a.library.tar")
    assert (tmp_path / "a.library.tar").read_bytes() == b"tar"
    with pytest.raises(StoreDamaged, match="another's"):
        write_checked(entry("liby-1.3-tag.library.tar"), [b"tar"], tmp_path / "b.library.tar")


def test_of_two_that_differ_the_first_stays(
    shelf: Shelf, homes: tuple[Home, Home], tmp_path: Path
) -> None:
    one, two = homes
    first, second = make_artefact(one, tmp_path), make_artefact(two, tmp_path, body=b"x = 2\n")
    key = key_of(first)
    assert key == key_of(second)
    assert first.sha256 != second.sha256
    old = timedelta(0)
    shelf.store.keep(key, first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared, "RENEWED", old)
        shelf.store.keep(key, second)
    assert [said.split(":")[0] for said in shelf.said] == ["StoreDiffers"]
    entry = shelf.store.look(key)
    assert entry is not None
    assert entry.sha256 == first.sha256


def test_what_is_used_is_renewed(shelf: Shelf, homes: tuple[Home, Home], tmp_path: Path) -> None:
    one, two = homes
    made = make_artefact(one, tmp_path)
    shelf.store.keep(key_of(made), made)

    def written() -> list[float]:
        paths = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
        return [path.stat().st_mtime_ns for path in sorted(paths)]

    before = written()
    shelf.store.keep(key_of(made), made)
    assert written() == before, "to the day"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared, "RENEWED", timedelta(0))
        assert shelf.again().store.fetch(key_of(made), two) is not None
    assert all(new > old for new, old in zip(written(), before, strict=True))


def test_many_writers_at_once(shelf: Shelf, homes: tuple[Home, Home], tmp_path: Path) -> None:
    one, two = homes
    made = [make_artefact(one, tmp_path, name) for name in ("aa", "bb", "cc")]
    shelves = [shelf.again() for _ in range(8)]

    def put(each: Shelf) -> None:
        for artefact in made:
            each.store.keep(key_of(artefact), artefact)

    threads = [threading.Thread(target=put, args=(each,)) for each in shelves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.said for each in shelves] == [[]] * 8
    assert len(list_entries(shelf.objects)) == 3
    assert verify_store(shelf.objects).flaws == ()
    assert all(shelf.store.fetch(key_of(artefact), two) for artefact in made)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with run_bucket(tmp_path / "buckets") as bucket:
        for name, value in bucket.options.items():
            monkeypatch.setenv(f"AWS_{name.upper()}", value)
        yield bucket


def test_a_bucket_is_a_store_and_one_that_is_away_is_done_without(
    bucket: Bucket, homes: tuple[Home, Home], tmp_path: Path
) -> None:
    one, two = homes
    made = make_artefact(one, tmp_path)
    key = key_of(made)
    shelf = Shelf(open_objects("s3://wheels/porter", os.environ))
    shelf.store.keep(key, made)
    assert shelf.store.fetch(key, two) is not None
    assert verify_store(shelf.objects).flaws == ()
    assert (bucket.folder / "wheels" / "porter" / entry_path(key)).is_file()
    closed = Shelf(open_objects("s3://no-such-bucket/porter", os.environ))
    closed.store.keep(key, made)
    closed.store.keep(key, made)
    assert [said.split(":")[0] for said in closed.said] == ["StoreAway"]
    bucket.stop()
    away = shelf.again()
    for _ in range(3):
        assert away.store.fetch(key, two) is None
        away.store.keep(key, made)
    (said,) = away.said
    assert said.startswith("StoreAway: the store does not answer")
    assert said.endswith("it is done without")
    with pytest.raises(StoreAway):
        list_entries(shelf.objects)


def test_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreAway):
        open_objects(str(tmp_path / "file" / "below"), os.environ)
    with pytest.raises(UsageError, match="odd://x"):
        open_objects("odd://x", os.environ)
    empty = open_objects(str(tmp_path / "new"), os.environ)
    assert isinstance(empty, Objects)
    assert list_entries(empty) == []
    assert empty.stat("entries/none.json") is None
    empty.delete("entries/none.json")
