"""The Simple API of a real server."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from servers import Served, serve_index
from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings, open_holdings
from index_server.model import File, Stage, Status
from index_server.records.database import delete_file, set_status, yank
from index_server.records.engine import migrate
from index_server.settings import Settings
from index_server.web.serialize import JSON
from porter.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A server, the index that it serves, and files that are in it."""

    served: Served
    index: Holdings
    files: dict[str, File]

    def get(self, path: str, accept: str = JSON, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.served.url}{path}", headers={"accept": accept, **headers})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    index = open_holdings(Settings(data=str(folder / "data")), home)
    migrate(index.engine)
    index.refresh()
    wheels = folder / "wheels"
    native = "cp313-cp313-manylinux_2_28_x86_64"
    wasm = "cp313-cp313-pyemscripten_2025_0_wasm32"
    files = {
        "pure": put_wheel(index, make_wheel(wheels, "acme-tools", requires=["acme-base>=1"])),
        "wasm": put_wheel(index, make_wheel(wheels, "acme-tools", "1.1", tag=wasm)),
        "native": put_wheel(index, make_wheel(wheels, "acme-tools", "1.1", tag=native)),
        "staged": put_wheel(index, make_wheel(wheels, "acme-tools", "2.0"), stage=Stage.STAGING),
        "broken": put_wheel(index, make_wheel(wheels, "acme-tools", "3.0"), quarantine="broken"),
        "base": put_wheel(index, make_wheel(wheels, "Acme_Base", "1.5")),
        "gone": put_wheel(index, make_wheel(wheels, "acme-gone", "1.5")),
    }
    delete_file(index.engine, files["gone"].filename, actor="tests")
    index.refresh()
    with serve_index(folder / "data", home=home.root) as served:
        yield Shop(served=served, index=index, files=files)
    index.engine.dispose()


def names(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [file["filename"] for file in response.json()["files"]]


@pytest.mark.parametrize(
    ("path", "versions"),
    [
        ("/simple/acme-tools/", ["1.0", "1.1"]),
        ("/staging/simple/acme-tools/", ["1.0", "1.1", "2.0"]),
        ("/r/0.29/simple/acme-tools/", ["1.0", "1.1"]),
        ("/r/314/simple/acme-tools/", ["1.0"]),
        ("/staging/r/314/simple/acme-tools/", ["1.0", "2.0"]),
        ("/simple//acme-tools/", ["1.0", "1.1"]),
        ("/r/0.29/simple//acme-tools/", ["1.0", "1.1"]),
        ("/simple/acme-gone/", []),
    ],
)
def test_each_view_shows_its_files(shop: Shop, path: str, versions: list[str]) -> None:
    response = shop.get(path)
    assert response.headers["content-type"] == JSON
    assert response.json()["versions"] == versions
    assert not any("manylinux" in name for name in names(response)) or "/r/" not in path


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/simple", "/simple/"),
        ("/simple/acme-tools", "/simple/acme-tools/"),
        ("/simple/Acme_Tools/", "/simple/acme-tools/"),
        ("/r/0.29/simple/acme.tools/", "/r/0.29/simple/acme-tools/"),
        ("/staging/simple/ACME-TOOLS", "/staging/simple/acme-tools/"),
    ],
)
def test_other_spellings_are_sent_to_the_normalised_one(shop: Shop, path: str, wanted: str) -> None:
    response = shop.get(path)
    assert response.status_code == 301
    assert response.headers["location"] == f"{shop.served.url}{wanted}"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/simple/nothing/", 404),
        ("/r/0.28/simple/", 404),
        ("/r/0.29/simple/nothing/", 404),
        ("/simple/acme-tools/extra/", 404),
        ("/files/ab/cd/x.whl", 404),
        (f"/files/ab/{'0' * 62}/acme_tools-1.0-py3-none-any.whl", 404),
        ("/files/../../etc/passwd", 404),
        ("/files/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/nothing", 404),
    ],
)
def test_what_is_not_here_is_404_with_cors(shop: Shop, path: str, status: int) -> None:
    response = shop.get(path)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == "*"


def test_a_client_that_takes_no_type_of_ours_is_told(shop: Shop) -> None:
    response = shop.get("/simple/acme-tools/", accept="image/png")
    assert response.status_code == 406
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("accept", [JSON, "text/html"])
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "zstd"])
def test_an_unchanged_page_is_not_sent_again(shop: Shop, accept: str, encoding: str) -> None:
    path = "/simple/acme-tools/"
    first = shop.get(path, accept, **{"accept-encoding": encoding})
    assert first.headers["vary"].startswith("Accept")
    assert first.headers["cache-control"] == "max-age=600"
    again = shop.get(
        path, accept, **{"accept-encoding": encoding, "if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


def test_codings_differ_and_say_the_same(shop: Shop) -> None:
    plain = shop.get("/simple/acme-tools/", **{"accept-encoding": "identity"})
    tags = {plain.headers["etag"]}
    for encoding in ("gzip", "br", "zstd"):
        packed = shop.get("/simple/acme-tools/", **{"accept-encoding": encoding})
        assert packed.headers["content-encoding"] == encoding
        assert packed.content == plain.content
        tags.add(packed.headers["etag"])
    assert len(tags) == 4


def test_a_file_is_its_bytes_for_ever(shop: Shop) -> None:
    file = shop.files["pure"]
    response = shop.get(f"/files/{file.key}")
    assert hashlib.sha256(response.content).hexdigest() == file.sha256
    assert response.headers["cache-control"] == "max-age=31536000, immutable"
    assert response.headers["etag"] == f'"{file.sha256}"'
    assert response.headers["access-control-allow-origin"] == "*"
    same = shop.get(f"/files/{file.key}", **{"if-none-match": response.headers["etag"]})
    assert same.status_code == 304


def test_the_metadata_beside_a_file_is_the_one_promised(shop: Shop) -> None:
    (told,) = shop.get("/r/314/simple/acme-tools/").json()["files"]
    metadata = httpx.get(f"{told['url']}.metadata")
    assert hashlib.sha256(metadata.content).hexdigest() == told["core-metadata"]["sha256"]
    assert "Requires-Dist: acme-base>=1" in metadata.text
    assert metadata.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("header", "status", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=99999999-", 416, slice(0, 0)),
    ],
)
def test_parts_of_a_file(shop: Shop, header: str, status: int, part: slice) -> None:
    file = shop.files["pure"]
    whole = shop.get(f"/files/{file.key}").content
    response = shop.get(f"/files/{file.key}", range=header)
    assert response.status_code == status
    assert response.content == whole[part]


def test_if_range_of_other_bytes_gets_the_whole_file(shop: Shop) -> None:
    key = shop.files["pure"].key
    response = shop.get(f"/files/{key}", **{"range": "bytes=0-3", "if-range": '"other"'})
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/simple/", "/simple/acme-tools/", "FILE"])
def test_head_is_get_without_the_body(shop: Shop, path: str) -> None:
    url = shop.served.url + path.replace("FILE", f"/files/{shop.files['pure'].key}")
    got, head = httpx.get(url), httpx.head(url)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["etag"] == got.headers["etag"]
    assert head.headers["content-length"] == got.headers["content-length"] or path != "FILE"


def test_quarantined_bytes_are_not_given_out(shop: Shop) -> None:
    assert shop.get(f"/files/{shop.files['broken'].key}").status_code == 404
    assert shop.get(f"/files/{shop.files['gone'].key}").status_code == 404
    assert shop.get(f"/files/{shop.files['staged'].key}").status_code == 200


@pytest.mark.parametrize("path", ["/simple/acme-tools/", "/nothing", "/legacy/"])
def test_a_preflight_is_answered_everywhere(shop: Shop, path: str) -> None:
    asked = {
        "origin": "https://lab.example.org",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization, x-anything",
    }
    response = httpx.options(f"{shop.served.url}{path}", headers=asked)
    assert response.status_code == 204
    assert response.headers["access-control-allow-headers"] == "authorization, x-anything"
    assert "GET" in response.headers["access-control-allow-methods"]


def test_a_change_is_seen_at_once(shop: Shop) -> None:
    """By a server that did not make it: this process did, in its database."""
    import time

    file = shop.files["base"]
    path = "/simple/acme-base/"
    assert shop.get(path).json()["files"][0].get("yanked") is None
    yank(shop.index.engine, file.filename, "a mistake", actor="tests")
    set_status(shop.index.engine, "acme-base", Status.DEPRECATED, "use tools", actor="tests")
    until = time.monotonic() + 1
    while "yanked" not in shop.get(path).json()["files"][0]:
        assert time.monotonic() < until, "a server sees what others did within a second"
    document = shop.get(path).json()
    assert document["files"][0]["yanked"] == "a mistake"
    assert document["project-status"] == {"status": "deprecated", "reason": "use tools"}
    assert shop.get("/r/0.29/simple/acme-base/").json()["files"] == []


def test_a_proxy_is_believed_only_where_it_is_named(shop: Shop) -> None:
    forwarded = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
    response = shop.get("/simple/acme-tools/", **forwarded)
    assert "evil.example" not in response.text


def test_the_list_names_what_a_view_has(shop: Shop) -> None:
    assert {p["name"] for p in shop.get("/simple/").json()["projects"]} == {
        "acme-base",
        "acme-gone",
        "acme-tools",
    }
    page = shop.get("/r/314/simple/", accept="text/html").text
    assert f"{shop.served.url}/r/314/simple/acme-tools/" in page
    assert "acme-gone" not in page


def test_wheels_on_disk_are_what_was_put(shop: Shop) -> None:
    path = shop.index.store.path(shop.files["pure"].key)
    assert isinstance(path, Path)
    assert path.stat().st_size == shop.files["pure"].size
