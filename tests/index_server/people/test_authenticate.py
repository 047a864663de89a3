"""Who gets what: every kind of credential against every kind of address, on real servers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import BASE, Ask, asking
from servers import Served, serve_index
from sqlalchemy import event
from wheels import make_wheel, put_wheel

from index_server.holdings import Holdings, open_holdings
from index_server.model import File
from index_server.people.access import Permission
from index_server.people.grants import Grant, Holder, HolderKind, Kind, sign_grant
from index_server.people.tokens import Token, create_token, revoke_token
from index_server.people.verify import read_key
from index_server.records.engine import migrate
from index_server.settings import Reading, Settings
from index_server.web.serialize import JSON
from porter.home import Home

HOUR = timedelta(hours=1)
LAB = "https://lab.example.org"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
SESSION = "porter-session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An index that nobody reads without a credential, and credentials for it."""

    send: Ask
    index: Holdings
    file: File
    tokens: dict[str, tuple[Token, str]]
    key: str

    def ask(
        self, path: str, *, who: str = "nobody", method: str = "GET", accept: str = PIP, **more: str
    ) -> httpx.Response:
        headers = {"accept": accept, **more}
        kind, _, name = who.partition(":")
        prefix = ""
        auth = None
        text = self.tokens[name][1] if name in self.tokens else name
        match kind:
            case "basic":
                auth = ("__token__", text)
            case "user":
                auth = (text, "")
            case "bearer":
                headers["authorization"] = f"Bearer {text}"
            case "raw":
                headers["authorization"] = name
            case "session":
                headers["cookie"] = f"other=1; {SESSION}={self.sign(Kind.SESSION, name)}"
            case "cookie":
                headers["cookie"] = f"{SESSION}={name}"
            case "path":
                prefix = f"/t/{self.sign(Kind.PATH, name)}"
            case "prefix":
                prefix = f"/t/{name}"
        return self.send(method, f"{prefix}{path}", headers=headers, auth=auth)

    def sign(self, kind: Kind, name: str, *projects: str, lifetime: timedelta = HOUR) -> str:
        holder = Holder(kind=HolderKind.TOKEN, name=self.tokens[name][0].id)
        end = datetime.now(UTC) + lifetime
        return sign_grant(self.key, kind, Grant(holder=holder, expires_at=end, projects=projects))


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Closed]:
    folder = tmp_path_factory.mktemp("closed")
    settings = Settings(data=str(folder / "data"), reading=Reading.TOKEN, origins=(LAB,))
    index = open_holdings(settings, home)
    migrate(index.engine)
    file = put_wheel(index, make_wheel(folder, "acme-tools"))
    put_wheel(index, make_wheel(folder, "other"))
    made: dict[str, tuple[Token, str]] = {}
    wanted: dict[str, tuple[Permission, tuple[str, ...], timedelta]] = {
        "read": (Permission.READ, (), HOUR),
        "upload": (Permission.UPLOAD, (), HOUR),
        "admin": (Permission.ADMIN, (), HOUR),
        "some": (Permission.READ, ("acme-*",), HOUR),
        "revoked": (Permission.ADMIN, (), HOUR),
        "expired": (Permission.ADMIN, (), timedelta(milliseconds=1)),
    }
    for name, (permission, projects, lifetime) in wanted.items():
        made[name] = create_token(
            index.engine,
            name=name,
            permissions=[permission],
            projects=projects,
            lifetime=lifetime,
            actor="tests",
        )
    revoke_token(index.engine, made["revoked"][0].id, actor="tests")
    index.refresh()
    with asking(index) as ask:
        yield Closed(send=ask, index=index, file=file, tokens=made, key=read_key(index))
    index.engine.dispose()


# One row a credential: what it gets of a list, a project, another project, a file, its metadata,
# a page, a lock file, the metrics, the log's page and the management API.
ADDRESSES = (
    "/simple/",
    "/simple/acme-tools/",
    "/r/0.29/simple/other/",
    "FILE",
    "FILE.metadata",
    "/project/acme-tools/",
    "/r/0.29/all.json",
    "/metrics",
    "/log",
    "/api/projects",
)
OUT = (401,) * 10
READS = (200, 200, 200, 200, 200, 200, 200, 200, 403, 200)
UPLOADS = (403, 403, 403, 403, 403, 403, 403, 403, 403, 403)
SOME = (403, 200, 403, 200, 200, 200, 403, 403, 403, 403)
ALL = (200,) * 10
TABLE: dict[str, tuple[int, ...]] = {
    "nobody": OUT,
    "basic:read": READS,
    "user:read": READS,
    "bearer:read": READS,
    "session:read": READS,
    "path:read": READS,
    "basic:upload": UPLOADS,
    "session:upload": UPLOADS,
    "path:upload": OUT,
    "basic:admin": ALL,
    "bearer:admin": ALL,
    "session:admin": ALL,
    "path:admin": READS,
    "basic:some": SOME,
    "session:some": SOME,
    "path:some": SOME,
    "basic:revoked": OUT,
    "bearer:revoked": OUT,
    "session:revoked": OUT,
    "path:revoked": OUT,
    "basic:expired": OUT,
    "session:expired": OUT,
    "path:expired": OUT,
    "basic:porter_0123456789ab_" + "a" * 43: OUT,
    "basic:hunter2": OUT,
    "basic:": OUT,
    "bearer:x": OUT,
    "raw:Basic !!!": OUT,
    "raw:Basic": OUT,
    "raw:Negotiate abc": OUT,
    "raw:porter_x": OUT,
    "cookie:": OUT,
    "cookie:made-up.signature": OUT,
    "prefix:made-up.signature": OUT,
    "prefix:": OUT,
    "prefix:..": OUT,
}


@pytest.mark.parametrize("who", TABLE)
def test_each_credential_gets_what_it_may(closed: Closed, who: str) -> None:
    found = []
    for address in ADDRESSES:
        path = address.replace("FILE", f"/files/{closed.file.key}")
        response = closed.ask(path, who=who)
        found.append(response.status_code)
        if response.status_code == 401:
            assert response.headers["www-authenticate"] == 'Basic realm="porter"'
            assert "porter_01" not in response.text
        assert response.headers["access-control-allow-origin"] == "*"
    assert tuple(found) == TABLE[who]


@pytest.mark.parametrize("who", ["nobody", "basic:revoked", "cookie:made-up"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/x/pages.css"])
def test_what_is_open_is_open_to_all(closed: Closed, who: str, path: str) -> None:
    expected = 401 if (who, path) == ("basic:revoked", "/login") else 200
    # No task does it here, and an index that is not refreshed is not ready.
    closed.index.refresh()
    assert closed.ask(path, who=who).status_code == expected


@pytest.mark.parametrize("path", ["/", "/project/acme-tools/?x=1&y=%0d%0a", "/simple/", "/tokens"])
@pytest.mark.parametrize("who", ["nobody", "session:revoked"])
def test_a_browser_is_led_to_the_login_page_and_back(closed: Closed, path: str, who: str) -> None:
    response = closed.ask(path, who=who, accept=BROWSER)
    assert response.status_code == 303
    url = httpx.URL(response.headers["location"])
    assert str(url).startswith(f"{BASE}/login?next=")
    assert url.params["next"] == path
    # A client that takes nothing but HTML is no browser.
    assert closed.ask(path, who=who, accept="text/html").status_code == 401


def test_a_path_token_stays_in_every_address_and_tells_nobody(closed: Closed) -> None:
    prefix = f"{BASE}/t/{closed.sign(Kind.PATH, 'read')}"
    headers = {"accept": JSON}
    response = closed.send("GET", f"{prefix}/simple/acme-tools/", headers=headers)
    [file] = response.json()["files"]
    assert file["url"] == f"{prefix}/files/{closed.file.key}"
    for url in (file["url"], f"{file['url']}.metadata"):
        answer = closed.send("GET", url)
        assert answer.status_code == 200
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"].startswith("private, ")
    page = closed.send("GET", f"{prefix}/project/acme-tools/", headers={"accept": BROWSER})
    assert page.headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert f'href="/t/{prefix.rpartition("/")[2]}/' in page.text
    redirect = closed.send("GET", f"{prefix}/simple/Acme_Tools/", headers=headers)
    assert redirect.headers["location"] == f"{prefix}/simple/acme-tools/"
    html = closed.send("GET", f"{prefix}/simple/acme-tools/", headers={"accept": "text/html"})
    assert f"{prefix}/files/" in html.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/legacy/"),
        ("POST", "/api/tokens"),
        ("POST", "/api/path-tokens"),
        ("DELETE", "/api/files/acme_tools-1.0-py3-none-any.whl"),
        ("PUT", "/api/projects/acme-tools/status"),
        ("POST", "/tokens"),
        ("POST", "/login"),
        ("POST", "/logout"),
    ],
)
def test_a_path_token_changes_nothing(closed: Closed, method: str, path: str) -> None:
    response = closed.ask(path, who="path:admin", method=method)
    assert response.status_code == 403
    assert "only reads" in response.text
    # Beside a token it is an address.
    both = closed.ask(path, who="path:admin", method=method, authorization=f"Bearer {'x' * 20}")
    assert both.status_code == 401


def test_a_path_token_may_be_for_some_projects_and_ends(closed: Closed) -> None:
    some = closed.sign(Kind.PATH, "admin", "acme-*")
    assert closed.send("GET", f"/t/{some}/simple/acme-tools/").status_code == 200
    assert closed.send("GET", f"/t/{some}/simple/other/").status_code == 403
    assert closed.send("GET", f"/t/{some}/api/projects").status_code == 403
    ended = closed.sign(Kind.PATH, "admin", lifetime=timedelta(seconds=-1))
    assert closed.send("GET", f"/t/{ended}/simple/acme-tools/").status_code == 401
    session = closed.sign(Kind.SESSION, "admin")
    assert closed.send("GET", f"/t/{session}/simple/acme-tools/").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": "SELF"}, 201),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": LAB}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "SELF.evil.example"}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
    ],
    ids=repr,
)
@pytest.mark.parametrize("ambient", ["cookie", "basic"])
def test_another_site_changes_nothing_with_what_browsers_add(
    closed: Closed, headers: dict[str, str], status: int, ambient: str
) -> None:
    told = {name: value.replace("SELF", BASE) for name, value in headers.items()}
    auth = None
    if ambient == "cookie":
        told["cookie"] = f"{SESSION}={closed.sign(Kind.SESSION, 'read')}"
    else:
        auth = ("ann", closed.tokens["read"][1])
        # Without these headers it is no browser.
        status = status if headers else 201
    response = closed.send("POST", "/api/path-tokens", json={}, headers=told, auth=auth)
    assert response.status_code == status


def test_listed_origins_may_send_cookies_to_read(closed: Closed) -> None:
    def ask(origin: str) -> httpx.Response:
        return closed.ask("/simple/acme-tools/", who="session:read", origin=origin)

    listed = ask(LAB)
    assert listed.status_code == 200
    assert listed.headers["access-control-allow-origin"] == LAB
    assert listed.headers["access-control-allow-credentials"] == "true"
    assert "Origin" in ", ".join(listed.headers.get_list("vary"))
    assert ask("https://evil.example").headers["access-control-allow-origin"] == "*"


def test_reading_asks_the_database_nothing_and_a_token_is_asked_for_once(
    index: Holdings, tmp_path: Path
) -> None:
    put_wheel(index, make_wheel(tmp_path))
    _, text = create_token(
        index.engine, name="ci", permissions=[Permission.READ], lifetime=HOUR, actor="tests"
    )
    index.refresh()
    asked: list[str] = []
    event.listen(index.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    with asking(index) as ask:
        for _ in range(20):
            assert ask("GET", "/simple/acme-tools/").status_code == 200
        assert asked == []
        for _ in range(20):
            assert ask("GET", "/simple/acme-tools/", auth=("u", text)).status_code == 200
    assert len([statement for statement in asked if "tokens" in statement]) == 1


def test_a_wrong_credential_is_refused_where_everybody_may_read(
    index: Holdings, tmp_path: Path
) -> None:
    put_wheel(index, make_wheel(tmp_path))
    with asking(index) as ask:
        path = "/simple/acme-tools/"
        assert ask("GET", path).status_code == 200
        assert ask("GET", path, headers={"cookie": "theme=dark"}).status_code == 200
        assert ask("GET", path, auth=("__token__", "porter_x")).status_code == 401
        assert ask("GET", path, headers={"cookie": f"{SESSION}=x"}).status_code == 401
        assert ask("GET", f"/t/x{path}").status_code == 401
        assert ask("GET", "/t/x/healthz").status_code == 401
        assert ask("POST", "/api/tokens", json={}).status_code in (401, 422)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Served]:
    """A closed server of two processes."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "porter-index.toml").write_text('reading = "token"\n')
    with serve_index(folder, "--workers", "2", home=home.root) as server:
        yield server


def test_a_revocation_is_seen_by_every_process_within_a_second(served: Served, home: Home) -> None:
    index = open_holdings(Settings(data=str(served.data)), home)
    token, text = create_token(
        index.engine, name="short", permissions=[Permission.READ], lifetime=HOUR, actor="tests"
    )
    holder = Holder(kind=HolderKind.TOKEN, name=token.id)
    grant = Grant(holder=holder, expires_at=datetime.now(UTC) + HOUR)
    key = read_key(index)
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/simple/", {"auth": ("__token__", text)}),
        ("/simple/", {"headers": {"cookie": f"{SESSION}={sign_grant(key, Kind.SESSION, grant)}"}}),
        (f"/t/{sign_grant(key, Kind.PATH, grant)}/simple/", {}),
    )
    # Each client has a connection of its own, and so one process or the other.
    clients = [httpx.Client(base_url=served.url, timeout=30) for _ in range(8)]
    for client in clients:
        for address, more in ways:
            assert client.get(address, **more).status_code == 200
    revoke_token(index.engine, token.id, actor="tests")
    revoked = time.monotonic()
    time.sleep(1)
    statuses = [c.get(address, **more).status_code for c in clients for address, more in ways]
    assert set(statuses) == {401}, f"after {time.monotonic() - revoked:.1f} seconds"
    for client in clients:
        client.close()
    index.engine.dispose()
    # And nothing of it is in the server's log, but the first token that it told.
    told = served.output.read_text().replace(served.token, "", 1)
    for secret in (text, text.split("_", 2)[2], served.token, ways[2][0].split("/")[2]):
        assert secret not in told


HOSTILE = (
    "/t/%2e%2e/simple/",
    "/t/..%2f..%2fetc%2fpasswd/simple/",
    "/t/%00/simple/",
    "/t/a%0d%0aset-cookie:%20x=1/simple/",
    "/t//simple/",
    "/t/",
    "/t",
    "/t/<script>alert(1)</script>/",
    "/t/" + "a" * 6000 + "/simple/",
    "/t/%ff%fe/simple/",
    "/login/../metrics",
    "/static/../metrics",
    "/static/%2e%2e/metrics",
    "/login%2f..%2fmetrics",
    "/healthz/../metrics",
    "//metrics",
    "/metrics/",
    "/METRICS",
    "/files/../metrics",
    "/simple/acme-tools/../other/",
    "/simple/acme-tools%2f..%2fother/",
)


@pytest.mark.parametrize("path", HOSTILE)
def test_no_path_gets_around(served: Served, path: str) -> None:
    raw = httpx.URL(served.url).copy_with(raw_path=path.encode("latin-1"))
    response = httpx.get(raw, headers={"accept": PIP}, timeout=30)
    assert response.status_code in (301, 400, 401, 403, 404, 414), response.text[:200]
    assert "porter_index_requests" not in response.text
    assert "set-cookie" not in response.headers
    assert "<script>" not in response.text
