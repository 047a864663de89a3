"""The files that go into the runtime with a notebook."""

import io
import zipfile
from pathlib import Path

from compat_report.truth.beside import read_beside


def fill(folder: Path, *names: str, size: int = 3) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return folder


def test_what_lies_beside_is_copied(tmp_path: Path) -> None:
    fill(tmp_path, "data.csv", "lib/tools.py", "other.ipynb", ".env", ".git/config")
    fill(tmp_path, "lib/__pycache__/tools.pyc", "env/pyvenv.cfg", "env/lib/x.py")
    found = read_beside(tmp_path)
    assert found.names == {"data.csv", "lib/tools.py"}
    with zipfile.ZipFile(io.BytesIO(found.zipped)) as archive:
        assert archive.read("data.csv") == b"xxx"


def test_a_notebook_that_lies_nowhere_has_nothing_beside_it() -> None:
    found = read_beside(None)
    assert found.names == frozenset()
    assert zipfile.ZipFile(io.BytesIO(found.zipped)).namelist() == []
    assert not found.kept_back("data.csv")


def test_links_are_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    fill(tmp_path, "outside/secret", "in/own.txt")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "outside" / "secret")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "in" / "near").symlink_to(tmp_path / "in" / "own.txt")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "broken").symlink_to(tmp_path / "in" / "nothing")
    assert read_beside(tmp_path / "in").names == {"own.txt", "near"}


def test_no_more_than_the_most(tmp_path: Path) -> None:
    fill(tmp_path, "a", "c", "d", "deep/e")
    fill(tmp_path, "b", size=11)
    found = read_beside(tmp_path, most_bytes=10)
    assert found.names == {"a", "c", "d"}
    assert found.kept_back("b")
    assert found.kept_back("./deep/../b")
    assert not found.kept_back("a")
    assert not found.kept_back("nowhere")
    assert not found.kept_back("nul\0")
    assert read_beside(tmp_path, most_files=1).names == {"a"}
