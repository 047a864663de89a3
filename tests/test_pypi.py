"""A real index on loopback, and one that is not there."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter.errors import (
    ConfigurationError,
    HashMismatch,
    SourceNotFound,
    Unreachable,
    UsageError,
)
from porter.home import Home
from porter.pinned import fetch_pinned
from porter.pipconfig import parse_pip_config
from porter.platform import Platform
from porter.pypi import (
    IndexFile,
    Release,
    fetch_file,
    fetch_release,
    index_url,
    parse_purl,
)

FILES = {
    "sample-1.0.tar.gz": b"an sdist",
    "sample-1.0-py3-none-any.whl": b"a wheel",
    "sample-2.0-py3-none-any.whl": b"a wheel without an sdist",
    "sample-3.0.tar.gz": b"other bytes than promised",
}


class Index(BaseHTTPRequestHandler):
    """The Simple API of one project, `sample` (PEP 691)."""

    def do_GET(self) -> None:
        host = f"http://{self.headers['Host']}"
        name = self.path.rsplit("/", 1)[-1]
        if self.path.rstrip("/") == "/simple/sample":
            files = [
                {
                    "filename": file,
                    "url": f"{host}/files/{file}",
                    "hashes": {"sha256": promised(file)},
                }
                for file in FILES
            ]
            body = json.dumps({"meta": {"api-version": "1.0"}, "name": "sample", "files": files})
            self.answer(body.encode(), "application/vnd.pypi.simple.v1+json")
        elif name in FILES:
            self.answer(FILES[name], "application/octet-stream")
        else:
            self.send_error(404)

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def promised(file: str) -> str:
    content = b"something else" if file.startswith("sample-3") else FILES[file]
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def index(server: ThreadingHTTPServer, env: dict[str, str]) -> dict[str, str]:
    address = f"http://127.0.0.1:{server.server_port}/simple"
    plain = {name: value for name, value in env.items() if "proxy" not in name.lower()}
    return {**plain, "PIP_INDEX_URL": address}


def test_a_release_and_its_files(
    index: dict[str, str], scratch_home: Home, server: ThreadingHTTPServer
) -> None:
    assert index_url(index) == index["PIP_INDEX_URL"]
    release = fetch_release(parse_purl("pkg:pypi/Sample@1"), home=scratch_home, env=index)
    assert release.sdist is not None
    assert [wheel.filename for wheel in release.wheels] == ["sample-1.0-py3-none-any.whl"]
    path = fetch_file(release.sdist, home=scratch_home, env=index)
    assert path.read_bytes() == b"an sdist"
    assert path.parent.name == release.sdist.sha256
    server.shutdown()
    server.server_close()
    again = fetch_release(parse_purl("pkg:pypi/sample@1.0.0"), home=scratch_home, env=index)
    assert again == release
    assert fetch_file(release.sdist, home=scratch_home, env=index) == path
    # Another index is asked anew.
    other = {**index, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    with pytest.raises(Unreachable, match="Python package index cannot be reached"):
        fetch_release(parse_purl("pkg:pypi/sample@1.0"), home=scratch_home, env=other)


def test_what_the_index_does_not_have(index: dict[str, str], scratch_home: Home) -> None:
    def fetch(text: str) -> Release:
        return fetch_release(parse_purl(text), home=scratch_home, env=index)

    with pytest.raises(SourceNotFound, match="no project absent"):
        fetch("pkg:pypi/absent@1")
    with pytest.raises(SourceNotFound, match="no sample 9") as caught:
        fetch("pkg:pypi/sample@9")
    assert "3.0, 2.0, 1.0" in caught.value.advice
    assert fetch("pkg:pypi/sample@2.0").sdist is None


def test_bytes_that_are_not_the_promised_ones(index: dict[str, str], scratch_home: Home) -> None:
    release = fetch_release(parse_purl("pkg:pypi/sample@3.0"), home=scratch_home, env=index)
    assert release.sdist is not None
    with pytest.raises(HashMismatch, match="the index promised"):
        fetch_file(release.sdist, home=scratch_home, env=index)
    assert list(scratch_home.downloads.rglob("sample-3*.gz*")) == []


def test_wheels_for_tests_are_pinned(index: dict[str, str], scratch_home: Home) -> None:
    digest = promised("sample-1.0-py3-none-any.whl")
    purl = f"pkg:pypi/sample@1.0?checksum=sha256:{digest}"
    assert fetch_pinned(purl, home=scratch_home, env=index).read_bytes() == b"a wheel"
    with pytest.raises(HashMismatch, match="no wheel of that hash"):
        fetch_pinned(
            f"pkg:pypi/sample@1.0?checksum=sha256:{'0' * 64}", home=scratch_home, env=index
        )
    with pytest.raises(ConfigurationError, match="pinned by hash"):
        fetch_pinned("pkg:pypi/sample@1.0", home=scratch_home, env=index)


@pytest.mark.parametrize(
    "text", ["pkg:npm/a@1", "pkg:pypi/a", "pkg:", "pkg:pypi/@1", "pypi/a@1", "pkg:pypi/a@1@2 "]
)
def test_what_is_no_package_url(text: str, scratch_home: Home, env: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        fetch_release(parse_purl(text), home=scratch_home, env=env)


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["a-1-py3-none-any.whl"], 0),
        (["a-1-py3-none-any.whl", "a-1-cp313-cp313-pyemscripten_2025_0_wasm32.whl"], 1),
        (["a-1-cp313-cp313-pyodide_2025_0_wasm32.whl"], 0),
        (["a-1-cp311-abi3-pyemscripten_2025_0_wasm32.whl"], 0),
        (["a-1-cp313-cp313-pyemscripten_2026_0_wasm32.whl"], None),
        (["a-1-cp314-cp314-pyemscripten_2025_0_wasm32.whl"], None),
        (["a-1-cp313-cp313-manylinux_2_17_x86_64.whl", "odd.whl"], None),
        ([], None),
    ],
)
def test_the_wheel_that_needs_no_port(
    platform: Platform, names: list[str], best: int | None
) -> None:
    wheels = tuple(IndexFile(filename=name, url="", sha256="") for name in names)
    found = Release(sdist=None, wheels=wheels).installable(platform)
    assert found == (wheels[best] if best is not None else None)


def test_the_environment_wins_over_pips_files() -> None:
    listing = (
        ":env:.index-url='http://env'\nglobal.index-url='http://file'\nglobal.cert='/x y'\n"
        "freeze.timeout='10'\nbroken\n"
    )
    assert dict(parse_pip_config(listing)) == {"index-url": "http://env", "cert": "/x y"}


@given(st.text(alphabet="globalenv:.index-url='\n \\", max_size=80))
def test_any_listing_is_read(listing: str) -> None:
    assert all(value for _, value in parse_pip_config(listing))


def test_nothing_of_the_index_is_in_the_cache_by_name(
    index: dict[str, str], scratch_home: Home
) -> None:
    secret = index["PIP_INDEX_URL"].replace("http://", "http://user:hunter2@")
    with_secret = {**index, "PIP_INDEX_URL": secret}
    fetch_release(parse_purl("pkg:pypi/sample@1.0"), home=scratch_home, env=with_secret)
    for path in scratch_home.root.rglob("*"):
        assert "hunter2" not in str(path)
        if path.is_file():
            assert b"hunter2" not in path.read_bytes(), path


def test_a_real_index_is_found_by_default(env: dict[str, str], tmp_path: Path) -> None:
    bare = {name: value for name, value in env.items() if not name.startswith("PIP_INDEX")}
    url = index_url({**bare, "PIP_CONFIG_FILE": str(tmp_path / "none")})
    assert url is None or url.startswith(("http", "file"))
