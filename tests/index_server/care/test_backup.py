"""A backup holds all of an index, and makes the same one again, in either database and store."""

import json
import os
import stat
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from running import run_porter
from services import Bucket
from sqlalchemy import select
from wheels import make_wheel, put_wheel

from index_server.care.backup import TABLES, make_backup
from index_server.care.inventory import take_inventory
from index_server.care.restore import restore_backup
from index_server.errors import Conflict, Damaged, FileExists, NotHere
from index_server.holdings import Holdings, open_holdings
from index_server.model import Stage, Status
from index_server.records.changes import read_entries
from index_server.records.database import begin_upload, delete_file, set_status, yank
from index_server.records.engine import migrate, reading
from index_server.settings import Settings
from porter.home import Home
from porter.progress import Quiet


@pytest.fixture
def filled(index: Holdings, tmp_path: Path) -> Holdings:
    wheels = tmp_path / "wheels"
    put_wheel(index, make_wheel(wheels, "acme-tools", requires=["acme-base"]))
    put_wheel(index, make_wheel(wheels, "acme-tools", "1.1"), stage=Stage.STAGING)
    put_wheel(index, make_wheel(wheels, "acme-base", "1.0"), quarantine="broken", attested=True)
    put_wheel(index, make_wheel(wheels, "acme-base", "1.1"))
    put_wheel(index, make_wheel(wheels, "acme-gone", "1.0"))
    for file in index.snapshot.projects["acme-base"].files:
        if file.attested:
            index.store.put_bytes(f"{file.key}.provenance", b'{"version": 1}')
    yank(index.engine, "acme_base-1.1-py3-none-any.whl", "a mistake: «ü»", actor="tests")
    delete_file(index.engine, "acme_gone-1.0-py3-none-any.whl", actor="tests")
    set_status(index.engine, "acme-tools", Status.DEPRECATED, "use another", actor="tests")
    index.refresh()
    return index


def other(index: Holdings, folder: Path, **settings: object) -> Holdings:
    """An empty index."""
    made = open_holdings(replace(Settings(data=str(folder)), **settings), index.home)  # type: ignore[arg-type]
    migrate(made.engine)
    return made


def rows(index: Holdings) -> dict[str, list[dict[str, object]]]:
    """All that the database holds, but the numbers it counts by itself."""
    with reading(index.engine) as connection:
        return {
            table.name: [
                {k: str(v)[:19] for k, v in row.items() if k != "id" or table.name == "tokens"}
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in TABLES
        }


def back_up(index: Holdings, target: Path) -> Path:
    make_backup(index, target, Quiet())
    return target


def test_all_of_it_comes_back(filled: Holdings, tmp_path: Path, database_url: str) -> None:
    saved = back_up(filled, tmp_path / "saved.tar")
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    made = other(filled, tmp_path / "made", database=database_url)
    told = restore_backup(made, saved, Quiet())
    assert (told.projects, told.files, told.serial) == (3, 4, filled.snapshot.serial)
    assert rows(made) == rows(filled)
    assert made.snapshot == filled.snapshot
    found = take_inventory(made, Quiet())
    assert (found.files, found.problems) == (4, ())
    # It goes on where the first one was: numbers, serials, and names that were used.
    put_wheel(made, make_wheel(tmp_path, "acme-new"))
    assert made.snapshot.serial > filled.snapshot.serial
    with pytest.raises(FileExists):
        put_wheel(made, make_wheel(tmp_path, "acme-gone"))
    assert read_entries(made.engine)[0].action == "upload"
    made.engine.dispose()


def test_from_a_folder_into_a_bucket_and_back(
    filled: Holdings, tmp_path: Path, bucket: Bucket
) -> None:
    saved = back_up(filled, tmp_path / "saved.tar")
    there = other(filled, tmp_path / "there", **bucket_settings(bucket))
    restore_backup(there, saved, Quiet())
    again = back_up(there, tmp_path / "again.tar")
    back = other(filled, tmp_path / "back")
    restore_backup(back, again, Quiet())
    assert rows(back) == rows(filled)
    assert take_inventory(back, Quiet()).problems == ()
    there.engine.dispose()
    back.engine.dispose()


def bucket_settings(bucket: Bucket) -> dict[str, object]:
    return {"storage": f"{bucket.url}/backup", "storage_options": bucket.options}


def test_nothing_is_restored_over_something(filled: Holdings, tmp_path: Path) -> None:
    saved = back_up(filled, tmp_path / "saved.tar")
    before = rows(filled)
    with pytest.raises(Conflict, match="already"):
        restore_backup(filled, saved, Quiet())
    assert rows(filled) == before
    assert take_inventory(filled, Quiet()).sound


def cut(saved: Path) -> None:
    os.truncate(saved, saved.stat().st_size * 2 // 3)


def end(saved: Path) -> None:
    with tarfile.open(saved) as tar:
        offset = tar.getmember("backup.json").offset
    os.truncate(saved, offset)


def flip(saved: Path) -> None:
    with tarfile.open(saved) as tar:
        member = next(m for m in tar if m.name.endswith(".whl"))
    with saved.open("r+b") as file:
        file.seek(member.offset_data + 5)
        file.write(b"\xff\xff")


def edit(saved: Path) -> None:
    with tarfile.open(saved) as tar:
        member = tar.getmember("tables/files.jsonl")
    with saved.open("r+b") as file:
        file.seek(member.offset_data)
        text = file.read(member.size).replace(b"acme", b"evil")
        file.seek(member.offset_data)
        file.write(text)


def garble(saved: Path) -> None:
    with tarfile.open(saved) as tar:
        member = tar.getmember("backup.json")
    with saved.open("r+b") as file:
        file.seek(member.offset_data)
        file.write(b"!" * 20)


def replace_all(saved: Path) -> None:
    saved.write_bytes(b"not a tar" * 100)


@pytest.mark.parametrize("harm", [cut, end, flip, edit, garble, replace_all])
def test_a_damaged_backup_leaves_nothing(
    filled: Holdings, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    saved = back_up(filled, tmp_path / "saved.tar")
    harm(saved)
    made = other(filled, tmp_path / "made")
    before = rows(made)
    with pytest.raises(Damaged):
        restore_backup(made, saved, Quiet())
    assert rows(made) == before
    assert list(made.store.keys()) == []
    assert list(made.incoming.iterdir()) == [] if made.incoming.exists() else True
    made.engine.dispose()


def test_no_backup(index: Holdings, tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        restore_backup(index, tmp_path / "none.tar", Quiet())


def test_a_backup_of_another_version(filled: Holdings, tmp_path: Path) -> None:
    saved = tmp_path / "saved.tar"
    back_up(filled, saved)
    with tarfile.open(saved) as tar:
        member = tar.getmember("backup.json")
    data = saved.read_bytes()
    text = data[member.offset_data : member.offset_data + member.size]
    revision = json.loads(text)["revision"].encode()
    saved.write_bytes(data.replace(b'"revision": "' + revision, b'"revision": "' + b"9" * len(revision)))  # fmt: skip
    made = other(filled, tmp_path / "made")
    with pytest.raises(Conflict, match="another version"):
        restore_backup(made, saved, Quiet())
    made.engine.dispose()


def test_damage_is_not_backed_up(filled: Holdings, tmp_path: Path) -> None:
    file = filled.snapshot.projects["acme-tools"].files[0]
    path = filled.store.path(file.key)
    assert path is not None
    path.write_bytes(b"other")
    with pytest.raises(Damaged, match="not what they were"):
        back_up(filled, tmp_path / "saved.tar")
    path.unlink()
    with pytest.raises(Damaged, match="not in the store"):
        back_up(filled, tmp_path / "saved.tar")
    assert [p.name for p in tmp_path.iterdir() if "saved" in p.name] == []


def test_what_is_deleted_and_uploaded_meanwhile(filled: Holdings, tmp_path: Path) -> None:
    """The rows are of one moment; a file that is deleted after it is deleted in the backup."""

    class Meanwhile(Quiet):
        def phase(self, subject: str, text: str) -> None:
            super().phase(subject, text)
            if text.startswith("copy"):
                file = filled.snapshot.projects["acme-tools"].files[0]
                delete_file(filled.engine, file.filename, actor="tests")
                filled.store.forget(file.key)
                put_wheel(filled, make_wheel(tmp_path, "acme-late"))

    saved = tmp_path / "saved.tar"
    made_of = make_backup(filled, saved, Meanwhile())
    assert made_of.files == 3
    made = other(filled, tmp_path / "made")
    restore_backup(made, saved, Quiet())
    assert "acme-late" not in made.snapshot.projects
    assert len(made.snapshot.projects["acme-tools"].files) == 1
    assert take_inventory(made, Quiet()).problems == ()
    made.engine.dispose()


def test_a_claim_is_not_in_it(filled: Holdings, tmp_path: Path) -> None:
    file = replace(filled.snapshot.projects["acme-base"].files[0], sha256="3" * 64)
    claim = begin_upload(filled.engine, file.key, "another:1")
    made = other(filled, tmp_path / "made")
    restore_backup(made, back_up(filled, tmp_path / "saved.tar"), Quiet())
    assert take_inventory(made, Quiet()).problems == ()
    made.engine.dispose()
    assert claim


def test_the_commands(filled: Holdings, home: Home, tmp_path: Path) -> None:
    data, made = filled.settings.data, tmp_path / "made"
    done = run_porter("index", "backup", "saved.tar", "--data", data, home=home.root, cwd=tmp_path)
    assert done.code == 0, done.err
    assert "3 projects, 4 files" in done.out
    restore = ("index", "restore", "saved.tar", "--data", made, "--json")
    done = run_porter(*restore, home=home.root, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.json["files"] == 4
    done = run_porter(*restore, home=home.root, cwd=tmp_path)
    assert done.code == 1
    assert "already" in done.err
