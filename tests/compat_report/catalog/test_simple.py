"""The client of a Simple API against a real server, one that lies, and none at all."""

import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from upstreams import PLAIN, Public, run_public
from wheels import make_wheel

from compat_report.catalog.contents import Wheels
from compat_report.catalog.fetch import Fetcher
from compat_report.catalog.index_lock import platform_place
from compat_report.catalog.page import IndexedWheel
from compat_report.catalog.simple import Once, SimpleIndex
from compat_report.errors import SourceAway
from porter.platform import Platform


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with run_public(tmp_path_factory.mktemp("public")) as running:
        make_wheel(running.wheels, "acme-tools", "1.0", requires=["six", "attrs; extra == 'all'"])
        make_wheel(running.wheels, "acme-tools", "2.0", headers=["Provides-Extra: all"])
        yield running


@pytest.fixture
def up(public: Public) -> Public:
    public.be("up")
    public.forget()
    return public


def index(public: Public, folder: Path, **options: object) -> SimpleIndex:
    fetcher = Fetcher(public.url, role="the public index", env={}, patience=0)
    return SimpleIndex(fetcher, folder=folder, **options)  # type: ignore[arg-type]


def test_a_project_is_asked_for_once(up: Public, tmp_path: Path) -> None:
    simple = index(up, tmp_path)
    found = simple.page("Acme_Tools")
    assert found is not None
    assert [wheel.version for wheel in found.wheels] == ["1.0", "2.0"]
    assert simple.page("acme.tools") is found
    assert simple.page("nothing") is None
    assert simple.page("nothing") is None
    assert simple.page("no project at all!") is None
    assert up.asked == ["/simple/acme-tools/", "/simple/nothing/"]
    # Another process finds the answers on disk.
    again = index(up, tmp_path)
    assert again.page("acme-tools") == found
    assert again.page("nothing") is None
    assert len(up.asked) == 2


def test_an_old_answer_is_asked_for_again(up: Public, tmp_path: Path) -> None:
    found = index(up, tmp_path, fresh=0).page("acme-tools")
    # The server answers 304: what was kept stands.
    assert index(up, tmp_path, fresh=0).page("acme-tools") == found
    assert len(up.asked) == 2
    make_wheel(up.wheels, "acme-tools", "3.0")
    newer = index(up, tmp_path, fresh=0).page("acme-tools")
    assert newer is not None
    assert "3.0" in newer.versions
    (up.wheels / "acme_tools-3.0-py3-none-any.whl").unlink()


def test_offline_only_what_was_asked_is_known(up: Public, tmp_path: Path) -> None:
    found = index(up, tmp_path).page("acme-tools")
    offline = index(up, tmp_path, offline=True, fresh=0)
    assert offline.page("acme-tools") == found
    with pytest.raises(SourceAway, match="offline"):
        offline.page("another")
    assert len(up.asked) == 1


@pytest.mark.parametrize(
    "mode", [mode for mode in PLAIN if mode != "gone"] + ["other", "truncated"]
)
def test_a_server_that_does_not_say_what_it_should(up: Public, tmp_path: Path, mode: str) -> None:
    up.be(mode)
    with pytest.raises(SourceAway, match="the public index") as raised:
        index(up, tmp_path).page("acme-tools")
    assert "127.0.0.1" not in raised.value.message
    assert raised.value.advice
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(("mode", "versions"), [("gone", None), ("quarantined", {}), ("html", 2)])
def test_other_answers_that_are_true(
    up: Public, tmp_path: Path, mode: str, versions: object
) -> None:
    up.be(mode)
    found = index(up, tmp_path).page("acme-tools")
    told = None if found is None else found.versions if not found.versions else len(found.versions)
    assert told == versions


def test_no_server_at_all(tmp_path: Path) -> None:
    fetcher = Fetcher("http://user:hunter2@127.0.0.1:9/simple", role="the private index", env={})
    simple = SimpleIndex(fetcher, folder=tmp_path)
    for name in ("acme", "other"):
        with pytest.raises(SourceAway, match="cannot be reached") as raised:
            simple.page(name)
        assert "hunter2" not in f"{raised.value} {raised.value.advice} {fetcher.url}"
    with pytest.raises(TypeError):
        pickle.dumps(fetcher)


def test_an_answer_larger_than_any_is(up: Public) -> None:
    fetcher = Fetcher(up.url, role="the public index", env={})
    with pytest.raises(SourceAway, match="sends more"):
        fetcher.get(f"{up.url}/acme-tools/", most=100)


def test_credentials_come_from_the_address_or_netrc(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine wheels.example login me password hunter2\n")
    read = Fetcher("https://wheels.example/simple", role="it", env={"NETRC": str(netrc)})
    told = Fetcher("https://a%40b:c@wheels.example/simple", role="it", env={"NETRC": str(netrc)})
    none = Fetcher("https://other.example/simple", role="it", env={"NETRC": str(tmp_path / "no")})
    assert read._credentials == ("me", "hunter2")
    assert told._credentials == ("a@b", "c")
    assert told.url == "https://wheels.example/simple"
    assert none._credentials is None


def test_what_a_wheel_requires_and_holds(up: Public, tmp_path: Path) -> None:
    page = index(up, tmp_path).page("acme-tools")
    assert page is not None
    fetcher = Fetcher(up.url, role="the public index", env={}, patience=0)
    wheels = Wheels(fetcher, folder=tmp_path / "wheels")
    first, second = page.wheels
    told = wheels.requirements(first)
    assert told.requires == ("six", "attrs; extra == 'all'")
    assert (told.modules, told.unpacked) == (None, None)
    assert wheels.requirements(second).extras == ("all",)
    held = wheels.contents(first)
    assert held.modules == ("acme_tools",)
    assert held.holds("acme_tools")
    assert not held.holds("acme")
    assert held.unpacked is not None
    assert held.unpacked > 100
    asked = len(up.asked)
    again = Wheels(fetcher, folder=tmp_path / "wheels", offline=True)
    assert again.contents(first) == held
    assert again.requirements(first) == told
    with pytest.raises(SourceAway, match="offline"):
        again.contents(second)
    assert len(up.asked) == asked


@pytest.mark.parametrize(
    ("mode", "what"),
    [("no-metadata", "requirements"), ("other-metadata", "requirements"), ("lying", "contents"),
     ("truncated", "contents"), ("gone", "contents"), ("500", "contents")],
)  # fmt: skip
def test_a_wheel_that_cannot_be_read(up: Public, tmp_path: Path, mode: str, what: str) -> None:
    page = index(up, tmp_path).page("acme-tools")
    assert page is not None
    up.be(mode)
    fetcher = Fetcher(up.url, role="the public index", env={}, patience=0)
    wheels = Wheels(fetcher, folder=tmp_path / "wheels")
    with pytest.raises(SourceAway):
        getattr(wheels, what)(page.wheels[0])
    assert not list((tmp_path / "wheels").rglob("*.json"))


def test_a_wheel_without_a_hash_is_kept_by_its_address(up: Public, tmp_path: Path) -> None:
    page = index(up, tmp_path).page("acme-tools")
    assert page is not None
    bare = IndexedWheel(filename="a-1-py3-none-any.whl", url=page.wheels[0].url, version="1")
    fetcher = Fetcher(up.url, role="the public index", env={})
    assert Wheels(fetcher, folder=tmp_path / "wheels").requirements(bare).requires


def test_many_who_ask_at_once_wait_for_one_answer() -> None:
    once: Once[int] = Once()
    made = []
    gate = threading.Event()

    def make() -> int:
        gate.wait(5)
        made.append(1)
        return 42

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(once.get("a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert found == [42] * 8
    assert made == [1]


def test_what_failed_or_will_not_last_is_asked_for_again() -> None:
    once: Once[int] = Once(2, lambda value: value > 0)
    with pytest.raises(ZeroDivisionError):
        once.get("a", lambda: 1 // 0)
    assert once.get("a", lambda: 0) == 0
    assert once.get("a", lambda: 1) == 1
    assert once.get("a", lambda: 2) == 1
    assert [once.get(key, lambda: 5) for key in "bc"] == [5, 5]
    assert once.get("a", lambda: 3) == 3


class Told(BaseHTTPRequestHandler):
    """Remembers who was told credentials; `/away` leads to another host."""

    heard: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.heard.append((self.path, self.headers.get("authorization", "")))
        away = self.path == "/simple/away/"
        self.send_response(302 if away else 404)
        if away:
            self.send_header(
                "location", f"http://localhost:{self.headers['host'].rpartition(':')[2]}/there"
            )
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_credentials_are_for_their_own_host(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    port = server.server_address[1]
    try:
        fetcher = Fetcher(
            f"http://me:hunter2@127.0.0.1:{port}/simple", role="it", env={"NETRC": str(tmp_path)}
        )
        simple = SimpleIndex(fetcher, folder=tmp_path)
        assert simple.page("acme") is None
        assert simple.page("away") is None
        fetcher.get(f"http://localhost:{port}/elsewhere")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    told = dict(Told.heard)
    assert told["/simple/acme/"].startswith("Basic ")
    assert (told["/there"], told["/elsewhere"]) == ("", "")
    assert "hunter2" not in "".join(map(str, tmp_path.rglob("*")))


@pytest.mark.parametrize(
    ("index", "simple", "lock"),
    [
        ("https://w.example", "https://w.example/r/0.29/simple", True),
        ("https://w.example/", "https://w.example/r/0.29/simple", True),
        ("https://w.example/simple/", "https://w.example/simple", False),
        ("https://w.example/r/0.29/simple/", "https://w.example/r/0.29/simple", True),
        ("https://w.example/r/314", "https://w.example/r/0.29/simple", True),
        ("https://w.example/t/TOKEN", "https://w.example/t/TOKEN/r/0.29/simple", True),
        (
            "https://w.example/t/TOKEN/r/0.29/simple",
            "https://w.example/t/TOKEN/r/0.29/simple",
            True,
        ),
        ("https://a:b@w.example/dev", "https://a:b@w.example/dev/r/0.29/simple", True),
        ("https://w.example/root/pypi/+simple/", "https://w.example/root/pypi/+simple", False),
    ],
)
def test_addresses_of_an_index(index: str, simple: str, lock: bool, platform: Platform) -> None:
    found = platform_place(index, platform)
    assert found[0] == simple
    assert found[1] == (simple.removesuffix("simple") + "pyodide-lock.json" if lock else "")


def test_no_file_has_a_token(tmp_path: Path) -> None:
    fetchers = [
        Fetcher(f"https://w.example/t/{token}/r/0.29/simple", role="it", env={})
        for token in ("first", "second")
    ]
    text = '{"url": "https://w.example/t/first/files/a.whl", "other": "https://x.example/b"}'
    hidden = fetchers[0].hide_token(text)
    assert "first" not in hidden
    assert fetchers[0].show_token(hidden) == text
    assert fetchers[1].show_token(hidden) == text.replace("first", "second")
    # What was kept with one token is there for the next.
    folders = {SimpleIndex(one, folder=tmp_path)._folder for one in fetchers}
    assert len(folders) == 1
    plain = Fetcher("https://w.example/simple", role="it", env={})
    assert plain.show_token(plain.hide_token(text)) == text
