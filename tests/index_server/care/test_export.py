"""The exported tree is what a live server answers, and a file server makes an index of it."""

import getpass
import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from running import run_porter
from servers import Served, serve_index
from services import free_port
from wheels import make_wheel, put_wheel

from index_server.care.export import MARK, Exported, export_index
from index_server.errors import BadSettings, Conflict, Damaged
from index_server.holdings import Holdings, open_holdings
from index_server.model import Stage, Status
from index_server.records.database import delete_file, set_status, yank
from index_server.records.engine import migrate
from index_server.runtimes.environments import create_environment
from index_server.settings import read_settings
from index_server.web.serialize import HTML, JSON
from porter.home import Home
from porter.platform import read_platform
from porter.progress import Quiet

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "serve-a-static-export.md"
WASM = "cp313-cp313-pyemscripten_2025_0_wasm32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An index, a server of it, and a folder that it was exported to for the server's address."""

    index: Holdings
    served: Served
    tree: Path
    done: Exported


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("export")
    data, wheels = folder / "data", folder / "wheels"
    data.mkdir()
    (data / "porter-index.toml").write_text('platforms = ["0.29"]\n')
    index = open_holdings(read_settings(data), home)
    migrate(index.engine)
    index.refresh()
    attested = put_wheel(index, make_wheel(wheels, "acme-tools"), attested=True)
    index.store.put_bytes(f"{attested.key}.provenance", b'{"version": 1}')
    put_wheel(index, make_wheel(wheels, "acme-tools", "1.1+local", requires=["acme-base>=1"]))
    put_wheel(index, make_wheel(wheels, "acme-tools", "1.2", tag=WASM), yanked="a mistake")
    put_wheel(index, make_wheel(wheels, "acme-tools", "2.0"), stage=Stage.STAGING)
    put_wheel(index, make_wheel(wheels, "acme-tools", "3.0"), quarantine="broken")
    put_wheel(index, make_wheel(wheels, "acme-base", "1.0"))
    gone = put_wheel(index, make_wheel(wheels, "acme-gone", "1.0"))
    delete_file(index.engine, gone.filename, actor="tests")
    put_wheel(index, make_wheel(wheels, "acme-bad", "1.0"))
    set_status(index.engine, "acme-bad", Status.QUARANTINED, "malware", actor="tests")
    create_environment(index, read_platform("0.29"), ["acme-tools"], "tests")
    index.refresh()
    with serve_index(data, home=home.root) as served:
        # Its first token is a change too.
        index.refresh()
        tree = folder / "tree"
        yield Shop(index=index, served=served, tree=tree, done=export(index, tree, served.url))
    index.engine.dispose()


def export(index: Holdings, folder: Path, url: str = "https://wheels.example.org/x") -> Exported:
    return export_index(index, folder, url, Quiet())


def files(tree: Path) -> dict[str, Path]:
    return {
        path.relative_to(tree).as_posix(): path
        for path in sorted(tree.rglob("*"))
        if path.is_file() and path.name != MARK
    }


def test_every_file_is_what_the_server_answers(shop: Shop) -> None:
    found = files(shop.tree)
    with shop.served.client as client:
        for path, file in found.items():
            folder, _, name = path.rpartition("/")
            accept = {"index.html": "text/html", "index.json": JSON}.get(name, "*/*")
            address = f"/{folder}/" if name in ("index.html", "index.json") else f"/{path}"
            answer = client.get(address, headers={"accept": accept})
            assert answer.status_code == 200, path
            assert answer.content == file.read_bytes(), path
    assert shop.done.written == len(found)
    assert (shop.done.left, shop.done.removed) == (0, 0)


def test_what_is_in_it(shop: Shop) -> None:
    found = files(shop.tree)
    names = {path.rpartition("/")[2] for path in found if path.startswith("files/")}
    assert {name for name in names if name.endswith(".whl")} == {
        "acme_tools-1.0-py3-none-any.whl",
        "acme_tools-1.1+local-py3-none-any.whl",
        f"acme_tools-1.2-{WASM}.whl",
        "acme_base-1.0-py3-none-any.whl",
    }
    listed = json.loads(found["r/0.29/simple/acme-tools/index.json"].read_bytes())
    assert [file["filename"] for file in listed["files"]] == [
        "acme_tools-1.0-py3-none-any.whl",
        "acme_tools-1.1+local-py3-none-any.whl",
    ]
    assert json.loads(found["simple/acme-bad/index.json"].read_bytes())["files"] == []
    assert json.loads(found["simple/acme-gone/index.json"].read_bytes())["files"] == []
    assert found["integrity/acme-tools/1.0/acme_tools-1.0-py3-none-any.whl/provenance"]
    lock = json.loads(found["r/0.29/pyodide-lock.json"].read_bytes())
    assert lock["packages"]["acme-base"]["file_name"].startswith(f"{shop.served.url}/files/")
    assert found["r/0.29/runtime/pyodide.asm.wasm"].stat().st_size > 1 << 20
    assert any(path.startswith("r/0.29/environments/") for path in found)
    assert not any("staging" in path for path in found)


@pytest.mark.journey  # It starts Porter again, which takes long where many tests run at once.
def test_the_command(shop: Shop, home: Home, tmp_path: Path) -> None:
    done = run_porter(
        "index", "export", shop.tree, "--base-url", shop.served.url,
        "--data", shop.index.settings.data, "--json", home=home.root, cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["written"] == 0
    assert done.json["left"] == shop.done.written


def test_every_address_in_it_leads_to_a_file(shop: Shop) -> None:
    found = files(shop.tree)
    addresses = set()
    for path, file in found.items():
        if path.endswith((".json", ".html")) and "/runtime/" not in path:
            text = file.read_text()
            addresses |= set(re.findall(re.escape(shop.served.url) + r"(/[^\"#<\s]+)", text))
    assert len(addresses) > 10
    for address in addresses:
        path = address.removeprefix("/").replace("%2B", "+")
        assert path in found or f"{path}index.html" in found, address


def test_again_changes_nothing_and_only_what_changed(
    index: Holdings, tmp_path: Path, home: Home
) -> None:
    index.settings = replace(index.settings, platforms=("0.29",))
    put_wheel(index, make_wheel(tmp_path, "acme-base", "1.0"))
    put_wheel(index, make_wheel(tmp_path, "acme-tools", "1.0"))
    tree = tmp_path / "tree"
    first = export(index, tree)
    before = {path: file.stat().st_ino for path, file in files(tree).items()}
    again = export(index, tree)
    assert (again.written, again.left, again.removed) == (0, first.written, 0)
    assert {path: file.stat().st_ino for path, file in files(tree).items()} == before

    yank(index.engine, "acme_base-1.0-py3-none-any.whl", "a mistake", actor="tests")
    delete_file(index.engine, "acme_tools-1.0-py3-none-any.whl", actor="tests")
    index.refresh()
    # What a killed run leaves, and what somebody else has put there.
    (tree / "simple" / ".half").write_bytes(b"half")
    (tree / "robots.txt").write_text("mine")
    export(index, tree)
    changed = {p for p, f in files(tree).items() if before.get(p) != f.stat().st_ino}
    assert "simple/acme-base/index.json" in changed
    assert not any(path.startswith(("files/", "r/0.29/runtime/p")) for path in changed - {"robots.txt"} if "lock" not in path)  # fmt: skip
    assert not any("acme_tools" in path for path in files(tree))
    assert not (tree / "simple" / ".half").exists()
    assert (tree / "robots.txt").read_text() == "mine"
    assert json.loads((tree / MARK).read_text())["complete"] is True


def test_a_run_that_was_cut_off_is_gone_on_with(index: Holdings, tmp_path: Path) -> None:
    index.settings = replace(index.settings, platforms=("0.29",))
    put_wheel(index, make_wheel(tmp_path, "acme-base", "1.0"))
    tree = tmp_path / "tree"

    class CutOff(Quiet):
        def advance(self, subject: str, fraction: float) -> None:
            super().advance(subject, fraction)
            if fraction > 0.5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_index(index, tree, "https://wheels.example.org", CutOff())
    assert json.loads((tree / MARK).read_text())["complete"] is False
    half = len(files(tree))
    done = export(index, tree, "https://wheels.example.org")
    assert done.left == half
    assert done.written > 0


def test_what_it_does_not_write_to(index: Holdings, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("thesis")
    with pytest.raises(Conflict):
        export(index, tmp_path / "mine")
    with pytest.raises(Conflict):
        export(index, tmp_path / "mine" / "thesis.txt")
    for url in ("wheels.example.org", "ftp://x", "https://x/<b>", ""):
        with pytest.raises(BadSettings):
            export(index, tmp_path / "tree", url)
    assert not (tmp_path / "tree").exists()


def test_damage_is_not_exported(index: Holdings, tmp_path: Path) -> None:
    index.settings = replace(index.settings, platforms=("0.29",))
    file = put_wheel(index, make_wheel(tmp_path, "acme-base", "1.0"))
    path = index.store.path(file.key)
    assert path is not None
    path.write_bytes(bytes(file.size))
    with pytest.raises(Damaged):
        export(index, tmp_path / "tree")
    assert not any(name.endswith(".whl") for name in files(tmp_path / "tree"))


@contextmanager
def nginx(tree: Path, folder: Path) -> Iterator[str]:
    """nginx with the page's own configuration."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("nginx is not installed")
    (server,) = re.findall(r"^```nginx\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    port = free_port()
    server = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    server = re.sub(r"^ *(ssl_\w+|server_name) .*\n", "", server, flags=re.MULTILINE)
    server = server.replace("/srv/wheels", str(tree))
    scratch = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; user {getpass.getuser()}; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{scratch}{server}}}\n"
    )
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_nginx_serves_it_as_the_page_says(shop: Shop, tmp_path: Path) -> None:
    """The same bodies, types and headers as the live server's: negotiation, CORS, caching."""
    wheel = next(
        path for path in files(shop.tree) if path.endswith("acme_base-1.0-py3-none-any.whl")
    )
    cases = [
        ("/simple/", ""),
        ("/simple/", "text/html"),
        ("/simple/acme-tools/", JSON),
        ("/simple/acme-tools/", HTML),
        ("/simple/acme-tools/", f"{JSON}, */*;q=0.01"),
        ("/simple/acme-tools/", f"{JSON}, {HTML};q=0.1, text/html;q=0.01"),
        ("/r/0.29/simple/acme-tools/", f"{JSON}, */*;q=0.01"),
        ("/r/0.29/simple//acme-tools/", f"{JSON}, */*;q=0.01"),
        (f"/{wheel}", ""),
        (f"/{wheel}.metadata", ""),
        ("/r/0.29/pyodide-lock.json", ""),
        ("/r/0.29/all.json", ""),
        ("/r/0.29/environments/", ""),
        ("/r/0.29/runtime/pyodide.asm.wasm", ""),
        ("/r/0.29/runtime/pyodide.mjs", ""),
        ("/integrity/acme-tools/1.0/acme_tools-1.0-py3-none-any.whl/provenance", ""),
    ]
    told = ("content-type", "cache-control", "access-control-allow-origin")
    with nginx(shop.tree, tmp_path) as url, httpx.Client() as client:
        for path, accept in cases:
            headers = {"accept": accept} if accept else {}
            static = client.get(f"{url}{path}", headers=headers)
            live = client.get(f"{shop.served.url}{path}", headers=headers)
            assert static.status_code == live.status_code == 200, path
            assert static.content == live.content, path
            for name in told if accept != HTML else told[1:]:
                assert static.headers.get(name) == live.headers.get(name), (path, accept, name)
            etag = static.headers["etag"]
            assert client.get(f"{url}{path}", headers={**headers, "if-none-match": etag}).status_code == 304  # fmt: skip
            assert ("accept" in static.headers.get("vary", "").lower().split(", ")) == (
                "/simple/" in path
            ), path
        missing = client.get(f"{url}/simple/acme-nothing/")
        assert missing.status_code == 404
        assert missing.headers["access-control-allow-origin"] == "*"
        assert client.get(f"{url}/simple/acme-tools").headers["location"] == "/simple/acme-tools/"
        part = client.get(f"{url}/{wheel}", headers={"range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"PK\3\4")
        preflight = client.options(
            f"{url}/simple/", headers={"access-control-request-headers": "x"}
        )
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-headers"] == "x"
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert client.get(f"{url}/{MARK}").status_code == 404
