"""Real sdists on a real index; the index's page is a folder's."""

import gzip
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from compat_report import hardness
from compat_report.hardness import Looks, find_looks, look, look_into
from compat_report.reported import Candidate
from porter.home import Home
from porter.pipconfig import read_pip_config


def make_sdist(folder: Path, name: str, members: Mapping[str, str], version: str = "1.0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    sdist = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(sdist, "w:gz") as tar:
        for path, text in members.items():
            info = tarfile.TarInfo(f"{name}-{version}/{path}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return sdist


@pytest.mark.parametrize(
    ("members", "languages", "word"),
    [
        ({"it.py": ""}, ("python",), "pure: build a wheel"),
        ({"it.py": "", "src/it.c": ""}, ("c", "python"), "C"),
        ({"a.pyx": "", "a.c": ""}, ("c", "cython"), "Cython"),
        (
            {"src/lib.rs": "", "Cargo.toml": '[dependencies]\nrayon = "1"'},
            ("rust",),
            "Rust, threads",
        ),
        ({"a.f90": "", "a.cpp": ""}, ("c++", "fortran"), "Fortran"),
        ({"a.cc": "", "CMakeLists.txt": "find_package(Threads)"}, ("c++",), "C++, threads"),
        ({"a.cu": "", "a.cpp": ""}, ("c++", "cuda"), "CUDA: needs a GPU"),
        ({"it.py": "", "tests/helper.c": "", "docs/a.rs": ""}, ("python",), "pure: build a wheel"),
        ({"it.py": "", "setup.py": "pthread"}, ("python",), "pure: build a wheel"),
        ({"README": ""}, (), "unknown"),
    ],
)
def test_what_the_members_tell(
    tmp_path: Path, members: Mapping[str, str], languages: tuple[str, ...], word: str
) -> None:
    looks = look(make_sdist(tmp_path, "it", members))
    assert (looks.languages, looks.hardness) == (languages, word)


def test_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "it-1.0.zip", "w") as archive:
        archive.writestr("it-1.0/setup.py", "libraries=['pthread']")
        archive.writestr("it-1.0/it.c", "")
    assert look(tmp_path / "it-1.0.zip").hardness == "C, threads"


def test_what_is_no_archive_is_unknown(tmp_path: Path) -> None:
    cut = make_sdist(tmp_path, "it", {"it.py": "x" * 100_000})
    cut.write_bytes(cut.read_bytes()[:-40])
    (tmp_path / "b.tar.gz").write_bytes(b"\x1f\x8bnothing")
    (tmp_path / "c.zip").write_bytes(b"PK")
    (tmp_path / "d.tar.gz").write_bytes(b"")
    for name in ("b.tar.gz", "c.zip", "d.tar.gz"):
        assert look(tmp_path / name) == Looks(), name
    assert look(cut).hardness in ("unknown", "pure: build a wheel")


def test_a_bomb_is_let_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardness, "MOST_UNPACKED", 1 << 20)
    bomb = tmp_path / "it-1.0.tar.gz"
    with gzip.open(bomb, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        info = tarfile.TarInfo("it-1.0/it.py")
        info.size = 8 << 20
        tar.addfile(info, io.BytesIO(bytes(8 << 20)))
        tar.addfile(tarfile.TarInfo("it-1.0/it.c"))
    assert look(bomb) == Looks()


class Shelf(SimpleHTTPRequestHandler):
    """A folder; what was asked for is counted."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    folder = tmp_path / "index"
    (folder / "simple").mkdir(parents=True)
    Shelf.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Shelf, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple/", folder, Shelf.asked
        server.shutdown()
        thread.join()


def put(folder: Path, *sdists: Path, sha256: str = "") -> None:
    name = sdists[0].name.rpartition("-")[0]
    page = folder / "simple" / name / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    links = [
        f'<a href="/{sdist.relative_to(folder)}#sha256='
        f'{sha256 or hashlib.sha256(sdist.read_bytes()).hexdigest()}">{sdist.name}</a>'
        for sdist in sdists
    ]
    page.write_text("".join(links))


def test_the_newest_final_sdist_of_the_index(
    index: tuple[str, Path, list[str]], scratch_home: Home
) -> None:
    url, folder, asked = index
    put(
        folder,
        make_sdist(folder / "files", "acme", {"a.c": ""}, "1.0"),
        make_sdist(folder / "files", "acme", {"a.rs": ""}, "1.10"),
        make_sdist(folder / "files", "acme", {"a.py": ""}, "2.0rc1"),
    )
    env = {"PIP_INDEX_URL": url, "PIP_CONFIG_FILE": "/dev/null"}
    candidates = [
        Candidate(project=name, unblocks=1, blocks=1, weight=1.0) for name in ("acme", "nobody")
    ]
    known = look_into(candidates, home=scratch_home, env=env)
    assert [(one.languages, one.hardness) for one in known] == [
        (("rust",), "Rust"),
        ((), "unknown"),
    ]
    count = len(asked)
    again = find_looks("Acme", read_pip_config(env), home=scratch_home, env=env, offline=False)
    assert (again.hardness, len(asked)) == ("Rust", count)
    assert (
        find_looks("acme", read_pip_config(env), home=scratch_home, env=env, offline=True).hardness
        == "Rust"
    )
    assert (
        find_looks("other", read_pip_config(env), home=scratch_home, env=env, offline=True)
        == Looks()
    )
    assert len(asked) == count


def test_bytes_that_are_not_what_the_index_promised_are_not_looked_at(
    index: tuple[str, Path, list[str]], scratch_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder, _ = index
    env = {"PIP_INDEX_URL": url, "PIP_CONFIG_FILE": "/dev/null"}
    put(folder, make_sdist(folder / "files", "acme", {"a.c": ""}), sha256="0" * 64)
    assert (
        find_looks("acme", read_pip_config(env), home=scratch_home, env=env, offline=False)
        == Looks()
    )
    put(folder, make_sdist(folder / "files", "large", {"a.c": ""}))
    monkeypatch.setattr(hardness, "MOST_BYTES", 10)
    assert (
        find_looks("large", read_pip_config(env), home=scratch_home, env=env, offline=False)
        == Looks()
    )
    assert not list((scratch_home.downloads).rglob("*.tar.gz"))


def test_nobody_is_asked_of_nothing(scratch_home: Home) -> None:
    assert look_into((), home=scratch_home, env={}) == ()


def test_an_index_that_is_away_is_no_error(scratch_home: Home) -> None:
    env = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple/", "PIP_CONFIG_FILE": "/dev/null"}
    assert (
        find_looks("acme", read_pip_config(env), home=scratch_home, env=env, offline=False)
        == Looks()
    )
