"""What a real server answers below `/r/PLATFORM/`."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from servers import Served, serve_index
from wheels import make_wheel, put_wheel

from index_server.app import create_app
from index_server.holdings import Holdings, open_holdings
from index_server.people.access import Permission
from index_server.people.tokens import create_token
from index_server.records.database import yank
from index_server.records.engine import migrate
from index_server.runtimes.packing import pack
from index_server.settings import Reading, Settings
from porter.home import Home, hash_file
from porter.platform import read_platforms
from porter.runtime import fetch_runtime

PLATFORMS = [platform.name for platform in read_platforms().values()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(scope="module")
def stocked(folder: Path, home: Home) -> Iterator[Holdings]:
    index = open_holdings(Settings(data=str(folder / "data")), home)
    migrate(index.engine)
    index.refresh()
    put_wheel(index, make_wheel(folder, "acme-base", "1.0"))
    put_wheel(index, make_wheel(folder, "acme-base", "1.1"))
    put_wheel(index, make_wheel(folder, "acme-tools", "2.0", requires=["acme-base>=1"]))
    put_wheel(index, make_wheel(folder, "acme-lost", requires=["nowhere>=3"]))
    put_wheel(index, make_wheel(folder, "acme-late", requires_python=">=3.14"))
    yank(index.engine, "acme_base-1.1-py3-none-any.whl", "broken", actor="tests")
    index.refresh()
    yield index
    index.engine.dispose()


@pytest.fixture(scope="module")
def served(stocked: Holdings, home: Home) -> Iterator[Served]:
    with serve_index(stocked.settings.folder, home=home.root) as server:
        yield server


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client as opened:
        yield opened


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("where", ["", "runtime/"])
def test_every_hash_of_the_lock_file_is_true(
    client: httpx.Client, platform: str, where: str
) -> None:
    answer = client.get(f"/r/{platform}/{where}pyodide-lock.json")
    lock = answer.json()
    late = {"acme-late"} if platform == "314" else set()
    assert lock["packages"].keys() == {"acme-base", "acme-tools", "micropip"} | late
    assert lock["info"]["abi_version"] == {"0.29": "2025_0", "314": "2026_0"}[platform]
    assert lock["packages"]["acme-base"]["version"] == "1.0"
    for package in lock["packages"].values():
        assert package["file_name"].startswith(f"{client.base_url}/")
        body = client.get(package["file_name"])
        assert hashlib.sha256(body.content).hexdigest() == package["sha256"]
        assert "immutable" in body.headers["cache-control"]
        assert set(package["depends"]) <= lock["packages"].keys()
    assert answer.headers["porter-left-out"] == "acme-lost"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_was_left_out_and_why(client: httpx.Client, platform: str) -> None:
    told = client.get(f"/r/{platform}/left-out.json").json()["left_out"]
    assert told.keys() == {"acme-lost"}
    assert told["acme-lost"].startswith(
        "acme-lost 1.0 needs nowhere>=3; of nowhere nothing is here"
    )


def test_requirements_choose(client: httpx.Client) -> None:
    def ask(*requirements: str) -> httpx.Response:
        return client.get("/r/0.29/pyodide-lock.json", params={"requirements": requirements})

    assert ask("acme-tools>=1,<3").json()["packages"].keys() == {"acme-base", "acme-tools"}
    assert ask("acme_base", "micropip").json()["packages"].keys() == {"acme-base", "micropip"}
    assert ask("acme-base,micropip").json()["packages"].keys() == {"acme-base", "micropip"}
    refused = ask("acme-lost")
    assert refused.status_code == 422
    assert "acme-lost 1.0 needs nowhere>=3" in refused.text
    assert ask("acme-late").status_code == 422
    assert ask(*[f"a{number}" for number in range(501)]).status_code == 422


def test_a_lock_file_that_is_known_is_not_sent_again(client: httpx.Client) -> None:
    path = "/r/0.29/pyodide-lock.json"
    first = client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != first.headers["etag"]
    assert plain.content == first.content
    assert client.head(path).headers["content-length"] == first.headers["content-length"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_runtimes_files_are_those_of_npm(
    client: httpx.Client, stocked: Holdings, platform: str
) -> None:
    runtime = fetch_runtime(stocked.platforms[platform], home=stocked.home, env={})
    types = {
        "pyodide.js": "text/javascript; charset=utf-8",
        "pyodide.mjs": "text/javascript; charset=utf-8",
        "python_stdlib.zip": "application/zip",
        "pyodide.asm.wasm": "application/wasm",
        "package.json": "application/json",
    }
    for name, content_type in types.items():
        answer = client.get(f"/r/{platform}/runtime/{name}")
        assert answer.headers["content-type"] == content_type
        assert answer.headers["cache-control"] == "max-age=600"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        body = (runtime.folder / name).read_bytes()
        assert answer.content == body
        sha256 = hashlib.sha256(body).hexdigest()
        versioned = client.head(f"/r/{platform}/runtime/{sha256}/{name}")
        assert "immutable" in versioned.headers["cache-control"]
        known = {"if-none-match": answer.headers["etag"]}
        assert client.get(f"/r/{platform}/runtime/{name}", headers=known).status_code in (200, 304)


def test_a_form_that_is_ready_is_sent_as_it_lies_there(
    client: httpx.Client, stocked: Holdings
) -> None:
    runtime = fetch_runtime(stocked.platforms["0.29"], home=stocked.home, env={})
    pack(runtime.folder / "pyodide.mjs", hash_file(runtime.folder / "pyodide.mjs"), stocked.home)
    path = "/r/0.29/runtime/pyodide.mjs"
    for accept, given in (("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")):
        answer = client.get(path, headers={"accept-encoding": accept})
        assert answer.headers["content-encoding"] == given
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.content == (runtime.folder / "pyodide.mjs").read_bytes()
        known = {"accept-encoding": accept, "if-none-match": answer.headers["etag"]}
        assert client.get(path, headers=known).status_code == 304
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    part = {"accept-encoding": "identity", "range": "bytes=0-9"}
    assert client.get(path, headers=part).content == plain.content[:10]


@pytest.mark.parametrize(
    "path",
    [
        "/r/0.29/runtime/console.html",
        "/r/0.29/runtime/",
        "/r/0.29/runtime/..",
        "/r/0.29/runtime/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/r/0.29/runtime/..%5c..%5cindex.sqlite",
        "/r/0.29/runtime/%2fetc%2fpasswd",
        "/r/0.29/runtime/pyodide.mjs%00",
        f"/r/0.29/runtime/{'0' * 64}/pyodide.mjs",
        f"/r/0.29/runtime/{'0' * 64}/acme_base-1.0-py3-none-any.whl",
        "/r/0.29/runtime/numpy-2.2.5-cp313-cp313-pyemscripten_2025_0_wasm32.whl",
        "/r/0.30/pyodide-lock.json",
        "/r/0.29.5/pyodide-lock.json",
        "/r/0.29/environments/nothing/pyodide-lock.json",
    ],
)
def test_what_is_not_there(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == "*"


def test_node_finds_wheels_by_their_names(client: httpx.Client) -> None:
    lock = client.get("/r/0.29/runtime/pyodide-lock.json", params={"files": "relative"}).json()
    for package in lock["packages"].values():
        answer = client.get(f"/r/0.29/runtime/{package['file_name']}", follow_redirects=True)
        assert hashlib.sha256(answer.content).hexdigest() == package["sha256"]


def test_piplites_index_has_every_installable_wheel(client: httpx.Client) -> None:
    told = client.get("/r/0.29/all.json").json()
    assert list(told) == ["acme-base", "acme-lost", "acme-tools"]
    (file,) = told["acme-base"]["releases"]["1.0"]
    assert set(told["acme-base"]["releases"]) == {"1.0"}
    assert file["url"].startswith(f"{client.base_url}/files/")
    body = client.get(file["url"]).content
    assert file["digests"] == {"sha256": hashlib.sha256(body).hexdigest()}
    assert (file["size"], file["packagetype"], file["python_version"]) == (
        len(body),
        "bdist_wheel",
        "py3",
    )
    assert (file["yanked"], file["requires_python"]) == (False, None)
    metadata = client.get(f"{file['url']}.metadata").content
    assert file["core-metadata"] == {"sha256": hashlib.sha256(metadata).hexdigest()}
    assert "acme-late" in client.get("/r/314/all.json").json()


def seconds(most: float) -> Iterator[None]:
    """Turns of a loop until others' changes are seen: a snapshot is looked at four times a second."""
    until = time.monotonic() + most
    while time.monotonic() < until:
        yield
        time.sleep(0.05)


def test_an_upload_is_in_the_next_lock_file(
    served: Served, stocked: Holdings, folder: Path
) -> None:
    with served.client as client:
        before = client.get("/r/0.29/pyodide-lock.json?requirements=acme-fresh")
        assert before.status_code == 422
        put_wheel(stocked, make_wheel(folder, "acme-fresh", "1.0"))
        for _ in seconds(10):
            answer = client.get("/r/0.29/pyodide-lock.json?requirements=acme-fresh")
            if answer.status_code == 200:
                break
        assert list(answer.json()["packages"]) == ["acme-fresh"]


def test_an_environment_stays_as_it_is(served: Served, stocked: Holdings, folder: Path) -> None:
    wanted = {"platform": "314", "requirements": ["Acme_Env"]}
    put_wheel(stocked, make_wheel(folder, "acme-env", "1.0"))
    with served.admin as client:
        for _ in seconds(10):
            made = client.post("/api/environments", json=wanted)
            if made.status_code == 201:
                break
        assert made.status_code == 201, made.text
        put_wheel(stocked, make_wheel(folder, "acme-env", "2.0"))
        address = made.json()["lock_file"]
        first = client.get(address)
        assert "immutable" in first.headers["cache-control"]
        assert first.json()["packages"]["acme-env"]["version"] == "1.0"
        for _ in seconds(10):
            newer = client.post("/api/environments", json=wanted).json()
            if newer["id"] != made.json()["id"]:
                break
        assert newer["packages"] == {"acme-env": "2.0"}
        assert client.get(address).content == first.content
        listed = client.get("/r/314/environments/").json()["environments"]
        assert [one["id"] for one in listed] == [newer["id"], made.json()["id"]]
        assert (
            client.get("/api/environments").json()["environments"][0]["lock_file"]
            == newer["lock_file"]
        )
        assert client.get("/r/0.29/environments/").json() == {"environments": []}
        assert client.post("/api/environments", json={**wanted, "platform": "9"}).status_code == 404
        wrong = client.post("/api/environments", json={**wanted, "requirements": ["a b"]})
        assert wrong.status_code == 422
    with served.client as anybody:
        assert anybody.post("/api/environments", json=wanted).status_code == 401


def test_who_may_read_some_projects_gets_a_lock_file_of_those(stocked: Holdings) -> None:
    closed = replace(stocked, settings=replace(stocked.settings, reading=Reading.TOKEN))
    _, token = create_token(
        stocked.engine,
        name="some",
        permissions={Permission.READ},
        projects=["acme-b*"],
        lifetime=None,
        actor="tests",
    )

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=create_app(closed))
        async with httpx.AsyncClient(transport=transport, base_url="http://index") as client:
            paths = ["pyodide-lock.json", "acme_base-1.0-py3-none-any.whl"]
            paths += ["acme_tools-2.0-py3-none-any.whl", "pyodide.mjs"]
            found = [
                await client.get(f"/r/0.29/runtime/{path}", auth=("__token__", token))
                for path in paths
            ]
            return [*found, await client.get("/r/0.29/runtime/pyodide-lock.json")]

    lock, mine, other, runtime, anybody = asyncio.run(ask())
    assert lock.json()["packages"].keys() == {"acme-base", "micropip"}
    statuses = [answer.status_code for answer in (mine, other, runtime, anybody)]
    assert statuses == [307, 404, 200, 401]
