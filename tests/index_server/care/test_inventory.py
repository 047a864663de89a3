"""Whatever happens to a stored file is found; what a server is doing is no damage."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from running import run_porter
from wheels import make_wheel, put_wheel

from index_server.care.inventory import Inventory, State, take_inventory
from index_server.holdings import Holdings
from index_server.model import File, Stage
from index_server.records.database import begin_upload, delete_file
from porter.home import Home
from porter.progress import Quiet


@pytest.fixture
def file(index: Holdings, tmp_path: Path) -> File:
    kinds: list[tuple[str, dict[str, object]]] = [
        ("0.7", {"stage": Stage.STAGING}),
        ("0.8", {"quarantine": "broken"}),
        ("0.9", {"yanked": ""}),
    ]
    for version, fields in kinds:
        put_wheel(index, make_wheel(tmp_path / "wheels", version=version), **fields)
    return put_wheel(index, make_wheel(tmp_path / "wheels", requires=["other"]))


def take(index: Holdings) -> Inventory:
    return take_inventory(index, Quiet())


def stored(index: Holdings, file: File, suffix: str = "") -> Path:
    path = index.store.path(f"{file.key}{suffix}")
    assert path is not None
    return path


def test_a_sound_index(index: Holdings, file: File) -> None:
    found = take(index)
    assert (found.files, found.problems, found.sound) == (4, (), True)
    assert found.size > file.size


@pytest.mark.parametrize("suffix", ["", ".metadata"])
@pytest.mark.parametrize(
    ("harm", "state"),
    [
        (lambda path: path.unlink(), State.MISSING),
        (lambda path: path.write_bytes(b""), State.DAMAGED),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), State.DAMAGED),
        (lambda path: path.write_bytes(bytes(path.stat().st_size)), State.DAMAGED),
    ],
)
def test_harm_is_found(
    index: Holdings, file: File, suffix: str, harm: Callable[[Path], object], state: State
) -> None:
    harm(stored(index, file, suffix))
    found = take(index)
    assert not found.sound
    (problem,) = found.problems
    assert (problem.key, problem.state) == (f"{file.key}{suffix}", state)


def test_attestations_that_are_gone(index: Holdings, tmp_path: Path) -> None:
    file = put_wheel(index, make_wheel(tmp_path), attested=True)
    (problem,) = take(index).problems
    assert (problem.key, problem.state) == (f"{file.key}.provenance", State.MISSING)


def test_what_is_nobodys_is_told_and_harms_nobody(index: Holdings, file: File) -> None:
    index.store.put_bytes(f"00/{'1' * 62}/lost-1.0-py3-none-any.whl", b"lost")
    index.store.put_bytes(f"{file.key}.provenance", b"{}")
    found = take(index)
    assert found.sound
    assert [problem.state for problem in found.problems] == [State.STRAY]
    assert "lost" in found.problems[0].key


def test_an_upload_that_is_under_way_is_not_stray(
    index: Holdings, file: File, tmp_path: Path
) -> None:
    coming = replace(file, filename="acme_tools-2.0-py3-none-any.whl", sha256="2" * 64)
    begin_upload(index.engine, coming.key, "another:1")
    index.store.put_bytes(coming.key, b"half")
    index.store.put_bytes(f"{coming.key}.metadata", b"half")
    assert take(index).problems == ()


def test_a_deleted_file_is_not_missing(index: Holdings, file: File) -> None:
    delete_file(index.engine, file.filename, actor="tests")
    index.store.forget(file.key)
    found = take(index)
    assert (found.files, found.problems) == (3, ())


def test_the_command(index: Holdings, file: File, home: Home, tmp_path: Path) -> None:
    done = run_porter(
        "index", "verify", "--data", index.settings.data, home=home.root, cwd=tmp_path
    )
    assert done.code == 0, done.err
    assert "4 files" in done.out
    assert "sound" in done.out
    stored(index, file).write_bytes(b"")
    done = run_porter(
        "index", "verify", "--json", "--data", index.settings.data, home=home.root, cwd=tmp_path
    )
    assert done.code == 1
    assert done.json["sound"] is False
    assert [problem["state"] for problem in done.json["problems"]] == ["damaged"]
    assert done.err == ""
