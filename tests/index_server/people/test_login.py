"""People log in: with a token, and through a real OpenID Connect provider on this machine."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock  # type: ignore[import-untyped]
import pytest
from asking import BASE, Ask, asking
from hypothesis import given
from hypothesis import strategies as st
from oidc_provider_mock import User

from index_server.errors import BadSettings
from index_server.holdings import Holdings
from index_server.people.access import Permission
from index_server.people.fields import safe_path
from index_server.people.members import find_person
from index_server.people.openid import make_client
from index_server.people.tokens import create_token, list_tokens, revoke_token
from index_server.records.changes import read_entries
from index_server.settings import Login, Reading

HERE = {"origin": BASE}
SESSION = "porter-session"
VERIFIED = {"email_verified": True}
USERS = (
    User(sub="ann", claims={"email": "Ann@Example.org", **VERIFIED}),
    User(sub="bob", claims={"email": "bob@readers.example", **VERIFIED}),
    User(sub="eve", claims={"email": "eve@evil.example", **VERIFIED}),
    User(sub="liar", claims={"email": "ann@example.org", "email_verified": False}),
    User(sub="mute", claims={"email": "ann@example.org"}),
    User(sub="nobody", claims={}),
    User(sub="odd", claims={"email": "a@evil.example@readers.example", **VERIFIED}),
)
LOGIN = Login(
    client_id="porter", admins=("ann@example.org",), readers=("*@readers.example", "dan@a.example")
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(user_claims=USERS) as server:
        yield f"http://localhost:{server.server_port}"


@contextmanager
def closed(index: Holdings, login: Login = Login()) -> Iterator[Ask]:  # noqa: B008
    index.settings = replace(index.settings, reading=Reading.TOKEN, login=login)
    with asking(index) as ask:
        yield ask


def cookies_of(response: httpx.Response) -> dict[str, str]:
    """The cookies that a response sets, without those it has forgotten."""
    pairs = [
        header.partition(";")[0].split("=", 1) for header in response.headers.get_list("set-cookie")
    ]
    return {name: value for name, value in pairs if value.strip('"')}


def with_cookies(cookies: dict[str, str]) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def make(index: Holdings, **fields: Any) -> tuple[str, str]:
    token, text = create_token(
        index.engine,
        **{
            "name": "ann",
            "permissions": [Permission.ADMIN],
            "lifetime": timedelta(hours=1),
            "actor": "tests",
            **fields,
        },
    )
    index.refresh()
    return token.id, text


def enter(ask: Ask, text: str, **more: str) -> httpx.Response:
    return ask("POST", "/login", data={"token": text, **more}, headers=HERE)


def test_a_token_becomes_a_session_that_ends_with_it(index: Holdings) -> None:
    identity, text = make(index)
    with closed(index) as ask:
        page = ask("GET", "/login?next=/project/acme/?a=1")
        assert page.status_code == 200
        assert 'name="next" value="/project/acme/?a=1"' in page.text
        response = enter(ask, text, next="/project/acme/?a=1")
        assert response.status_code == 303
        assert response.headers["location"] == f"{BASE}/project/acme/?a=1"
        [header] = response.headers.get_list("set-cookie")
        assert re.fullmatch(
            rf"{SESSION}=[\w.-]+; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", header
        )
        assert text not in header
        session = with_cookies(cookies_of(response))
        assert ask("GET", "/api/whoami", headers=session).json()["name"] == "ann"
        shown = ask("GET", "/login", headers=session).text
        assert "Logged in" in shown
        assert "<strong>ann</strong>" in shown
        revoke_token(index.engine, identity, actor="tests")
        index.refresh()
        assert ask("GET", "/api/whoami", headers=session).status_code == 401
        forgotten = ask("GET", "/login", headers=session)
        assert forgotten.status_code == 200
        assert "Max-Age=0" in forgotten.headers["set-cookie"]
    assert read_entries(index.engine)[1].action == "log in"


def test_behind_https_the_cookie_is_kept_to_it(index: Holdings) -> None:
    index.settings = replace(index.settings, base_url="https://index.example.org/pypi/")
    _, text = make(index)
    origin = {"origin": "https://index.example.org"}
    with closed(index) as ask:
        response = ask("POST", "/login", data={"token": text}, headers=origin)
        assert response.headers["location"] == "https://index.example.org/pypi/"
        header = response.headers["set-cookie"]
        assert header.startswith(f"__Host-{SESSION}=")
        assert "; Secure" in header
        value = cookies_of(response)[f"__Host-{SESSION}"]
        good = {f"__Host-{SESSION}": value}
        assert ask("GET", "/api/whoami", headers=with_cookies(good)).status_code == 200
        # One that a page without https has set is none.
        planted = {SESSION: value}
        assert ask("GET", "/api/whoami", headers=with_cookies(planted)).status_code == 401


def test_logging_out_forgets_the_session(index: Holdings) -> None:
    _, text = make(index)
    with closed(index) as ask:
        session = with_cookies(cookies_of(enter(ask, text)))
        assert ask("GET", "/logout", headers=session).status_code in (404, 405)
        assert ask("POST", "/logout", headers=session).status_code == 403
        response = ask("POST", "/logout", headers={**session, **HERE})
        assert response.status_code == 303
        assert "Max-Age=0" in response.headers["set-cookie"]


@pytest.mark.parametrize("text", ["", "porter_", "<script>alert(1)</script>", "a" * 9000])
def test_a_wrong_token_is_no_login(index: Holdings, text: str) -> None:
    with closed(index) as ask:
        response = enter(ask, text, next='"><script>')
        assert response.status_code == 403
        assert "set-cookie" not in response.headers
        assert "<script>" not in response.text
        assert 'role="alert"' in response.text
        assert "script-src 'self'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", f"{BASE}.evil.example"])
def test_another_site_logs_nobody_in(index: Holdings, origin: str | None) -> None:
    _, text = make(index)
    with closed(index) as ask:
        headers = {"origin": origin} if origin else {}
        response = ask("POST", "/login", data={"token": text}, headers=headers)
        assert response.status_code == 403
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{}", "application/json"),
        (b"a" * 20_000, "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=%ff", "application/x-www-form-urlencoded"),
        (b"&".join([b"a=1"] * 200), "application/x-www-form-urlencoded"),
        (b"token=x", ""),
    ],
)
def test_what_is_no_form_is_refused(index: Holdings, content: bytes, content_type: str) -> None:
    with closed(index) as ask:
        headers = {**HERE, "content-type": content_type}
        assert ask("POST", "/login", content=content, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\r\nset-cookie: x=1",
        "/\t/evil.example",
        "/a\\..\\b",
        "/login",
        "/logout",
        "",
        "/é",
        "/" + "a" * 3000,
    ],
)
def test_a_login_leads_nowhere_else(index: Holdings, hostile: str) -> None:
    _, text = make(index)
    with closed(index) as ask:
        response = enter(ask, text, next=hostile)
        assert response.headers["location"] == f"{BASE}/"
        assert cookies_of(response).keys() == {SESSION}


@given(st.text(max_size=50))
def test_a_path_to_lead_back_to_is_of_this_index(text: str) -> None:
    for path in (text, f"/{text}"):
        found = safe_path(path)
        parts = urlsplit(f"{BASE}{found}")
        assert (parts.scheme, parts.netloc) == ("http", urlsplit(BASE).netloc)
        assert found.isprintable()
        assert "\\" not in found


@pytest.mark.parametrize(
    ("email", "permission"),
    [
        ("ann@example.org", Permission.ADMIN),
        ("ANN@EXAMPLE.ORG", Permission.ADMIN),
        ("x@readers.example", Permission.READ),
        ("dan@a.example", Permission.READ),
        ("x@readers.example.evil.example", None),
        ("x@evil.example@readers.example", None),
        ("x@evil.example\n@readers.example", None),
        ("@readers.example", None),
        ("", None),
        ("ann@example.org ", None),
    ],
)
def test_who_may_what_by_address(email: str, permission: Permission | None) -> None:
    found = find_person(LOGIN, email)
    assert (found and found.permissions) == (permission and frozenset((permission,)))


def through_provider(ask: Ask, sub: str, after: str = "/") -> httpx.Response:
    """What a browser does: to the provider, its form, and back with the cookies it was given."""
    left = ask("GET", f"/login/openid?next={after}")
    assert left.status_code == 302, left.text
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked.keys() >= {"state", "nonce", "code_challenge"}
    assert asked["redirect_uri"] == [f"{BASE}/login/openid/callback"]
    returned = httpx.post(left.headers["location"], data={"sub": sub})
    assert returned.status_code == 302, returned.text
    back = returned.headers["location"]
    return ask("GET", back, headers=with_cookies(cookies_of(left)))


@pytest.mark.parametrize(
    ("sub", "name", "permissions"),
    [("ann", "ann@example.org", ["admin"]), ("bob", "bob@readers.example", ["read"])],
)
def test_a_person_logs_in_through_the_provider(
    index: Holdings, issuer: str, sub: str, name: str, permissions: list[str]
) -> None:
    with closed(index, replace(LOGIN, issuer=issuer)) as ask:
        assert "/login/openid?next=" in ask("GET", "/login").text
        response = through_provider(ask, sub, "/log")
        assert response.status_code == 303
        assert response.headers["location"] == f"{BASE}/log"
        session = cookies_of(response)
        assert session.keys() == {SESSION}, "what was remembered for the way back is forgotten"
        told = ask("GET", "/api/whoami", headers=with_cookies(session)).json()
        assert told == {"name": name, "permissions": permissions, "projects": []}
        # A token that a person makes, and what is done with the session, has their name.
        made = ask(
            "POST",
            "/api/tokens",
            json={"name": "mine", "permissions": ["read"]},
            headers={**with_cookies(session), **HERE},
        )
        assert made.status_code == (201 if sub == "ann" else 403)
    assert [token.created_by for token in list_tokens(index.engine)] == [name] * (sub == "ann")
    # Who is taken out of the settings is out, whatever the cookie says.
    with closed(index, replace(LOGIN, issuer=issuer, admins=(), readers=())) as ask:
        assert ask("GET", "/api/whoami", headers=with_cookies(session)).status_code == 401


@pytest.mark.parametrize(
    ("sub", "why"),
    [
        ("eve", "not among those"),
        ("odd", "not among those"),
        ("liar", "verified no address"),
        ("mute", "verified no address"),
        ("nobody", "verified no address"),
    ],
)
def test_whom_the_index_does_not_let_in(index: Holdings, issuer: str, sub: str, why: str) -> None:
    with closed(index, replace(LOGIN, issuer=issuer)) as ask:
        response = through_provider(ask, sub)
        assert response.status_code == 403
        assert why in response.text
        assert SESSION not in cookies_of(response)


def test_a_login_that_another_browser_began_is_refused(index: Holdings, issuer: str) -> None:
    with closed(index, replace(LOGIN, issuer=issuer)) as ask:
        left = ask("GET", "/login/openid")
        own = with_cookies(cookies_of(left))
        back = httpx.post(left.headers["location"], data={"sub": "ann"}).headers["location"]
        others = with_cookies(cookies_of(ask("GET", "/login/openid")))
        hostile: tuple[tuple[str, dict[str, str]], ...] = (
            (back, {}),
            (back, others),
            (back, {"cookie": "porter-openid=made-up"}),
            (re.sub("state=[^&]*", "state=x", back), own),
            (re.sub("code=[^&]*", "code=x", back), own),
            ("/login/openid/callback", own),
            ("/login/openid/callback?error=access_denied&error_description=<script>", own),
        )
        for url, headers in hostile:
            response = ask("GET", url, headers=headers)
            assert response.status_code in (401, 403), url
            assert SESSION not in cookies_of(response)
            assert "<script>" not in response.text
        # The code is for one use.
        assert ask("GET", back, headers=own).status_code == 303
        assert ask("GET", back, headers=own).status_code == 403


def test_a_provider_that_is_away_or_another_is_told_of(index: Holdings, issuer: str) -> None:
    with closed(index, replace(LOGIN, issuer="http://127.0.0.1:9")) as ask:
        response = ask("GET", "/login/openid")
        assert response.status_code == 502
        assert "log in with a token" in response.text
    # It says that it is somebody else than whom the settings name.
    other = issuer.replace("localhost", "LOCALHOST")
    with closed(index, replace(LOGIN, issuer=other)) as ask:
        response = through_provider(ask, "ann")
        assert response.status_code == 403
        assert SESSION not in cookies_of(response)
    with closed(index) as ask:
        assert ask("GET", "/login/openid").status_code == 404
        assert ask("GET", "/login/openid/callback").status_code == 404


def test_settings_that_name_no_provider_to_believe() -> None:
    for login, why in (
        (Login(issuer="http://login.example.org", client_id="x"), "no https:// address"),
        (Login(issuer="https://login.example.org"), "client-id is not"),
        (
            Login(issuer="https://a.example", client_id="x", client_secret_file="/no"),  # noqa: S106
            "cannot be read",
        ),
    ):
        with pytest.raises(BadSettings, match=why):
            make_client(login)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "<b>", "permission": "read"}, 400),
        ({"name": "ann", "permission": "read"}, 409),
        ({"name": "x"}, 400),
        ({"name": "x", "permission": "root"}, 400),
        ({"name": "x", "permission": "read", "days": "1e9"}, 400),
        ({"name": "x", "permission": "read", "days": "9" * 30}, 400),
        ({"name": "x", "permission": "read", "projects": "<script>alert(1)</script>"}, 400),
    ],
)
def test_the_page_of_tokens_refuses(index: Holdings, fields: dict[str, str], status: int) -> None:
    _, text = make(index)
    with closed(index) as ask:
        session = with_cookies(cookies_of(enter(ask, text)))
        response = ask("POST", "/tokens", data=fields, headers={**session, **HERE})
        assert response.status_code == status
        assert "<script>" not in response.text
        assert len(list_tokens(index.engine)) == 1
        other = ask("POST", "/tokens", data={"name": "x"}, headers=session)
        assert other.status_code == 403, "without an origin it may come from anywhere"
