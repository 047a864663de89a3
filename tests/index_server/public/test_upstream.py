"""What comes through from the public index, in every state it can be in."""

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from upstreams import Public, run_public
from wheels import make_wheel, put_wheel

from index_server.errors import DatabaseAway, IndexServerError, NotHere, UpstreamFailed
from index_server.holdings import Holdings, open_holdings
from index_server.model import UNKNOWN_TIME, File, ProjectDetail, Status
from index_server.public.origin import Patience
from index_server.public.upstream import Upstream
from index_server.records.database import delete_file
from index_server.settings import Settings
from index_server.settings import Upstream as UpstreamSettings
from index_server.views import visible
from porter.platform import read_platform

# The machine may be busy with other tests: only what is to be slow is not waited for.
PATIENCE = Patience(connect=30.0, read=60.0, page=60.0, file=60.0, stale=60.0, pause=0.0)
HURRY = replace(PATIENCE, page=0.5, file=0.5, stale=0.2)
NATIVE = "cp313-cp313-manylinux_2_28_x86_64"
WASM = "cp313-cp313-pyemscripten_2025_0_wasm32"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    with run_public(tmp_path_factory.mktemp("public")) as public:
        make_wheel(public.wheels, "tinylib", "1.0", requires=["tinydep"])
        make_wheel(public.wheels, "tinylib", "1.1", tag=NATIVE)
        make_wheel(public.wheels, "tinylib", "1.2", tag=WASM)
        (public.wheels / "tinylib-1.3.tar.gz").write_bytes(b"an sdist")
        (public.wheels / "tinylib-1.4-py3.13.egg").write_bytes(b"an egg")
        make_wheel(public.wheels, "acme-core", "99.0")
        yield public


@pytest.fixture
def public(running: Public) -> Public:
    running.be("up")
    running.forget()
    return running


def opened(index: Holdings, public: Public, *allow: str, fresh: int = 600) -> Holdings:
    """The index with an upstream."""
    upstream = UpstreamSettings(allow=allow or ("*",), index=public.url, fresh=fresh)
    index.settings = replace(index.settings, upstream=upstream, reserved=("initech-*",))
    return index


def ask[T](index: Holdings, work: Callable[[Upstream], Awaitable[T]], state: str = "") -> T:
    """One piece of work with an upstream of its own: what it knows is what is kept on disk."""
    patience = HURRY if state == "slow" else PATIENCE

    async def run() -> T:
        upstream = Upstream(index, patience=patience, env=os.environ)
        try:
            return await work(upstream)
        finally:
            await upstream.close()

    return asyncio.run(run())


def look_up(index: Holdings, name: str = "tinylib", state: str = "") -> ProjectDetail | None:
    return ask(index, lambda upstream: upstream.project(name), state)


def status(index: Holdings, name: str = "tinylib", state: str = "") -> int:
    """What a client is told: 404 also of what may not come from upstream."""
    try:
        return 404 if look_up(index, name, state) is None else 200
    except IndexServerError as error:
        return error.status


STATES = [
    # state, of a project never asked for before, of one that was
    ("up", 200, 200),
    ("html", 200, 200),
    ("yanked", 200, 200),
    ("quarantined", 200, 200),
    ("gone", 404, 404),
    ("slow", 502, 200),
    ("500", 502, 200),
    ("403", 502, 200),
    ("garbage", 502, 200),
    ("half", 502, 200),
    ("other", 502, 200),
    ("truncated", 502, 200),
]


@pytest.mark.parametrize(("state", "new", "asked"), STATES)
def test_states(index: Holdings, public: Public, state: str, new: int, asked: int) -> None:
    opened(index, public, fresh=0)
    public.be(state)
    assert status(index, state=state) == new
    public.be("up")
    assert status(index) == 200
    public.be(state)
    assert status(index, state=state) == asked
    if asked == 200 and new == 502:
        # Nothing is lost of the older answer, and upstream is asked again once it is there.
        found = look_up(index, state=state)
        assert found is not None
        assert len(found.files) == 4


def test_a_project_that_upstream_never_had_is_not_here(index: Holdings, public: Public) -> None:
    opened(index, public)

    async def twice(upstream: Upstream) -> None:
        for _ in range(2):
            with pytest.raises(NotHere):
                await upstream.project("no-such-thing")

    ask(index, twice)
    assert public.asked == ["/simple/no-such-thing/"]


@pytest.mark.parametrize(
    "name", ["acme-core", "Acme_Core", "acme-gone", "initech-x", "not.allowed"]
)
def test_no_state_lets_a_private_name_through(
    index: Holdings, public: Public, tmp_path: Path, name: str
) -> None:
    """Ours, ours in another spelling, ours and deleted, reserved, not allowed."""
    opened(index, public, "acme*", "initech*")
    put_wheel(index, make_wheel(tmp_path, "acme-core", "1.0"))
    gone = put_wheel(index, make_wheel(tmp_path, "acme-gone", "1.0"))
    delete_file(index.engine, gone.filename, actor="tests")
    index.refresh()
    for state in (state for state, _, _ in STATES):
        public.be(state)
        assert look_up(index, name) is None, state
    index.settings = replace(index.settings, upstream=away(index))
    assert look_up(index, name) is None
    assert ask(index, lambda upstream: asyncio.to_thread(upstream.known, name)) is None
    assert public.asked == []


def away(index: Holdings) -> UpstreamSettings:
    """An upstream that is down: nothing listens at its address."""
    return replace(index.settings.upstream, index="http://127.0.0.1:9/simple")


def test_another_servers_private_name_counts_at_once(
    index: Holdings, public: Public, tmp_path: Path
) -> None:
    """The snapshot is a moment old: the database is asked itself."""
    opened(index, public)
    other = open_holdings(index.settings, index.home)
    put_wheel(other, make_wheel(tmp_path, "acme-core", "1.0"))
    other.engine.dispose()
    assert index.snapshot.projects == {}
    assert look_up(index, "acme-core") is None
    assert public.asked == []


def test_a_database_that_is_away_is_no_permission(
    index: Holdings, public: Public, tmp_path: Path
) -> None:
    opened(index, public)
    away = replace_database(index, f"sqlite:///{tmp_path}/no/such/folder/index.sqlite")
    with pytest.raises(DatabaseAway):
        look_up(away, "acme-core")
    assert public.asked == []


def replace_database(index: Holdings, url: str) -> Holdings:
    settings: Settings = replace(index.settings, database=url)
    return open_holdings(settings, index.home)


def test_what_is_cached_is_not_served_once_the_name_is_private(
    index: Holdings, public: Public, tmp_path: Path
) -> None:
    opened(index, public)
    detail = look_up(index, "acme-core")
    assert detail is not None
    file = detail.files[0]

    async def fetch(upstream: Upstream) -> Path:
        return await upstream.file(await upstream.find(file.filename, file.sha256))

    assert ask(index, fetch).is_file()
    put_wheel(index, make_wheel(tmp_path, "acme-core", "1.0"))
    with pytest.raises(NotHere):
        ask(index, fetch)


def test_down_and_back(index: Holdings, public: Public) -> None:
    opened(index, public, fresh=0)
    assert status(index) == 200
    up, down = index.settings.upstream, away(index)
    index.settings = replace(index.settings, upstream=down)
    assert status(index) == 200
    assert status(index, "acme-core") == 502
    index.settings = replace(index.settings, upstream=up)
    assert status(index, "acme-core") == 200


def test_what_is_listed(index: Holdings, public: Public) -> None:
    """Every wheel and sdist for pip and uv; for a runtime what it can install."""
    opened(index, public)
    found = look_up(index, "TinyLib")
    assert found is not None
    assert found.name == "tinylib"
    names = [file.filename for file in visible(found)]
    assert names == [
        "tinylib-1.0-py3-none-any.whl",
        f"tinylib-1.1-{NATIVE}.whl",
        f"tinylib-1.2-{WASM}.whl",
        "tinylib-1.3.tar.gz",
    ]
    shown = visible(found, platform=read_platform("0.29"))
    assert [file.filename for file in shown] == [names[0], names[2]]
    wheel = shown[0]
    assert wheel.uploaded_by == "upstream"
    assert wheel.requires_python == ">=3.8"
    assert wheel.uploaded_at.isoformat() == "2025-02-03T04:05:06.789000+00:00"
    assert wheel.size == (public.wheels / wheel.filename).stat().st_size
    assert wheel.metadata_sha256
    assert not found.files[3].metadata_sha256


def test_yanked_files_are_yanked(index: Holdings, public: Public) -> None:
    opened(index, public)
    public.be("yanked")
    found = look_up(index)
    assert found is not None
    assert {file.yanked for file in found.files} == {"withdrawn"}
    assert visible(found, platform=read_platform("0.29")) == ()


def test_a_quarantined_project_has_no_files(index: Holdings, public: Public) -> None:
    """PEP 792. Nor has it any that were listed before."""
    opened(index, public, fresh=0)
    before = look_up(index)
    assert before is not None
    public.be("quarantined")
    found = look_up(index)
    assert found is not None
    assert (found.status, found.status_reason, found.files) == (Status.QUARANTINED, "malware", ())
    file = before.files[0]
    with pytest.raises(NotHere):
        ask(index, lambda upstream: upstream.find(file.filename, file.sha256))


def test_a_page_cannot_list_files_of_another_project(index: Holdings, public: Public) -> None:
    opened(index, public)
    public.be("strangers")
    found = look_up(index)
    assert found is not None
    assert {file.project for file in found.files} == {"tinylib"}
    assert not any("acme" in file.filename for file in found.files)


def test_etags_save_answers(index: Holdings, public: Public) -> None:
    opened(index, public, fresh=0)
    first = look_up(index)
    kept = index.settings.folder / "upstream" / "pages" / "tinylib.json"
    os.utime(kept, (1e9, 1e9))
    inode = kept.stat().st_ino
    assert look_up(index) == first
    assert kept.stat().st_ino == inode
    assert time.time() - kept.stat().st_mtime < 60


def test_a_fresh_answer_is_not_asked_again(index: Holdings, public: Public) -> None:
    opened(index, public)
    assert look_up(index) == look_up(index)
    assert public.asked == ["/simple/tinylib/"]
    assert ask(index, lambda upstream: asyncio.to_thread(upstream.known, "tinylib")) is not None
    assert ask(index, lambda upstream: asyncio.to_thread(upstream.known, "tinydep")) is None
    assert public.asked == ["/simple/tinylib/"]


def test_many_who_ask_are_one(index: Holdings, public: Public) -> None:
    opened(index, public)

    async def crowd(upstream: Upstream) -> None:
        found = await asyncio.gather(*(upstream.project("tinylib") for _ in range(50)))
        assert all(detail == found[0] for detail in found)
        assert found[0] is not None
        file = found[0].files[0]
        promise = await upstream.find(file.filename, file.sha256)
        await asyncio.gather(*(upstream.file(promise) for _ in range(50)))

    ask(index, crowd)
    assert public.asked == ["/simple/tinylib/", "/wheels/tinylib-1.0-py3-none-any.whl"]


def test_who_goes_away_does_not_stop_it(index: Holdings, public: Public) -> None:
    """pip waits 15 seconds and asks again; what was begun for it goes on meanwhile."""
    opened(index, public)

    async def impatient(upstream: Upstream) -> ProjectDetail | None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(upstream.project("tinylib"), 0.001)
        return await upstream.project("tinylib")

    assert ask(index, impatient) is not None
    assert public.asked == ["/simple/tinylib/"]


@pytest.fixture
def wheel(index: Holdings, public: Public) -> File:
    """A wheel that upstream promised, and of which nothing was fetched yet."""
    opened(index, public)
    found = look_up(index)
    assert found is not None
    return found.files[0]


def fetch(index: Holdings, file: File, state: str = "") -> bytes:
    async def work(upstream: Upstream) -> bytes:
        return (await upstream.file(await upstream.find(file.filename, file.sha256))).read_bytes()

    return ask(index, work, state)


def fetch_metadata(index: Holdings, file: File) -> bytes:
    async def work(upstream: Upstream) -> bytes:
        return await upstream.metadata(await upstream.find(file.filename, file.sha256))

    return ask(index, work)


def test_a_file_is_fetched_once(index: Holdings, public: Public, wheel: File) -> None:
    body = fetch(index, wheel)
    assert hashlib.sha256(body).hexdigest() == wheel.sha256
    assert fetch(index, wheel) == body
    public.be("500")
    assert fetch(index, wheel) == body
    assert public.asked.count(f"/wheels/{wheel.filename}") == 1


@pytest.mark.parametrize("state", ["500", "403", "gone", "lying", "truncated", "long", "slow"])
def test_a_file_that_is_not_what_was_promised_is_a_failure(
    index: Holdings, public: Public, wheel: File, state: str
) -> None:
    public.be(state)
    with pytest.raises(UpstreamFailed):
        fetch(index, wheel, state)
    folder = index.settings.folder / "upstream"
    left = [*(folder / "files").rglob("*"), *(folder / "partial").rglob("*")]
    assert [path for path in left if path.is_file()] == []
    public.be("up")
    assert fetch(index, wheel)


def test_what_a_killed_server_fetched_is_removed(
    index: Holdings, public: Public, wheel: File
) -> None:
    partial = index.settings.folder / "upstream" / "partial"
    partial.mkdir()
    (partial / "old").write_bytes(b"half")
    os.utime(partial / "old", (1e9, 1e9))
    (partial / "new").write_bytes(b"half")
    fetch(index, wheel)
    assert [path.name for path in partial.iterdir()] == ["new"]


def test_what_was_never_promised_is_not_fetched(
    index: Holdings, public: Public, wheel: File
) -> None:
    """No open proxy: neither another hash, nor another name, nor a path of the cache."""
    for filename, sha256 in [
        (wheel.filename, "0" * 64),
        ("tinylib-9.9-py3-none-any.whl", wheel.sha256),
        ("other-1.0-py3-none-any.whl", wheel.sha256),
        ("..", wheel.sha256),
        ("", wheel.sha256),
    ]:
        with pytest.raises(NotHere):
            ask(index, lambda up, f=filename, s=sha256: up.find(f, s))  # type: ignore[misc]
    assert not any("/wheels/" in path for path in public.asked)


def test_metadata_is_what_was_promised(index: Holdings, public: Public, wheel: File) -> None:
    body = fetch_metadata(index, wheel)
    assert b"Requires-Dist: tinydep" in body
    assert hashlib.sha256(body).hexdigest() == wheel.metadata_sha256
    public.be("500")
    assert fetch_metadata(index, wheel) == body
    assert public.asked.count(f"/wheels/{wheel.filename}.metadata") == 1


@pytest.mark.parametrize("state", ["no-metadata", "other-metadata"])
def test_metadata_that_upstream_does_not_have_is_the_wheels(
    index: Holdings, public: Public, wheel: File, state: str
) -> None:
    public.be(state)
    body = fetch_metadata(index, wheel)
    assert hashlib.sha256(body).hexdigest() == wheel.metadata_sha256


def test_metadata_while_upstream_is_away_is_a_failure(
    index: Holdings, public: Public, wheel: File
) -> None:
    public.be("500")
    with pytest.raises(UpstreamFailed):
        fetch_metadata(index, wheel)


def test_metadata_is_listed_once_the_wheel_is_there(index: Holdings, public: Public) -> None:
    """An index in HTML alone, which tells neither of metadata nor of sizes and times."""
    opened(index, public)
    public.be("html")
    found = look_up(index)
    assert found is not None
    wheel = found.files[0]
    assert (wheel.metadata_sha256, wheel.size, wheel.uploaded_at) == ("", 0, UNKNOWN_TIME)
    with pytest.raises(NotHere):
        fetch_metadata(index, wheel)
    fetch(index, wheel)
    again = look_up(index)
    assert again is not None
    body = fetch_metadata(index, wheel)
    assert again.files[0].metadata_sha256 == hashlib.sha256(body).hexdigest()


def test_the_cache_may_be_damaged_or_removed(index: Holdings, public: Public, wheel: File) -> None:
    folder = index.settings.folder / "upstream"
    body = fetch_metadata(index, wheel)
    for path in [*folder.rglob("*.json"), *(folder / "metadata").rglob("*")]:
        if path.is_file():
            path.write_bytes(b'{"scheme": 1}')
    assert fetch_metadata(index, wheel) == body
    assert fetch(index, wheel)
