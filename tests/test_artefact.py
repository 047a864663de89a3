import json
from pathlib import Path

import pytest

from porter.artefact import (
    Kept,
    artefact_key,
    find_artefact,
    keep_artefact,
    open_out,
    place_artefact,
    remember_build,
)
from porter.errors import NotWritable
from porter.home import Home, hash_file


def keep(home: Home, folder: Path, key: str = "k") -> None:
    wheel = folder / "a-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    keep_artefact(home, key, wheel, seconds=1.5, inputs={"source": "s"}, audit="clean")
    assert not wheel.exists()


def test_every_input_is_in_the_key() -> None:
    base = {"source": "1", "flags": ""}
    keys = {
        artefact_key(base),
        artefact_key({**base, "source": "2"}),
        artefact_key({"source": "1"}),
    }
    assert len(keys) == 3
    assert artefact_key(dict(reversed(base.items()))) == artefact_key(base)


def test_one_look_tells_what_may_be_found(scratch_home: Home, tmp_path: Path) -> None:
    assert Kept.read(scratch_home) == Kept(keys=frozenset(), subjects=frozenset())
    keep(scratch_home, tmp_path)
    remember_build(scratch_home, "a-314", "k")
    kept = Kept.read(scratch_home)
    assert "k" in kept.keys
    assert kept.subjects == {"a-314"}


def test_what_is_kept_is_found_and_placed(scratch_home: Home, tmp_path: Path) -> None:
    assert find_artefact(scratch_home, "k") is None
    keep(scratch_home, tmp_path)
    found = find_artefact(scratch_home, "k")
    assert found is not None
    assert (found.seconds, dict(found.inputs)) == (1.5, {"source": "s"})
    out = tmp_path / "out"
    placed = place_artefact(found, out)
    assert hash_file(placed) == found.sha256
    before = placed.stat()
    assert place_artefact(found, out).stat().st_mtime_ns == before.st_mtime_ns
    placed.write_bytes(b"tampered")
    assert hash_file(place_artefact(found, out)) == found.sha256
    assert [path.name for path in out.iterdir()] == [found.wheel.name]


@pytest.mark.parametrize("damage", ["wheel", "record", "gone"])
def test_what_is_damaged_is_not_there(scratch_home: Home, tmp_path: Path, damage: str) -> None:
    keep(scratch_home, tmp_path)
    folder = scratch_home.artefacts / "k"
    if damage == "wheel":
        (folder / "a-1-py3-none-any.whl").write_bytes(b"other")
    elif damage == "record":
        (folder / "artefact.json").write_text(json.dumps({"filename": "a"}))
    else:
        (folder / "a-1-py3-none-any.whl").unlink()
    assert find_artefact(scratch_home, "k") is None
    keep(scratch_home, tmp_path)
    assert find_artefact(scratch_home, "k") is not None


def test_an_output_folder_is_tried_before_the_work(tmp_path: Path) -> None:
    open_out(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/x")):
        with pytest.raises(NotWritable, match=str(path)):
            open_out(path)
