"""What nobody used for long goes; what is needed, or may be being written, stays."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shelving import Shelf, key_of, make_artefact

from porter.artefact import Artefact, artefact_key
from porter.home import Home
from porter.store.model import entry_path
from porter.store.objects import open_objects
from porter.store.survey import list_entries, verify_store
from porter.store.sweep import Swept, sweep_store

NOW = datetime.now(UTC)
MONTH = timedelta(days=30)


class Stock:
    """A store in a folder, whose objects can be made old."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "store"
        self.shelf = Shelf(open_objects(str(self.folder), os.environ))
        self.home = Home(root=folder / "home")
        self.scratch = folder

    def put(self, name: str, *, days: float) -> Artefact:
        made = make_artefact(self.home, self.scratch, name)
        self.shelf.store.keep(key_of(made), made)
        for path in (self.folder / entry_path(key_of(made)), self.file(made)):
            self.age(path, days)
        return made

    def file(self, made: Artefact) -> Path:
        return self.folder / "files" / made.sha256 / made.wheel.name

    def age(self, path: Path, days: float) -> None:
        then = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (then, then))

    def sweep(self, *needed: Artefact, dry_run: bool = False) -> Swept:
        keys = {key_of(made) for made in needed}
        return sweep_store(self.shelf.objects, unused=MONTH, needed=keys, now=NOW, dry_run=dry_run)

    def names(self) -> list[str]:
        found = list_entries(self.shelf.objects)
        return sorted(each.entry.inputs["name"] for each in found if each.entry)


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return Stock(tmp_path)


def test_by_age_but_for_what_is_needed(stock: Stock) -> None:
    stock.put("new", days=29)
    old, needed = stock.put("old", days=31), stock.put("needed", days=400)
    tried = stock.sweep(needed, dry_run=True)
    assert stock.names() == ["needed", "new", "old"]
    swept = stock.sweep(needed)
    assert swept == tried
    assert ([entry.filename for entry in swept.entries], swept.files, swept.kept) == (
        [old.wheel.name],
        1,
        2,
    )
    assert swept.size == old.wheel.stat().st_size
    assert stock.names() == ["needed", "new"]
    assert not stock.file(old).exists()
    verified = verify_store(stock.shelf.objects)
    assert (verified.flaws, verified.unused) == ((), 0)
    assert stock.sweep(needed).entries == ()


def test_what_is_being_written_stays(stock: Stock) -> None:
    writing = stock.put("writing", days=0)
    (stock.folder / entry_path(key_of(writing))).unlink()
    left = stock.put("left", days=2)
    (stock.folder / entry_path(key_of(left))).unlink()
    assert stock.sweep().files == 1
    assert stock.file(writing).exists()
    assert not stock.file(left).exists()


def test_files_of_one_content_stay_while_one_entry_names_them(stock: Stock) -> None:
    made = stock.put("made", days=100)
    # Another entry of the same file, as two builds of the same bytes have.
    text = (stock.folder / entry_path(key_of(made))).read_text()
    inputs = {"name": "twin", "source": "of another"}
    key = artefact_key(inputs)
    twin = stock.folder / entry_path(key)
    twin.write_text(
        text.replace(key_of(made), key).replace('"made"', '"twin"').replace("of made", "of another")
    )
    swept = stock.sweep()
    assert (len(swept.entries), swept.files, swept.kept) == (1, 0, 1)
    assert stock.names() == ["twin"]
    assert stock.file(made).exists()


def test_what_is_no_entry_goes_once_it_is_old(stock: Stock) -> None:
    for name, days in (("young", 0.5), ("odd", 2)):
        path = stock.folder / "entries" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{")
        stock.age(path, days)
    swept = stock.sweep()
    assert (swept.broken, swept.entries) == (1, ())
    assert [path.name for path in (stock.folder / "entries").iterdir()] == ["young.json"]


def test_what_a_killed_writer_left_goes_once_it_is_old(stock: Stock) -> None:
    made = stock.put("made", days=0)
    script = "import obstore, sys\nstore = obstore.store.LocalStore(sys.argv[1])\n"
    script += "writer = obstore.open_writer(store, sys.argv[2])\nwriter.write(bytes(20_000_000))\n"
    script += "print('there', flush=True)\nsys.stdin.read()\n"
    path = f"files/{'0' * 64}/killed-1-py3-none-any.whl"
    process = subprocess.Popen(
        [sys.executable, "-c", script, stock.folder, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        process.kill()
    (left,) = stock.folder.rglob("*#*")
    assert verify_store(stock.shelf.objects).unused == 0, "no reader sees it"
    stock.sweep()
    assert left.exists(), "it may still be written"
    stock.age(left, 2)
    stock.sweep()
    assert not left.exists()
    assert stock.file(made).exists()


def test_what_is_used_while_it_is_swept_stays(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stock.put("made", days=100)
    objects = stock.shelf.objects
    listed = list_entries(objects)
    monkeypatch.setattr("porter.store.sweep.list_entries", lambda _: listed)
    # Between the list and the removal another machine uses it.
    stock.age(stock.folder / entry_path(key_of(made)), 0)
    assert stock.sweep().entries == ()
    assert stock.names() == ["made"]
