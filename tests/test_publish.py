"""`porter publish` to a real index, and to servers that are away, elsewhere or no index."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from hostile import BROKEN, WHEEL, wheel
from packing import pack, parts_of, wheel_files
from running import Ran, run_porter
from servers import Served, serve_index
from wheels import make_wheel

from porter.errors import LoginRefused, PublishFailed, SourceNotFound, Unreachable, UsageError
from porter.home import Home
from porter.multipart import Form
from porter.publish import Outcome, is_loopback, parse_index, parse_project, publish

TOKEN = "porter_0123_secret"  # noqa: S105
JSON = {"accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("publish") / "index"
    data.mkdir()
    (data / "porter-index.toml").write_text('on-finding = "quarantine"\n')
    with serve_index(data, home=home.root) as served:
        yield served


def run(served: Served, home: Home, tmp_path: Path, *arguments: str | Path) -> Ran:
    """`porter publish`, the token in a file."""
    token = tmp_path / "token"
    token.write_text(f"{served.token}\n")
    given = ["publish", *arguments, "--index", served.url, "--token-file", token]
    ran = run_porter(*given, home=home.root, cwd=tmp_path)
    assert served.token not in ran.out + ran.err
    return ran


def test_wheels_are_published_once(server: Served, home: Home, tmp_path: Path) -> None:
    made = [make_wheel(tmp_path / "dist", "published", version) for version in ("1.0", "2.0")]
    ran = run(server, home, tmp_path, *made)
    assert ran.code == 0, ran.err
    sha256 = hashlib.sha256(made[0].read_bytes()).hexdigest()
    assert f"uploaded: {made[0].name} sha256 {sha256}" in ran.out
    with server.client as client:
        files = client.get("/simple/published/", headers=JSON).json()["files"]
    assert [file["filename"] for file in files] == [path.name for path in made]
    again = run(server, home, tmp_path, made[0])
    assert again.code == 1
    assert "already exists" in again.err
    assert "what to do: raise the version" in again.err
    made.append(make_wheel(tmp_path / "dist", "published", "3.0"))
    skipped = run(server, home, tmp_path, *made, "--skip-existing", "--json")
    assert skipped.code == 0, skipped.err
    assert [file["outcome"] for file in skipped.json["files"]] == [
        "already there",
        "already there",
        "uploaded",
    ]
    made[0].write_bytes(pack(parts_of(wheel_files("published", members={"p.py": b""}))))
    other = run(server, home, tmp_path, made[0], "--skip-existing", "--json")
    assert other.code == 1
    assert "other bytes of this name" in other.json["failures"][0]["message"]


def test_staging(server: Served, tmp_path: Path) -> None:
    made = make_wheel(tmp_path, "tried")
    done = publish(made, parse_index(server.url, token=server.token, staging=True))
    assert done.outcome is Outcome.UPLOADED
    with server.client as client:
        assert client.get("/simple/tried/", headers=JSON).json().get("files", []) == []
        assert client.get("/staging/simple/tried/", headers=JSON).json()["files"]


def test_what_the_index_refuses(server: Served, tmp_path: Path) -> None:
    index = parse_index(server.url, token=server.token)
    bad = tmp_path / WHEEL
    bad.write_bytes(wheel(unrecorded={"evil.py": b""}))
    with pytest.raises(PublishFailed) as caught:
        publish(bad, index)
    assert caught.value.message == f"{WHEEL}: unrecorded: evil.py is not in RECORD"
    assert "python -m wheel pack" in caught.value.advice
    broken = BROKEN["a link that fails"]
    bad = tmp_path / broken.filename
    bad.write_bytes(broken.build())
    with pytest.raises(PublishFailed, match="it is in quarantine"):
        publish(bad, index)
    with pytest.raises(LoginRefused) as refused:
        publish(make_wheel(tmp_path, "strange"), parse_index(server.url, token=TOKEN))
    assert TOKEN not in refused.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:1/simple/",
        "http://127.0.0.1:1/legacy/",
        "http://127.0.0.1:1/legacy/staging/",
        "http://127.0.0.1:1/staging/simple",
    ],
)
def test_each_address_of_an_index(url: str) -> None:
    index = parse_index(url, token=TOKEN)
    assert index.upload_url == "http://127.0.0.1:1/legacy/"
    assert index.project_url("m") == "http://127.0.0.1:1/simple/m/"
    assert TOKEN not in repr(index)


def test_an_index_below_a_path() -> None:
    index = parse_index("https://example.org/wheels/simple", token=TOKEN, staging=True)
    assert index.upload_url == "https://example.org/wheels/legacy/staging/"
    assert index.project_url("m") == "https://example.org/wheels/staging/simple/m/"


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        ("ftp://example.org", TOKEN, "not the URL"),
        ("example.org", TOKEN, "not the URL"),
        ("http://example.org", TOKEN, "in the clear"),
        ("http://127.0.0.1.example.org", TOKEN, "in the clear"),
        ("https://me:secret@example.org", TOKEN, "more in it than an address"),
        ("https://example.org/?x=1", TOKEN, "more in it than an address"),
        ("https://example.org", "", "no token"),
        ("https://example.org", "a b", "no token"),
        ("https://example.org", "a\nb", "no token"),
    ],
)
def test_addresses_and_tokens_that_do_not_do(url: str, token: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse_index(url, token=token)
    assert "secret" not in caught.value.message


def test_the_clear_where_it_is_asked_for() -> None:
    assert parse_index("http://example.org", token=TOKEN, insecure=True).base
    assert [is_loopback(host) for host in ("::1", "127.9.9.9", "localhost", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
    ]


def test_names_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        parse_project(tmp_path / "none-1.0-py3-none-any.whl")
    for name in ("m.whl", "m.txt", 'm";x="-1.0-py3-none-any.whl', "m-x.tar.gz"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(UsageError, match="neither a wheel nor an sdist"):
            parse_project(tmp_path / name)
    (tmp_path / "m-1.0.tar.gz").write_bytes(b"")
    assert parse_project(tmp_path / "m-1.0.tar.gz") == "m"


def test_a_form_has_the_length_it_says(tmp_path: Path) -> None:
    made = make_wheel(tmp_path)
    form = Form({"name": "x"}, name="content", file=made)
    body = b"".join(form)
    assert len(body) == len(form)
    assert made.read_bytes() in body


class Behaviour(BaseHTTPRequestHandler):
    """A server that answers as its `script` says: (status, body) a request, then the last."""

    script: list[tuple[int, str]]
    seen: list[str]
    there: dict[str, str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.seen.append("POST")
        status, text = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if status == 0:
            # The file is stored, and the connection breaks before the answer.
            self.there["done"] = text
            self.close_connection = True
            return
        if status == 200:
            self.there["done"] = text
        self._answer(status, text)

    def do_GET(self) -> None:
        self.seen.append("GET")
        if self.there.get("done") == "secret":
            self._answer(403, "the token may not read")
            return
        files = [
            {"filename": name, "hashes": {"sha256": self.there["done"]}}
            for name in ([WHEEL] if "done" in self.there else [])
        ]
        self._answer(200, json.dumps({"files": files}))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("location", "https://elsewhere.example.org/")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def behaving(*script: tuple[int, str]) -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []
    kind = type("Scripted", (Behaviour,), {"script": list(script), "seen": seen, "there": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / WHEEL
    path.write_bytes(wheel())
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_index_that_is_away_for_a_while(made: Path) -> None:
    with behaving((503, "starting"), (200, sha256_of(made))) as (url, seen):
        assert publish(made, parse_index(url, token=TOKEN)).outcome is Outcome.UPLOADED
    assert seen == ["POST", "POST", "GET"]


def test_a_connection_that_breaks_after_the_file_was_taken(made: Path) -> None:
    with behaving((0, sha256_of(made)), (400, "it already exists")) as (url, seen):
        assert publish(made, parse_index(url, token=TOKEN)).outcome is Outcome.UPLOADED
    assert seen[:2] == ["POST", "POST"]


def test_an_index_that_is_away(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porter.publish.ATTEMPTS", 2)
    with pytest.raises(Unreachable, match="does not answer"):
        publish(made, parse_index("http://127.0.0.1:9", token=TOKEN))
    with behaving((503, "the disk <b>\x07")) as (url, seen), pytest.raises(Unreachable) as caught:
        publish(made, parse_index(url, token=TOKEN))
    assert seen == ["POST", "POST"]
    assert caught.value.message.isprintable()


def test_an_index_that_is_elsewhere_or_none(made: Path) -> None:
    with behaving((301, "")) as (url, seen), pytest.raises(PublishFailed, match="is elsewhere"):
        publish(made, parse_index(url, token=TOKEN))
    assert seen == ["POST"]
    with behaving((404, "nothing here")) as (url, _), pytest.raises(PublishFailed, match="nothing"):
        publish(made, parse_index(url, token=TOKEN))


def test_an_index_that_shows_other_bytes(made: Path) -> None:
    with behaving((200, "ff" * 32)) as (url, _), pytest.raises(PublishFailed, match="other bytes"):
        publish(made, parse_index(url, token=TOKEN))


def test_a_token_that_may_do_nothing_but_upload(made: Path) -> None:
    with behaving((200, "secret")) as (url, _):
        assert publish(made, parse_index(url, token=TOKEN)).outcome is Outcome.UNSEEN
    with behaving((403, "no")) as (url, _), pytest.raises(LoginRefused, match="no"):
        publish(made, parse_index(url, token=TOKEN))


def test_the_client_is_of_no_proxy(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with behaving((200, sha256_of(made))) as (url, _):
        assert publish(made, parse_index(url, token=TOKEN)).sha256 == sha256_of(made)
        with pytest.raises(httpx.TransportError):
            httpx.get(url)
